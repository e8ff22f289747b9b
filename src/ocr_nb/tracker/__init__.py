"""Accuracy with and without upsampling, from one image to a hundred thousand: `AccuracyTracker`."""

from .accuracy_tracker import AccuracyTracker
from .comparison import PairedComparison, RateComparison

__all__ = ["AccuracyTracker", "PairedComparison", "RateComparison"]
