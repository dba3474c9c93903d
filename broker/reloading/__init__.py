"""Changed configuration files take effect while the broker runs: all of them on every worker, or none (threats CF-06).

Owns how a directory is watched, when what lies there is a reading, which readings are refused although they are good in
themselves, and what is kept for a worker that starts later. Must not know what an application is made of.
"""
