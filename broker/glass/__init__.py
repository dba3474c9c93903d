"""The break-glass: how an organisation comes in when Microsoft cannot let anybody in (threats FE-15, FE-21).

It owns who is named, when a window may be opened and for whom, rehearsals, and how loud all that is. Whether somebody
comes in is the gate's to say, like everywhere else; this package must not know HTTP, nor what WebAuthn looks like.
"""
