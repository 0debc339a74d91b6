"""The steps from each released ledger to the newest. A released step is never edited."""
