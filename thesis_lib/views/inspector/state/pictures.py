"""Pictures to inspect: frames of a data set, images in memory, and photographs that a user drops."""

import hashlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from math import sqrt

import numpy as np
from PIL import Image, UnidentifiedImageError

from thesis_lib.data import Cityscapes, DatasetError
from thesis_lib.data.lists import SPLITS
from thesis_lib.views.inspector.state.decoding import decode

LONGEST = 4096
"""Pixels of a photograph's longer side; what is larger is made smaller when it is read."""
SMALLEST = 64
"""Pixels of the shorter side at which a network can still see something."""
STRIDE = 8
"""Of the features; sides are multiples of it."""


class PictureError(ValueError):
    """A file that cannot be shown as a picture."""


@dataclass(frozen=True)
class Picture:
    """Image with its name, and the classes of its pixels if they are known."""

    name: str
    image: np.ndarray
    """(H, W, 3) uint8 RGB."""
    classes: np.ndarray | None = field(default=None, repr=False)
    """(H, W) uint8 trainIds, 255 for those that do not count."""
    note: str = ""
    """What was done to the file to show it."""

    @property
    def digest(self) -> str:
        """The sha256 of the pixels."""
        return hashlib.sha256(self.image.tobytes()).hexdigest()


class Gallery:
    """Collection of pictures by name.

    Args:
        images: a data set, whose other split is there too, or RGB images (H, W, 3) uint8.
    """

    def __init__(self, images: Cityscapes | Sequence[np.ndarray]) -> None:
        self._openers: dict[str, Callable[[], Picture]] = {}
        self.open = lru_cache(maxsize=8)(self._open)
        if isinstance(images, Cityscapes):
            self._add_frames(images)
            for split in SPLITS:
                if split != images.split and (images.root / "leftImg8bit" / split).is_dir():
                    self._add_frames(Cityscapes(images.root, split))
        else:
            for number, image in enumerate(images):
                self.add(Picture(f"image/{number}", check_image(image, f"image {number}")))
        if not self._openers:
            raise PictureError("there are no images to inspect: give at least one, or a data set")

    def _add_frames(self, frames: Cityscapes) -> None:
        for index, pair in enumerate(frames.pairs):
            name = f"{frames.split}/{pair.frame}"
            self._openers[name] = partial(_read_frame, frames, index, name)

    def add(self, picture: Picture) -> str:
        """Add a picture, and return the name it gets: its own, with a number if another picture has that."""
        name, number = picture.name, 2
        while name in self._openers and self.open(name).digest != picture.digest:
            name, number = f"{picture.name} ({number})", number + 1
        self._openers[name] = lambda: replace(picture, name=name)
        return name

    @property
    def names(self) -> list[str]:
        """Names of the pictures, in order."""
        return list(self._openers)

    def check(self, name: str) -> None:
        """Refuse a name that no picture has.

        Raises:
            PictureError: with one that a picture has.
        """
        if name not in self._openers:
            raise PictureError(f"there is no picture {name!r}; the first of those there are is {self.names[0]!r}")

    def _open(self, name: str) -> Picture:
        self.check(name)
        return self._openers[name]()


def _read_frame(frames: Cityscapes, index: int, name: str) -> Picture:
    try:
        image, mask = frames.read(index)
    except DatasetError as error:
        raise PictureError(str(error)) from error
    return Picture(name, image.permute(1, 2, 0).contiguous().numpy(), mask.numpy().astype(np.uint8))


def check_image(image: np.ndarray, what: str) -> np.ndarray:
    """Return an image after checking that it is one.

    Raises:
        PictureError: another shape or dtype.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise PictureError(f"{what} must be (H, W, 3) uint8 RGB, not {image.shape} {image.dtype}")
    return image


def read_photo(content: bytes, name: str) -> Picture:
    """A photograph from a file's bytes: turned as its EXIF data say, in RGB, at most LONGEST pixels wide or high.

    Of several frames or pages it is the first, transparent parts are white, and values of more than 8 bits are scaled.
    EXIF data that cannot be read are left out.

    Raises:
        PictureError: not an image, damaged, or too large or too small to be shown; with the way out.
    """
    name = name.encode("utf-8", "replace").decode()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is wrong in a file and does not matter
            image, size, notes = decode(content, LONGEST)
            image.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
    except UnidentifiedImageError:
        raise PictureError(f"{name} is not an image that can be read: choose a PNG, JPEG, WebP or TIFF file") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{name} has too many pixels to be read safely: make it smaller first") from None
    except Exception as error:  # readers raise whatever a damaged file makes of them
        raise PictureError(f"{name} is damaged ({error}): choose another file, or save it anew") from None
    _check_shape(*size, name)
    if max(image.size) < max(size):
        notes.append(f"{size[0]} x {size[1]} pixels, shown as {image.width} x {image.height}")
    return Picture(f"photo/{name}", np.array(image), note=", ".join(notes))


def _check_shape(width: int, height: int, name: str) -> None:
    """Refuse an image that is too small for a network."""
    if min(width, height) * min(1.0, LONGEST / max(width, height)) < SMALLEST:
        raise PictureError(
            f"{name} has {width} x {height} pixels: its shorter side must be at least {SMALLEST}, when the longer one "
            f"is at most {LONGEST}. Choose a larger picture, or crop it."
        )


def input_size(shape: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Size (height, width) at which a network sees an image: proportions of `shape`, about as many pixels as `size`.

    The sides are multiples of STRIDE, so that every cell is a square of whole pixels.

    Raises:
        PictureError: proportions that would leave a side too short.
    """
    height, width = shape
    alike = height * size[1] == width * size[0]
    factor = 1.0 if alike else sqrt(size[0] * size[1] / (height * width))
    sides = size if alike else shape
    found = (max(1, round(factor * sides[0] / STRIDE)) * STRIDE, max(1, round(factor * sides[1] / STRIDE)) * STRIDE)
    if not alike and min(found) < SMALLEST:
        raise PictureError(
            f"{width} x {height} pixels are seen as {found[1]} x {found[0]}, and {SMALLEST} are needed: crop the "
            "picture"
        )
    return found
