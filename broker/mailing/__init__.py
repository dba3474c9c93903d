"""The ways in which letters leave: by SMTP, into a folder, or as a line of the log; and sending in the background.

Adapters of ``broker.mail``: they know no flow, no account and no page.
"""
