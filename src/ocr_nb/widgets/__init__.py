"""Notebook widgets, each with a Python twin: what a person can click, code can call, with no browser too."""

from .image_compare import ImageCompare
from .job_monitor import JobMonitor
from .shrink_explorer import ShrinkExplorer

__all__ = ["ImageCompare", "JobMonitor", "ShrinkExplorer"]
