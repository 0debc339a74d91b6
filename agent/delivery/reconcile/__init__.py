"""Shelves and ledger brought in line: whatever the world did to settings, folders, shelves or the ledger itself."""
