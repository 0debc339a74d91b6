"""The durable memory: packets, attempts, receipts, filename claims, and an append-only journal."""
