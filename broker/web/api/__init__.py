"""The API for applications under ``/api/v1``: an organisation's federation, its co-workers, invitations, app passwords.

Programs call it in their own name, with an access token of the client-credentials grant. It runs the same flows as the
pages and gives the same answers: a refusal names the same explanation, as a problem document (RFC 9457). Its shapes are
in ``shapes``, and ``/api/v1/openapi.json`` is made from them.
"""
