"""The output of an evaluation: metrics.json, a table for the terminal, an HTML page, figures, and overlays."""

from retseg.report.figures import save_figures
from retseg.report.layers import CaseLayers
from retseg.report.opening import open_layers
from retseg.report.overlay import draw_comparison, draw_overlay
from retseg.report.page import Reported, write_report

__all__ = ["CaseLayers", "Reported", "draw_comparison", "draw_overlay", "open_layers", "save_figures", "write_report"]
