"""The camera: a pinhole's geometry, and polygons cut by the near plane and the frame's edges."""

import cv2
import numpy as np
import pytest

from streets.optics.camera import NEAR, Camera, clip

CAMERA = Camera.of_size((1024, 2048))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def area(polygon: np.ndarray) -> float:
    """The shoelace formula."""
    x, y = polygon[:, 0], polygon[:, 1]
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def convex(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """(n, 2) the hull of some drawn points."""
    return cv2.convexHull(rng.uniform(low, high, (12, 2)).astype(np.float32))[:, 0].astype(float)


def test_a_metre_has_focal_over_depth_pixels() -> None:
    """Cityscapes' focal length is 2262 pixels; a metre at 20 m has 113.1 of them, across and upwards."""
    ends = np.array([[0.0, 0.0, 20.0], [1.0, 0.0, 20.0], [0.0, 1.0, 20.0]])
    foot, aside, above = CAMERA.project(ends)
    np.testing.assert_allclose(aside - foot, [113.1, 0])
    np.testing.assert_allclose(above - foot, [0, -113.1])
    assert CAMERA.scale(20.0) == pytest.approx(113.1)


def test_the_road_meets_the_horizon_at_infinity_and_eyes_are_level_with_it() -> None:
    far = CAMERA.project(np.array([3.0, 0.0, 1e9]))
    np.testing.assert_allclose(far, [CAMERA.center, CAMERA.horizon], atol=1e-4)
    at_eye_height = np.array([[-2.0, CAMERA.eye, 5.0], [7.0, CAMERA.eye, 50.0]])
    np.testing.assert_allclose(CAMERA.project(at_eye_height)[:, 1], CAMERA.horizon)


def test_a_smaller_frame_shows_the_same_view(rng: np.random.Generator) -> None:
    points = rng.uniform((-5, 0, 4), (5, 3, 60), (20, 3))
    np.testing.assert_allclose(CAMERA.reduced(4).project(points), CAMERA.project(points) / 4)


def test_what_crosses_the_near_plane_ends_on_it() -> None:
    strip = np.array([[-1.0, 0, -10], [1, 0, -10], [1, 0, 30], [-1, 0, 30]])
    expected = np.array([[-1.0, 0, NEAR], [1, 0, NEAR], [1, 0, 30], [-1, 0, 30]])
    seen = CAMERA.flat(strip)
    assert area(seen) == pytest.approx(area(CAMERA.project(expected)))
    np.testing.assert_allclose(seen.max(0), CAMERA.project(expected).max(0))


def test_nothing_behind_the_near_plane_is_seen() -> None:
    assert CAMERA.flat(np.array([[-1.0, 0, 0.1], [1, 0, 0.1], [0, 1, 2.4]])).shape == (0, 2)


def test_many_polygons_are_seen_as_each_alone(rng: np.random.Generator) -> None:
    polygons = [rng.uniform((-4, 0, -3), (4, 3, 12), (n, 3)) for n in (3, 4, 7, 5, 3)]
    for one, alone in zip(CAMERA.flats(polygons), map(CAMERA.flat, polygons), strict=True):
        np.testing.assert_array_equal(one, alone)
    assert CAMERA.flats([]) == []


def test_a_polygon_in_the_frame_is_left_as_it_is(rng: np.random.Generator) -> None:
    polygon = rng.uniform((0, 0), (2047, 1023), (9, 2))
    assert CAMERA.framed(polygon) is polygon


@pytest.mark.parametrize("seed", range(20))
def test_the_frame_cuts_what_opencv_cuts(seed: int) -> None:
    polygon = convex(np.random.default_rng(seed), -900, 2500)
    frame = np.array([[0, 0], [2047, 0], [2047, 1023], [0, 1023]], np.float32)
    cut = CAMERA.framed(polygon)
    assert ((cut >= -1e-9) & (cut <= (2047 + 1e-9, 1023 + 1e-9))).all()
    assert area(cut) == pytest.approx(cv2.intersectConvexConvex(polygon.astype(np.float32), frame)[0], rel=1e-4)


def test_a_polygon_outside_of_the_frame_is_gone() -> None:
    assert len(CAMERA.framed(np.array([[-30.0, 5], [-10, 5], [-20, 50]]))) == 0


def test_clipping_divides_a_polygon_without_loss(rng: np.random.Generator) -> None:
    for _ in range(50):
        polygon = convex(rng, -1, 1)
        angle, bound = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5)
        normal = np.array([np.cos(angle), np.sin(angle)])
        kept, rest = clip(polygon, normal, bound), clip(polygon, -normal, -bound)
        assert area(kept) + area(rest) == pytest.approx(area(polygon))
        assert (kept @ normal >= bound - 1e-12).all()


def test_clipping_works_in_space_and_changes_nothing_given() -> None:
    square = np.array([[0.0, 0, 0], [2, 0, 0], [2, 2, 4], [0, 2, 4]])
    given = square.copy()
    cut = clip(square, np.array([0.0, 0, 1]), 1.0)
    np.testing.assert_array_equal(square, given)
    assert sorted(map(tuple, cut.tolist())) == [(0, 0.5, 1), (0, 2, 4), (2, 0.5, 1), (2, 2, 4)]
