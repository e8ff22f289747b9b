"""Notebook widgets, each with a Python twin: what a person can click, code can call, with no browser too."""

from .credentials import Credentials
from .image_compare import ImageCompare
from .image_input import ImageInput
from .job_monitor import JobMonitor
from .shrink_explorer import ShrinkExplorer
from .text_diff import TextDiff
from .tracker_board import TrackerBoard
from .workbench import Workbench, workbench

__all__ = [
    "Credentials",
    "ImageCompare",
    "ImageInput",
    "JobMonitor",
    "ShrinkExplorer",
    "TextDiff",
    "TrackerBoard",
    "Workbench",
    "workbench",
]
