"""Decoding of image files to 8-bit RGB: upright, opaque, values of other ranges scaled."""

import io
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps, TiffImagePlugin

ORIENTATION = 0x0112
"""EXIF's tag; 1 to 8 (Exif 2.32, 4.6.4)."""
METADATA = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")
"""Where Pillow keeps what a file says of itself."""
TIFF = (b"II*\0", b"MM\0*")
TOPS = (1, 255, 4095, 65535)
"""Values of white in files of more than 8 bits: as a share, and of 8, 12 and 16 bits."""
SAMPLED = 2**20
"""Values that are looked at to find their range."""


class Decoded(NamedTuple):
    """Decoded image, with a note of what was done to show it."""

    image: Image.Image
    """Upright, in mode RGB."""
    size: tuple[int, int]
    """(width, height) in the file, upright; the image may be smaller."""
    notes: list[str]


def decode(content: bytes, largest: int) -> Decoded:
    """Decode the first frame of a file, upright by its EXIF orientation, transparency on white.

    Args:
        content: of the file.
        largest: pixels of the longer side that are needed; a JPEG is decoded no larger.

    Raises:
        UnidentifiedImageError, DecompressionBombError, or what a reader makes of a damaged file.
    """
    try:
        return _decode(content, largest)
    except Image.DecompressionBombError:
        raise
    except Exception:  # such as floats in colour, or tags that stop Pillow
        if content[:4] not in TIFF:
            raise
        return _decode_tiff(content)


def _decode(content: bytes, largest: int) -> Decoded:
    """Decode by Pillow."""
    with Image.open(io.BytesIO(content)) as file:
        notes = ["the first of several frames"] if _is_animated(file) else []
        width, height = file.size
        file.draft("RGB", (largest, largest))
        upright = turned(file)
        if (upright.width < upright.height) != (width < height):
            width, height = height, width
        image, note = in_rgb(upright, unsigned=_is_unsigned(file))
    return Decoded(image, (width, height), [*notes, note] if note else notes)


def _is_animated(file: Image.Image) -> bool:
    return file.format != "MPO" and bool(getattr(file, "is_animated", False))  # a camera's JPEG with a preview


def turned(file: Image.Image) -> Image.Image:
    """Turn an open file upright; invalid EXIF tags, an invalid orientation among them, are ignored.

    Pillow writes all tags anew when it turns an image, and stumbles over those that it would not write: here it sees
    none but the orientation.
    """
    if file.format != "TIFF":
        file.load()  # a PNG has its EXIF data after the pixels
    exif = Image.Exif()
    exif[ORIENTATION] = _orientation(file)
    for key in METADATA:
        file.info.pop(key, None)
    file.getexif = lambda: exif  # type: ignore[method-assign]
    file.load()  # this turns a TIFF
    return ImageOps.exif_transpose(file)


def _orientation(file: Image.Image) -> int:
    try:
        found = file.getexif().get(ORIENTATION)
    except Exception:  # whatever a reader makes of odd tags
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _is_unsigned(file: Image.Image) -> bool:
    """Whether a TIFF's 32-bit values are unsigned, which Pillow reads as signed."""
    tags = getattr(file, "tag_v2", {})
    return tags.get(TiffImagePlugin.SAMPLEFORMAT, (1,))[0] == 1 and tags.get(TiffImagePlugin.BITSPERSAMPLE) == (32,)


def in_rgb(image: Image.Image, *, unsigned: bool = False) -> tuple[Image.Image, str]:
    """Convert an image of any of Pillow's modes to RGB; also returns a note of what was done, or ""."""
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image)
        pixels, note = scaled(values.view(np.uint32) if unsigned and image.mode == "I" else values)
        return Image.fromarray(pixels).convert("RGB"), note
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        found = ImageCms.profileToProfile(image, *profiles, outputMode="RGB")
        assert found is not None
        return found, ""
    if image.has_transparency_data:
        rgba = image.convert("LA" if image.mode == "La" else "RGBA").convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB"), ""
    return image.convert("RGB"), ""


def scaled(values: np.ndarray) -> tuple[np.ndarray, str]:
    """Scale values of any range to uint8; also returns a note of the range.

    Black is 0 and white the first of TOPS that the values come near to, or else both are the ends of what there is,
    but for a thousandth that may be far out. NaN is black.

    Raises:
        ValueError: no finite value.
    """
    sample = values.ravel()[:: -(-values.size // SAMPLED)].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if not len(sample):
        raise ValueError("none of its values is finite")
    low, high = (float(end) for end in np.quantile(sample, (0.001, 0.999)))
    for top in TOPS:
        if low >= -0.05 * top and 0.1 * top <= high <= 1.05 * top:
            low, high = 0.0, float(top)
            break
    span = (high - low) or 1.0
    rows = (((row.astype(np.float64) - low) / span).clip(0, 1) for row in values)  # all at once would take gigabytes
    pixels = np.stack([(255 * np.nan_to_num(row)).round().astype(np.uint8) for row in rows])
    return pixels, f"values {low:g} to {high:g} shown as 0 to 255"


def _decode_tiff(content: bytes) -> Decoded:
    """Decode a TIFF by OpenCV."""
    header = TiffImagePlugin.ImageFileDirectory_v2(content[:8])
    file = io.BytesIO(content)
    file.seek(header.next)
    header.load(file)
    width, height = (int(header[tag]) for tag in (TiffImagePlugin.IMAGEWIDTH, TiffImagePlugin.IMAGELENGTH))
    if width * height > 2 * (Image.MAX_IMAGE_PIXELS or 0) > 0:
        raise Image.DecompressionBombError(f"{width} x {height} pixels")
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    cv2.utils.logging.setLogLevel(level)
    if values is None:
        raise ValueError("its pixels cannot be decoded: save it with 8 or 16 bits a channel, or as a PNG")
    if values.ndim == 3:
        values = values[..., 2::-1] if values.shape[2] >= 3 else values[..., 0]
    pixels, note = (values, "") if values.dtype == np.uint8 else scaled(values)
    image = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB")
    return Decoded(image, image.size, [note] if note else [])
