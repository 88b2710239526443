"""The painting order: what a ray over the ground meets later is painted earlier."""

import itertools

import numpy as np
import pytest

from streets.compose.order import hidden_behind, paint_order


def box(x: float, z: float, wide: float = 1.0, long: float = 1.0, turn: float = 0.0) -> np.ndarray:
    """(4, 2) a rectangle on the ground around (x, z)."""
    corners = np.array([[-wide, -long], [wide, -long], [wide, long], [-wide, long]]) / 2
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return corners @ turned.T + (x, z)


def apart(boxes: list[np.ndarray], other: np.ndarray) -> bool:
    """Whether discs around the boxes keep clear of each other."""
    far = [np.hypot(*(one.mean(0) - other.mean(0))) for one in boxes]
    radius = [np.hypot(*(one - one.mean(0)).T).max() for one in [*boxes, other]]
    return all(distance > one + radius[-1] for distance, one in zip(far, radius, strict=False))


def first_hit(ray: float, polygon: np.ndarray) -> float:
    """Depth at which the ray x = ray * z enters a convex polygon, by testing many depths; infinite where it misses."""
    depth = np.linspace(0.1, 80, 8000)
    points = np.stack([ray * depth, depth], -1)
    edges = np.roll(polygon, -1, axis=0) - polygon
    offset = points[:, None] - polygon
    inside = (edges[:, 0] * offset[..., 1] - edges[:, 1] * offset[..., 0] >= 0).all(1)
    return float(depth[inside.argmax()]) if inside.any() else np.inf


@pytest.mark.parametrize("seed", range(6))
def test_no_thing_is_painted_over_by_what_is_behind_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes: list[np.ndarray] = []
    while len(boxes) < 14:
        z = rng.uniform(6, 70)
        new = box(rng.uniform(-0.5, 0.5) * z, z, rng.uniform(0.8, 2), rng.uniform(1, 8), rng.uniform(0, np.pi))
        if apart(boxes, new):
            boxes.append(new)
    turn = {k: place for place, k in enumerate(paint_order(boxes))}
    for ray in np.linspace(-0.5, 0.5, 41).tolist():
        met = sorted((depth, k) for k, one in enumerate(boxes) if np.isfinite(depth := first_hit(ray, one)))
        for (_, nearer), (_, farther) in itertools.pairwise(met):
            assert turn[farther] < turn[nearer]


def test_a_post_behind_the_corner_of_a_long_car_is_painted_before_it() -> None:
    """By the depth of its middle the car, at 20 m, would be the farther one."""
    car, post = box(3.0, 20.0, 1.8, 16.0), box(4.4, 17.0, 0.2, 0.2)
    assert paint_order([car, post]) == [1, 0]
    assert paint_order([post, car]) == [0, 1]


def test_the_order_does_not_depend_on_the_order_of_the_list() -> None:
    boxes = [box(x, z) for x, z in ((0, 10), (0.2, 30), (-3, 22), (4, 15), (0.1, 50), (-1, 41))]
    expected = [tuple(boxes[k].mean(0)) for k in paint_order(boxes)]
    for mixed in itertools.islice(itertools.permutations(boxes), 0, 720, 37):
        assert [tuple(mixed[k].mean(0)) for k in paint_order(list(mixed))] == expected


def test_things_that_embrace_each_other_are_all_painted() -> None:
    cross = [box(0, 20, 12, 0.5), box(0, 20, 0.5, 12), box(0, 20, 12, 0.5, 0.8), box(0, 20)]
    assert sorted(paint_order(cross)) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("x", "heights", "hidden"),
    [
        (0.0, (1.5, 1.5), True),
        (0.0, (1.5, 2.0), False),  # it looks over the nearer one
        (3.0, (1.5, 1.5), False),  # it stands out beside it
    ],
)
def test_a_vehicle_is_left_out_only_where_a_nearer_one_covers_it(
    x: float, heights: tuple[float, float], hidden: bool
) -> None:
    near, far = box(0, 10, 2.0, 4.0), box(x, 20, 2.0, 4.0)
    assert hidden_behind([near, far], [*heights]) == [False, hidden]
