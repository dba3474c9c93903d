"""The way in when Microsoft is not there: a named person's passkey, while an operator has opened a window.

It owns what a passkey proves and how that becomes an ``Authentication``. It must not know who is named nor whether a
window is open: that is rule 0's (``broker.admission``), which is asked like everywhere else.
"""
