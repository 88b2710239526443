"""Arrays and images as the bytes that the browser unpacks (`js/data.js`)."""

import zlib

import cv2
import numpy as np

QUALITY = 92
"""JPEG quality of the picture in the browser."""
HELD = 2**21
"""The most values of clustered feature maps that are sent; finer maps are averaged first."""


def pack(values: np.ndarray, level: int = 1) -> bytes:
    """The bytes of an array, deflated; at level 0 only wrapped, for what takes longer to deflate than to send."""
    return zlib.compress(np.ascontiguousarray(values).tobytes(), level)


def quantized(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of an array as int16, and the largest magnitude of each row, which 32,767 stands for."""
    limits = np.abs(values).reshape(len(values), -1).max(1).clip(1e-30)
    scaled = values / limits.reshape(-1, *[1] * (values.ndim - 1))
    return (32767 * scaled).round().astype("<i2"), limits


def pooled(maps: np.ndarray) -> np.ndarray:
    """Maps (C, h, w), averaged over squares until they hold no more than HELD numbers."""
    while maps.size > HELD and min(maps.shape[1:]) >= 2 * 8:
        height, width = (side - side % 2 for side in maps.shape[1:])
        maps = maps[:, :height, :width].reshape(len(maps), height // 2, 2, width // 2, 2).mean((2, 4))
    return maps


def encode_jpeg(image: np.ndarray) -> bytes:
    """RGB (H, W, 3) as a JPEG."""
    return cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
