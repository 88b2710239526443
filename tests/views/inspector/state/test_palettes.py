"""Colours that readers tell apart, those who are colour-blind too."""

import matplotlib as mpl
import numpy as np
import pytest

from thesis_lib.views.inspector.state.palettes import (
    MOST,
    SIMULATIONS,
    colormap,
    linear,
    oklab,
    palette,
    seen_colors,
)
from thesis_lib.views.style import SERIES

OTTOSSON = {
    "white": ((1, 1, 1), (1, 0, 0)),
    "red": ((1, 0, 0), (0.627955, 0.224863, 0.125846)),
    "green": ((0, 1, 0), (0.86644, -0.233888, 0.179498)),
    "blue": ((0, 0, 1), (0.452014, -0.032457, -0.311528)),
}
"""Of "A perceptual color space for image processing" (2020)."""


def smallest_distance(colors: np.ndarray) -> float:
    """Of any two of the colours (n, 3) uint8 to any of the four eyes, in Oklab."""
    seen = seen_colors(colors / 255)
    distances = np.linalg.norm(seen[:, :, None] - seen[:, None], axis=-1).min(0)
    return float(distances[np.triu_indices(len(colors), 1)].min())


@pytest.mark.parametrize("color", OTTOSSON)
def test_oklab_has_the_values_of_its_author(color: str) -> None:
    rgb, expected = OTTOSSON[color]
    assert oklab(np.array([rgb], float))[0] == pytest.approx(expected, abs=1e-4)


def test_half_of_srgb_is_a_fifth_of_the_light() -> None:
    """0.5 is 0.214041 in linear light (IEC 61966-2-1)."""
    assert linear(np.array([0.0, 0.5, 1.0])) == pytest.approx([0, 0.214041, 1], abs=1e-6)


@pytest.mark.parametrize("eye", SIMULATIONS)
def test_grey_is_grey_to_every_eye(eye: str) -> None:
    assert np.array(SIMULATIONS[eye]) @ np.full(3, 0.4) == pytest.approx(np.full(3, 0.4), abs=1e-5)


def test_the_first_eye_sees_colours_as_they_are() -> None:
    rgb = np.random.default_rng(0).random((20, 3))
    assert np.allclose(seen_colors(rgb)[0], oklab(rgb))


@pytest.mark.parametrize("name", ["distinct", "cividis"])
def test_a_palette_has_eighty_different_colours(name: str) -> None:
    assert palette(name).dtype == np.uint8
    assert np.unique(palette(name), axis=0).shape == (MOST, 3)


def test_the_first_six_are_okabe_and_itos() -> None:
    assert [mpl.colors.to_hex(color / 255) for color in palette("distinct")[:6]] == list(SERIES)


def test_eighty_colours_lie_farther_apart_than_random_ones() -> None:
    draws = [np.random.default_rng(seed).integers(0, 256, (MOST, 3)) for seed in range(20)]
    assert smallest_distance(palette("distinct")) > 2 * max(map(smallest_distance, draws))


def test_twenty_colours_lie_farther_apart_than_matplotlibs() -> None:
    tab20 = (255 * np.array(mpl.colormaps["tab20"].colors)).round().astype(np.uint8)
    assert smallest_distance(palette("distinct")[:20]) > smallest_distance(tab20)


def test_cividis_goes_from_dark_to_light() -> None:
    assert (np.diff(oklab(palette("cividis") / 255)[:, 0]) > 0).all()


def test_a_colormap_is_matplotlibs() -> None:
    expected = [mpl.colormaps["cividis"](value, bytes=True)[:3] for value in range(256)]
    assert np.abs(colormap("cividis").astype(int) - np.array(expected)).max() <= 1


@pytest.mark.parametrize("name", ["features", "jet"])
def test_other_palettes_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"distinct or cividis, not '{name}'"):
        palette(name)
