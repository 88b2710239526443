"""Synthetic street scenes in Cityscapes' layout: a camera, a plan in metres, a painter."""

from .dataset import write_scenes
from .files import CITIES
from .frame import Frame, paint_scene

__all__ = ["CITIES", "Frame", "paint_scene", "write_scenes"]
