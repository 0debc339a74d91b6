"""The doctor: whether everything that OutTray needs is in order, one check a function."""
