"""Encoding of arrays and images for the browser, which unpacks them in `js/data.js`."""

import zlib

import cv2
import numpy as np

QUALITY = 92
"""JPEG quality of the picture in the browser."""
HELD = 2**21
"""The most values of clustered feature maps that are sent; finer maps are averaged first."""


def pack(values: np.ndarray, level: int = 1) -> bytes:
    """Compress the bytes of an array; level 0 stores them, where compressing takes longer than sending."""
    return zlib.compress(np.ascontiguousarray(values).tobytes(), level)


def quantized(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quantise the rows of an array to int16: 32,767 stands for a row's largest magnitude, which is returned."""
    limits = np.abs(values).reshape(len(values), -1).max(1).clip(1e-30)
    scaled = values / limits.reshape(-1, *[1] * (values.ndim - 1))
    return (32767 * scaled).round().astype("<i2"), limits


def pooled(maps: np.ndarray) -> np.ndarray:
    """Average maps (C, h, w) over 2 x 2 squares until they hold at most HELD numbers."""
    while maps.size > HELD and min(maps.shape[1:]) >= 2 * 8:
        height, width = (side - side % 2 for side in maps.shape[1:])
        maps = maps[:, :height, :width].reshape(len(maps), height // 2, 2, width // 2, 2).mean((2, 4))
    return maps


def encode_jpeg(image: np.ndarray) -> bytes:
    """Encode RGB (H, W, 3) as a JPEG."""
    return cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
