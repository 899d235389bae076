"""What an evaluation looks like: one self-contained HTML page, figures for a paper, overlays for the eye."""

from retseg.report.figures import save_figures
from retseg.report.layers import CaseLayers
from retseg.report.overlay import draw_comparison, draw_overlay
from retseg.report.page import write_report

__all__ = ["CaseLayers", "draw_comparison", "draw_overlay", "save_figures", "write_report"]
