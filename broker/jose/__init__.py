"""Everything that is signed, verified or sealed with JOSE, and the only home of jwcrypto.

It owns the broker's key ring, the strict verifier of other people's tokens, and the memory of their key sets. It must
not know what a claim means: who may issue what to whom is decided by those who ask it.
"""
