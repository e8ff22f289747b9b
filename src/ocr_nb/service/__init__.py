"""Asking: one protocol (`protocol.py`) and its keepers."""
