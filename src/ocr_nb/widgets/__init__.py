"""Notebook widgets, each with a Python twin: what a person can click, code can call, with no browser too."""

from .image_compare import ImageCompare

__all__ = ["ImageCompare"]
