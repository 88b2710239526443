"""Arrays and images survive their way to the browser."""

import cv2
import numpy as np
import pytest

from tests.views.inspector.browser.test_widget import unpacked
from thesis_lib.views.inspector.browser.encoding import HELD, encode_jpeg, pack, pooled, quantized


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<i2", "<f4"])
def test_what_is_packed_unpacks(dtype: str, random: np.random.Generator) -> None:
    values = random.integers(0, 100, (3, 5, 7)).astype(dtype)
    assert np.array_equal(unpacked(pack(values), dtype, (3, 5, 7)), values)


def test_what_is_not_contiguous_unpacks_in_its_order(random: np.random.Generator) -> None:
    values = random.integers(0, 100, (6, 8)).astype("u1")
    assert np.array_equal(unpacked(pack(values.T[::2]), "u1", (4, 6)), values.T[::2])


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
def test_quantized_rows_are_exact_to_half_a_step(scale: float, random: np.random.Generator) -> None:
    values = scale * random.normal(size=(4, 100)) * [[1], [10], [0.1], [0]]
    whole, limits = quantized(values)
    assert whole.dtype == np.dtype("<i2")
    assert (np.abs(whole * limits[:, None] / 32767 - values) <= 0.5001 * limits[:, None] / 32767).all()


def test_small_maps_are_sent_as_they_are(random: np.random.Generator) -> None:
    maps = random.normal(size=(16, 20, 30))
    assert np.array_equal(pooled(maps), maps)


def test_large_maps_are_averaged_until_they_can_be_sent() -> None:
    squares = np.random.default_rng(0).normal(size=(HELD // 8192, 64, 128)).astype(np.float32)
    found = pooled(np.kron(squares, np.ones((1, 4, 4), np.float32)))
    assert found.size <= HELD
    np.testing.assert_allclose(found, squares, atol=1e-5)


def test_a_flat_jpeg_keeps_its_colour() -> None:
    flat = np.full((64, 64, 3), (200, 100, 50), np.uint8)
    found = cv2.imdecode(np.frombuffer(encode_jpeg(flat), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(found.astype(int) - flat).max() <= 3
