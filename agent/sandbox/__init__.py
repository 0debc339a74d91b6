"""Both vendors' services on loopback, with their rules, and with faults on demand."""
