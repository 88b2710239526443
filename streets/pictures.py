"""Paint the README's pictures anew: `python streets/pictures.py`; four frames, each above its labels."""

from pathlib import Path

import numpy as np
from cityscapesscripts.helpers.labels import labels
from PIL import Image

from streets import Frame, paint_scene

FRAMES = {"suburban_autumn": (1, 3), "avenue_rain": (3, 5), "inner_overcast": (3, 2), "residential_dusk": (1, 4)}
"""Seed and index of a frame for training, by kind of street and weather."""
SHOWN = (800, 400)


def above_labels(frame: Frame) -> Image.Image:
    """The frame and, below it, its labels in Cityscapes' colours."""
    colors = np.zeros((256, 3), np.uint8)
    for label in labels:
        if label.id >= 0:
            colors[label.id] = label.color
    sheet = Image.new("RGB", (SHOWN[0], 2 * SHOWN[1]))
    for row, pixels in enumerate((frame.image, colors[frame.labels])):
        sheet.paste(Image.fromarray(pixels).resize(SHOWN, Image.Resampling.BOX), (0, row * SHOWN[1]))
    return sheet


def main() -> None:
    """Write pictures/*.jpg beside this file."""
    for name, (seed, index) in FRAMES.items():
        picture = above_labels(paint_scene(size=(800, 1600), seed=seed, index=index))
        picture.save(Path(__file__).parent / "pictures" / f"{name}.jpg", quality=82, optimize=True)


if __name__ == "__main__":
    main()
