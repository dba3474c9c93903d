"""What the broker is made of: each object is built here, by its subject, out of configuration and surroundings.

The only package of the service that knows the adapters. The application, the command line and the proof's twin are all
put together from it, so that none of them has parts of its own. Owns which adapter stands behind which port and which
setting goes where; decides nothing, and must not know the application that is made of it.
"""
