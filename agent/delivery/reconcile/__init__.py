"""Bringing the shelves and the ledger in line: at the start, regularly, and after whatever people or other PCs did."""
