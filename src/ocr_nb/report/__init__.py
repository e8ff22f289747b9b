"""One self-contained HTML file of a comparison: `write_report`."""

from .page import MOST_IMAGES, render_report, write_report

__all__ = ["MOST_IMAGES", "render_report", "write_report"]
