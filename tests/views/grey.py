"""How light a colour is in a grey print."""

import numpy as np
from numpy.typing import ArrayLike


def luminance(colors: ArrayLike) -> np.ndarray:
    """Relative luminance of sRGB colours (..., 3) in [0, 1]: WCAG 2, after ITU-R BT.709."""
    channels = np.asarray(colors)
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


def contrast(one: ArrayLike, other: ArrayLike) -> float:
    """Contrast ratio of WCAG 2, from 1 to 21."""
    dark, light = sorted(float(luminance(color)) for color in (one, other))
    return (light + 0.05) / (dark + 0.05)
