"""One module a command of `outtray`."""
