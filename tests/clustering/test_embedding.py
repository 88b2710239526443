import torch

from thesis_lib.clustering.embedding import unit_rows


def test_rows_of_rounding_errors_are_zero_and_small_ones_are_not() -> None:
    generator = torch.Generator().manual_seed(0)
    for dtype in (torch.float32, torch.float64):
        vectors = torch.linalg.qr(torch.randn(500, 3, generator=generator, dtype=dtype)).Q
        eps = torch.finfo(dtype).eps
        vectors[0], vectors[1] = 20 * eps * vectors[0], 2000 * eps * vectors[1] / vectors[1].norm()
        rows = unit_rows(vectors, torch.ones(3, dtype=dtype))
        assert (rows[0] == 0).all()
        torch.testing.assert_close(rows[1:].norm(dim=1), torch.ones(499, dtype=dtype))
        torch.testing.assert_close(unit_rows(7 * vectors, torch.ones(3, dtype=dtype)), rows)
        alone = unit_rows(vectors[:2], torch.ones(3, dtype=dtype), among=vectors)
        torch.testing.assert_close(alone, rows[:2])


def test_columns_without_a_positive_eigenvalue_are_left_out() -> None:
    vectors = torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    assert unit_rows(vectors, torch.tensor([0.5, -0.1])).tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert unit_rows(vectors, torch.tensor([0.5, 0.0])).tolist() == [[1.0, 0.0], [0.0, 0.0]]
