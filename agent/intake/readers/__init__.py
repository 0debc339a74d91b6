"""Well-kept readers of each format: whether a document opens, is not locked, and has pages. README.md says which, why.

Everything but this file and `judging.py` runs in the child (`agent.worker`): libraries are imported there alone.
"""
