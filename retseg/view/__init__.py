"""A page on this machine: photographs dropped on it are segmented here, and shown with what was found."""

from retseg.view.desk import Desk, Photograph, Step
from retseg.view.settings import describe_settings

__all__ = ["Desk", "Photograph", "Step", "describe_settings"]
