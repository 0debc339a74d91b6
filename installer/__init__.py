"""Builds the Windows package. The one command is `python -m installer.build`; the README beside it is for people."""
