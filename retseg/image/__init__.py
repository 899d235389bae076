"""Read and write images with their geometry, and find the field of view."""

from retseg.image.appearance import describe_problems
from retseg.image.field_of_view import FieldOfView, find_field_of_view, fit_field_of_view, whole_frame
from retseg.image.image import Geometry, Image, ImageError, UnreadableError
from retseg.image.reading import read_image, read_mask, read_values
from retseg.image.stacks import read_stack, write_stack
from retseg.image.views import view_image
from retseg.image.writing import (
    label_mask,
    label_tasks,
    write_array,
    write_image,
    write_mask,
    write_picture,
    write_probability,
)

__all__ = [
    "FieldOfView",
    "Geometry",
    "Image",
    "ImageError",
    "UnreadableError",
    "describe_problems",
    "find_field_of_view",
    "fit_field_of_view",
    "label_mask",
    "label_tasks",
    "read_image",
    "read_mask",
    "read_stack",
    "read_values",
    "view_image",
    "whole_frame",
    "write_array",
    "write_image",
    "write_mask",
    "write_picture",
    "write_probability",
    "write_stack",
]
