"""How other programs reach the running agent: over loopback, with a key that only its own user can read."""
