"""Phantoms: synthetic retinal images with exact truth, drawn by the project itself, deterministic by seed."""

from retseg.phantom.fundus import Camera, FundusContent, draw_fundus
from retseg.phantom.lesions import LesionCounts
from retseg.phantom.octa import OctaContent, draw_octa
from retseg.phantom.phantom import Phantom

__all__ = ["Camera", "FundusContent", "LesionCounts", "OctaContent", "Phantom", "draw_fundus", "draw_octa"]
