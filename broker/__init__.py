"""Pobuca Broker: one sign-in at Microsoft Entra ID, every Pobuca application.

Arrows point to the values: ``app`` -> endpoints (``web``, ``upstream``, ``downstream``, ``cli``) -> flows (``login``,
``admission``, ``transactions``, ``sessions``, ``provisioning``) -> ports -> values (``identity``, ``messages``,
``errors``).
"""
