"""Decides, sends and shelves: the pure planner, the control thread that owns the ledger, the sender pool."""
