"""One self-contained HTML file of a comparison: `write_report`."""

from .page import render_report, write_report

__all__ = ["render_report", "write_report"]
