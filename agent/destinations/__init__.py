"""The wire: one module a destination behind one small protocol, and what becomes of an attempt."""
