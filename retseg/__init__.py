"""Segmentation of retinal images for Grand Challenge."""

__version__ = "0.2.0"
