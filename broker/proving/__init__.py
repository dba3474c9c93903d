"""The proof of enforcement: tries every door of the running broker with credentials that would be good.

Everything is tried twice: for a probe of the organisation, which must be refused, and for a control in an organisation
that is not federated, which must be let in. A refusal proves something only where the same attempt succeeds without
rule 0. Owns what is tried and the report; must not know how a request travels.
"""
