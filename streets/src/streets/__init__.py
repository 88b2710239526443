"""Synthetic street scenes in Cityscapes' layout: a plan in metres, painted as polygons seen by a camera."""

from streets.compose.frame import Frame, paint_scene
from streets.dataset import write_scenes
from streets.errors import StreetsError
from streets.files import CITIES
from streets.sources import digest

__all__ = ["CITIES", "Frame", "StreetsError", "digest", "paint_scene", "write_scenes"]
