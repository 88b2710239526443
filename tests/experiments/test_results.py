"""What one notebook saves, another loads as it was."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from thesis_lib.experiments.results import load_arrays, load_scores, save_arrays, save_scores
from thesis_lib.experiments.scores import ScoreCounter


def test_arrays_come_back_as_nested_as_they_were(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels = {layer: {k: random.integers(0, k, (3, 4)) for k in (5, 10)} for layer in (1, 4)}
    content = {"street, with positions": {"labels": labels, "image": np.zeros((2, 2, 3), np.uint8)}, "rank": 2.5}
    save_arrays(tmp_path / "new" / "clusters.npz", content)
    found = load_arrays(tmp_path / "new" / "clusters.npz")
    assert found.keys() == content.keys()
    assert found["rank"] == 2.5
    street = found["street, with positions"]
    assert street["image"].dtype == np.uint8
    assert {layer: list(by_k) for layer, by_k in street["labels"].items()} == {1: [5, 10], 4: [5, 10]}
    np.testing.assert_array_equal(street["labels"][4][10], labels[4][10])


@pytest.mark.parametrize("key", ["a/b", "4", 1.5, -1])
def test_a_key_that_would_come_back_as_another_is_refused(key: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="would not load as it was saved"):
        save_arrays(tmp_path / "arrays.npz", {key: np.zeros(3)})
    assert not list(tmp_path.iterdir())


def test_equal_arrays_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        save_arrays(tmp_path / name, {"a": {1: np.arange(5)}, "b": 0.5})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_scores_are_saved_as_strict_json_and_loaded_again(tmp_path: Path) -> None:
    counter = ScoreCounter()
    counter.add(torch.tensor([[7, 7, 8, 7]]), torch.tensor([[7, 7, 8, 8]]))
    scores = counter.scores()
    save_scores(tmp_path / "new" / "scores.json", {"PSPNet": scores})

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    text = (tmp_path / "new" / "scores.json").read_text()
    assert json.loads(text, parse_constant=refuse)["PSPNet"]["iou"]["sky"] is None
    read = load_scores(tmp_path / "new" / "scores.json")["PSPNet"]
    assert read["miou"] == scores.miou
    for kind in ("iou", "iiou", "category_iou", "category_iiou"):
        assert read[kind] == pytest.approx(getattr(scores, kind), nan_ok=True)
