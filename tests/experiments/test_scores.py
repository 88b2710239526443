"""Held against cityscapesscripts' own evaluation, run on the same files."""

import argparse
import copy
import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as official
from PIL import Image

from thesis_lib.data import DatasetError
from thesis_lib.data.labels import LABEL_TO_TRAIN, LABELS, TRAIN_TO_LABEL
from thesis_lib.experiments import Scores, score_files
from thesis_lib.experiments.scores import ScoreCounter

SIZE = (60, 90)
IDS = [label.id for label in LABELS if label.id >= 0]


def write_pair(
    folder: Path, index: int, truth: np.ndarray, instances: np.ndarray, prediction: np.ndarray
) -> tuple[str, str]:
    """The files of one image, by PIL as the official tools write them."""
    truth_path = folder / f"city_{index:06d}_000019_gtFine_labelIds.png"
    prediction_path = folder / f"city_{index:06d}_000019_pred_labelIds.png"
    Image.fromarray(truth.astype(np.uint8)).save(truth_path)
    Image.fromarray(prediction.astype(np.uint8)).save(prediction_path)
    Image.fromarray(instances.astype(np.uint16)).save(str(truth_path).replace("labelIds", "instanceIds"))
    return str(prediction_path), str(truth_path)


def random_pair(random: np.random.Generator, labels: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Blocks of labels, instances (some of them groups without number), and a prediction right half of the time."""

    def blocks(values: list[int]) -> np.ndarray:
        small = random.choice(values, (SIZE[0] // 6, SIZE[1] // 6)).astype(np.int32)
        return cv2.resize(small, SIZE[::-1], interpolation=cv2.INTER_NEAREST)

    truth, number = blocks(labels), blocks([0, 1, 2, 3, -1])
    instances = np.where((truth >= 24) & (number >= 0), truth * 1000 + number, truth)
    prediction = np.where(random.random(SIZE) < 0.5, truth, random.choice(IDS, SIZE))
    return truth, instances, prediction


def official_scores(pairs: list[tuple[str, str]]) -> dict:
    arguments: argparse.Namespace = copy.copy(official.args)
    arguments.quiet, arguments.JSONOutput = True, False
    return official.evaluateImgLists([pair[0] for pair in pairs], [pair[1] for pair in pairs], arguments)


def assert_equal(ours: Scores, theirs: dict) -> None:
    for mine, key in (
        (ours.iou, "classScores"),
        (ours.iiou, "classInstScores"),
        (ours.category_iou, "categoryScores"),
        (ours.category_iiou, "categoryInstScores"),
    ):
        for name, value in theirs[key].items():
            found = mine.get(name, math.nan)
            assert found == pytest.approx(float(value), abs=1e-12, nan_ok=True), f"{key} of {name}"
    assert ours.miou == pytest.approx(theirs["averageScoreClasses"], abs=1e-12, nan_ok=True)
    assert ours.miiou == pytest.approx(theirs["averageScoreInstClasses"], abs=1e-12, nan_ok=True)
    evaluated = theirs["confMatrix"]
    assert np.array_equal(ours.confusion, np.array(evaluated, np.int64))


@pytest.mark.parametrize("seed", range(4))
def test_random_predictions_score_as_the_official_script_says(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    pairs = [write_pair(tmp_path, index, *random_pair(random, IDS)) for index in range(3)]
    assert_equal(score_files(*zip(*pairs, strict=True)), official_scores(pairs))


@pytest.mark.parametrize(
    ("labels", "what"),
    [
        ([7, 11, 23], "classes that are absent from the ground truth"),
        ([0, 1, 2, 3, 4, 5, 6, 9, 10, 29, 30], "nothing but ignored ground truth"),
        ([24, 25, 26, 27, 28, 29, 30, 31, 32, 33], "instances only, ignored ones among them"),
        ([7], "one class"),
    ],
)
def test_adversarial_ground_truths_score_as_the_official_script_says(
    tmp_path: Path, labels: list[int], what: str
) -> None:
    random = np.random.default_rng(7)
    pairs = [write_pair(tmp_path, index, *random_pair(random, labels)) for index in range(2)]
    assert_equal(score_files(*zip(*pairs, strict=True)), official_scores(pairs))


@pytest.mark.parametrize("value", [0, 7, 29, 33])
def test_constant_predictions_score_as_the_official_script_says(tmp_path: Path, value: int) -> None:
    random = np.random.default_rng(8)
    truth, instances, _ = random_pair(random, IDS)
    pairs = [write_pair(tmp_path, 0, truth, instances, np.full(SIZE, value))]
    assert_equal(score_files(*zip(*pairs, strict=True)), official_scores(pairs))


def test_instances_of_one_pixel_score_as_the_official_script_says(tmp_path: Path) -> None:
    random = np.random.default_rng(16)
    truth, _, prediction = random_pair(random, [7, 24, 26, 29])
    instances = np.where(truth >= 24, truth * 1000 + random.integers(0, 1000, SIZE), truth)
    assert np.unique(instances, return_counts=True)[1].min() == 1
    pairs = [write_pair(tmp_path, 0, truth, instances, prediction)]
    assert_equal(score_files(*zip(*pairs, strict=True)), official_scores(pairs))


def test_a_perfect_prediction_scores_one(tmp_path: Path) -> None:
    truth, instances, _ = random_pair(np.random.default_rng(9), IDS)
    scores = score_files(*zip(write_pair(tmp_path, 0, truth, instances, truth), strict=True))
    assert scores.miou == scores.miiou == 1


def test_an_absent_class_leaves_the_mean() -> None:
    counter = ScoreCounter()
    truth = torch.tensor([[7, 7, 8, 8]])
    counter.add(torch.tensor([[7, 7, 8, 7]]), truth)
    scores = counter.scores()
    assert scores.iou["road"] == pytest.approx(2 / 3)
    assert scores.iou["sidewalk"] == pytest.approx(1 / 2)
    assert math.isnan(scores.iou["sky"])
    assert scores.miou == pytest.approx(7 / 12)


def test_scores_are_json_with_null_where_nothing_was_seen() -> None:
    counter = ScoreCounter()
    counter.add(torch.tensor([[7, 7, 8, 7]]), torch.tensor([[7, 7, 8, 8]]))
    scores = counter.scores()
    values = json.loads(json.dumps(scores.to_dict(), allow_nan=False))
    assert values["miou"] == pytest.approx(7 / 12)
    assert values["miiou"] is None
    assert values["iou"] == {name: None if math.isnan(value) else value for name, value in scores.iou.items()}
    assert values["category_iou"]["flat"] == 1
    assert set(values["iiou"].values()) == set(values["category_iiou"].values()) == {None}


def test_different_sizes_are_refused(tmp_path: Path) -> None:
    truth, instances, _ = random_pair(np.random.default_rng(9), IDS)
    prediction, path = write_pair(tmp_path, 0, truth, instances, truth[:30])
    with pytest.raises(DatasetError, match=r"has size \(30, 90\), its ground truth .* \(60, 90\)"):
        score_files([prediction], [path])
    with pytest.raises(ValueError, match="differ in size"):
        ScoreCounter().add(torch.zeros(2, 2), torch.zeros(2, 3))


def test_each_prediction_needs_its_ground_truth(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="1 predictions and 0 ground truths"):
        score_files([tmp_path / "a.png"], [])


def all_nan(values: dict[str, float]) -> bool:
    return bool(values) and all(math.isnan(value) for value in values.values())


def test_without_instances_every_iiou_is_nan_and_iou_is_not() -> None:
    truth = torch.tensor([[24, 26, 26, 7]])
    alone, mixed = ScoreCounter(), ScoreCounter()
    alone.add(torch.tensor([[24, 26, 24, 7]]), truth)
    mixed.add(truth, truth, torch.tensor([[24000, 26000, 26001, 7]]))
    mixed.add(torch.tensor([[24, 26, 24, 7]]), truth)
    assert alone.without == mixed.without == 1
    for scores in (alone.scores(), mixed.scores()):
        assert all_nan(scores.iiou)
        assert all_nan(scores.category_iiou)
        assert math.isnan(scores.miiou)
        assert 0 < scores.iou["person"] < 1


def test_files_without_instances_score_the_same_but_for_iiou(tmp_path: Path) -> None:
    truth, instances, prediction = random_pair(np.random.default_rng(10), IDS)
    pair = write_pair(tmp_path, 0, truth, instances, prediction)
    whole = score_files([pair[0]], [pair[1]])
    Path(pair[1].replace("labelIds", "instanceIds")).unlink()
    scores = score_files([pair[0]], [pair[1]])
    assert scores.iou == pytest.approx(whole.iou, nan_ok=True)
    assert not math.isnan(whole.miiou)
    assert all_nan(scores.iiou)


def as_train_ids(path: str, name: str = "labelTrainIds") -> str:
    """The file again in trainIds, and no longer in labelIds."""
    labels = np.asarray(Image.open(path))
    Path(path).unlink()
    Image.fromarray(LABEL_TO_TRAIN[labels]).save(path.replace("labelIds", name))
    return path.replace("labelIds", name)


@pytest.mark.parametrize("which", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("name", ["labelTrainIds", "trainIds"])
def test_train_ids_are_told_by_their_names(tmp_path: Path, which: tuple[int, ...], name: str) -> None:
    truth, instances, prediction = random_pair(np.random.default_rng(11), IDS)
    evaluated = TRAIN_TO_LABEL[LABEL_TO_TRAIN[prediction.astype(np.uint8)]]
    pair = list(write_pair(tmp_path, 0, truth, instances, evaluated))
    expected = score_files([pair[0]], [pair[1]])
    for side in which:
        pair[side] = as_train_ids(pair[side], name)
    found = score_files([pair[0]], [pair[1]])
    assert found.iou == pytest.approx(expected.iou, nan_ok=True)
    if name == "labelTrainIds" or 1 not in which:
        assert found.iiou == pytest.approx(expected.iiou, nan_ok=True)


def test_a_perfect_prediction_in_train_ids_scores_one(tmp_path: Path) -> None:
    truth, instances, _ = random_pair(np.random.default_rng(12), IDS)
    pair = write_pair(tmp_path, 0, truth, instances, truth)
    scores = score_files([as_train_ids(pair[0])], [pair[1]])
    assert scores.miou == scores.miiou == 1


def test_train_ids_under_the_name_of_label_ids_are_refused_or_told(tmp_path: Path) -> None:
    truth, instances, _ = random_pair(np.random.default_rng(13), IDS)
    pair = write_pair(tmp_path, 0, truth, instances, LABEL_TO_TRAIN[truth])
    with pytest.raises(DatasetError, match=r"\[255\] where labelIds(.|\n)*labelTrainIds"):
        score_files([pair[0]], [pair[1]])
    pair = write_pair(tmp_path, 0, truth, instances, LABEL_TO_TRAIN[truth] % 19)
    with pytest.warns(UserWarning, match="predictions hold nothing above 18"):
        score_files([pair[0]], [pair[1]])
    evaluated = np.where(LABEL_TO_TRAIN[truth] < 255, truth, 7)
    pair = write_pair(tmp_path, 0, LABEL_TO_TRAIN[evaluated], instances, evaluated)
    with pytest.warns(UserWarning, match="ground truths hold nothing above 18"):
        score_files([pair[0]], [pair[1]])


@pytest.mark.parametrize("value", [-1, 34, 255])
@pytest.mark.parametrize("side", ["prediction", "ground truth"])
def test_values_that_are_no_label_ids_are_refused(value: int, side: str) -> None:
    right, wrong = torch.tensor([[7, 8]]), torch.tensor([[7, value]])
    given = (wrong, right) if side == "prediction" else (right, wrong)
    counter = ScoreCounter()
    with pytest.raises(ValueError, match=f"the {side} holds .*labelIds, 0 to 33"):
        counter.add(*given)
    with pytest.raises(ValueError, match="instances"):
        counter.add(right, right, 1000 * wrong)


def test_instances_of_another_picture_are_refused(tmp_path: Path) -> None:
    truth, instances, _ = random_pair(np.random.default_rng(14), IDS)
    pair = write_pair(tmp_path, 0, truth, instances[:30], truth)
    with pytest.raises(DatasetError, match=r"instanceIds.png has size \(30, 90\), .* beside it \(60, 90\)"):
        score_files([pair[0]], [pair[1]])
    pair = write_pair(tmp_path, 0, truth, np.full(SIZE, 60000), truth)
    with pytest.raises(DatasetError, match="values up to 60000 where one instance id per pixel"):
        score_files([pair[0]], [pair[1]])
    with pytest.raises(ValueError, match="instances .* differ in size"):
        ScoreCounter().add(torch.zeros(2, 2), torch.zeros(2, 2), torch.zeros(2, 3))
