"""Scans and their sidecars."""
