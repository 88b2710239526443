import pytest
import torch

from thesis_lib.clustering.distances import SEARCHED, nearest_neighbors, smallest, tiles


@pytest.mark.parametrize("columns", [5, 63, 64, 641, 3000])
def test_the_smallest_are_those_of_a_sort(columns: int) -> None:
    values = torch.randn(4, 7, columns, generator=torch.Generator().manual_seed(columns))
    found, places = smallest(values, 5)
    assert torch.equal(found, values.sort(dim=-1).values[..., :5])
    assert torch.equal(values.gather(-1, places), found)


def test_tied_numbers_are_found_once_each() -> None:
    _, places = smallest(torch.zeros(3, 1000), 9)
    assert all(len(set(row)) == 9 for row in places.tolist())


@pytest.mark.parametrize("at_once", [1, 900, 2**14, 2**17, 2**22], ids="{} at once".format)
@pytest.mark.parametrize("shape", [(1, 700, 5), (5, 90, 3)], ids=str)
def test_neighbours_are_those_of_all_distances(
    shape: tuple[int, ...], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rows, and members of a batch, are searched at a time."""
    monkeypatch.setitem(SEARCHED, "cpu", at_once)
    points = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    squared, indices = nearest_neighbors(points, 6)
    distances = torch.cdist(points.double(), points.double(), compute_mode="donot_use_mm_for_euclid_dist").square()
    distances.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    expected = distances.sort(dim=2).values[..., :6]
    torch.testing.assert_close(squared.double(), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(distances.gather(2, indices), expected)


def test_no_point_is_its_own_neighbour_not_even_a_duplicate() -> None:
    squared, indices = nearest_neighbors(torch.ones(1, 50, 3), 4)
    assert (squared == 0).all()
    assert (indices != torch.arange(50)[:, None]).all()


def test_tiles_cover_every_row_once() -> None:
    assert [row for rows in tiles(1003, 50_000) for row in range(1003)[rows]] == list(range(1003))


def test_more_rows_than_a_tile_holds_are_searched_exactly() -> None:
    """Tight groups far from the origin, whose rows all have to be searched again, some hundred at a time."""
    generator = torch.Generator().manual_seed(0)
    points = (1000.0 * torch.tensor([[-1.0, 1.0, 1.0]]) * (torch.arange(2400) % 3 - 1)[:, None]).double()
    points = (points + 1e-2 * torch.randn(2400, 3, generator=generator, dtype=torch.float64)).float()
    squared, indices = nearest_neighbors(points[None], 5)
    exact = (points.double()[:, None] - points.double()).square().sum(-1)
    expected, order = exact.fill_diagonal_(torch.inf).topk(5, largest=False)
    torch.testing.assert_close(squared[0].double(), expected, rtol=1e-3, atol=0)
    assert (indices[0] == order).float().mean() > 0.999
