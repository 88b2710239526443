"""Labels as pixels, drawn from outlines as cityscapesscripts draws them."""

import numpy as np
from cityscapesscripts.helpers.labels import name2label
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from streets.paint.canvas import Outline


class Raster:
    """Draws outlines in their order into a picture of instanceIds, as cityscapesscripts' json2instanceImg does."""

    def __init__(self, size: tuple[int, int]) -> None:
        """An empty picture of (height, width) pixels."""
        self._picture = Image.fromarray(np.zeros(size, np.uint16))
        self._counts: dict[str, int] = {}
        self._drawn = 0

    def draw(self, outlines: list[Outline]) -> NDArray[np.uint16]:
        """Draw what is new in a growing list of outlines, and give the (height, width) instanceIds of all of them."""
        drawer = ImageDraw.Draw(self._picture)
        for outline in outlines[self._drawn :]:
            value = self._value(outline.label)
            if value >= 0:
                drawer.polygon(outline.polygon.ravel().tolist(), fill=value)
        self._drawn = len(outlines)
        return np.array(self._picture)

    def _value(self, name: str) -> int:
        """The labelId of a name, or the next instanceId of a class with instances."""
        grouped = name not in name2label
        label = name2label[name.removesuffix("group") if grouped else name]
        if grouped or not label.hasInstances:
            return label.id
        count = self._counts[name] = self._counts.get(name, -1) + 1
        return 1000 * label.id + count
