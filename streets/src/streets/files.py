"""The files of one frame, in Cityscapes' names and formats, each written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from cityscapesscripts.helpers.labels import labels as LABELS
from numpy.typing import NDArray

from streets.compose.frame import Frame
from streets.errors import StreetsError
from streets.paint.canvas import Outline

CITIES = {"train": ("falkenbruck", "silbertal", "nordhaven"), "val": ("morgenau", "wesselfurt")}
"""Invented towns, so that nobody takes a frame for one of Cityscapes' own."""
_PHOTO = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY,
          cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_SUB]  # fmt: skip
_FLAT = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE,
         cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP]  # fmt: skip
_COLORS = np.zeros((256, 4), np.uint8)
"""(256, 4) Cityscapes' colour of a labelId, blue first as OpenCV writes it."""
for _label in LABELS:
    if _label.id >= 0:
        _COLORS[_label.id] = (*_label.color[::-1], 255)


def frame_name(split: str, index: int) -> str:
    """Name a frame by city, sequence and number: a split's `index`-th frame, as in "silbertal_000000_000019"."""
    cities = CITIES[split]
    return f"{cities[index % len(cities)]}_{index // len(cities):06}_000019"


def save_frame(root: Path, split: str, name: str, frame: Frame) -> None:
    """Write the five files of a frame below `root`.

    Raises:
        StreetsError: if one cannot be written; no part of it is left behind.
    """
    city = name.split("_")[0]
    for folder, suffix, content in _contents(frame):
        path = root / folder / split / city / f"{name}_{suffix}"
        try:
            _replace(path, content)
        except OSError as error:
            raise StreetsError(
                f"{path} could not be written: {error.strerror or error}.\n"
                f"Free some space there, allow writing, or give write_scenes another root than {root}."
            ) from error


def _contents(frame: Frame) -> Iterator[tuple[str, str, bytes]]:
    """Folder, name suffix and bytes of each file; the picture last, so that none is without its labels."""
    labels = frame.labels
    polygons = _polygons(frame.outlines, labels.shape)
    yield "gtFine", "gtFine_polygons.json", json.dumps(polygons, separators=(",", ":")).encode()
    yield "gtFine", "gtFine_labelIds.png", _png(labels, _FLAT)
    yield "gtFine", "gtFine_instanceIds.png", _png(frame.instances, _FLAT)
    yield "gtFine", "gtFine_color.png", _png(_COLORS[labels], _FLAT)
    yield "leftImg8bit", "leftImg8bit.png", _png(cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR), _PHOTO)


def _polygons(outlines: list[Outline], shape: tuple[int, ...]) -> dict[str, object]:
    objects = [{"label": outline.label, "polygon": outline.polygon.tolist()} for outline in outlines]
    return {"imgHeight": shape[0], "imgWidth": shape[1], "objects": objects}


def _png(picture: NDArray[Any], settings: list[int]) -> bytes:
    return cv2.imencode(".png", picture, settings)[1].tobytes()


def _replace(path: Path, content: bytes) -> None:
    """Write beside the target and put it in place in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
