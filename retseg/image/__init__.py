"""Floor 1: pictures with their place in space, the field of view, and refusing bad input."""

from retseg.image.field_of_view import bounding_box, find_field_of_view, whole_frame
from retseg.image.image import Geometry, Image, ImageError, OutputError

__all__ = [
    "Geometry",
    "Image",
    "ImageError",
    "OutputError",
    "bounding_box",
    "find_field_of_view",
    "whole_frame",
]
