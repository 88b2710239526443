"""Figures 8 to 12 show the scores that they are given, and PSPNet and ClusterNet apart even in grey."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.container import BarContainer

from tests.views.grey import contrast
from tests.views.samples import CONFUSION, IMAGES, IOU, LOGS, MIOU, RESULTS, TRUTHS
from thesis_lib.data.labels import BY_NAME, CLASS_NAMES, CLASSES, IGNORE
from thesis_lib.views.data_figures import colorize
from thesis_lib.views.result_figures import (
    ablation,
    class_scores,
    confusion_matrix,
    predictions,
    running_mean,
    training_curves,
)
from thesis_lib.views.style import BASELINE, CLUSTERED


def bars(axes: Axes) -> dict[str, BarContainer]:
    return {container.get_label().split(",")[0]: container for container in axes.containers}


@pytest.mark.parametrize("model", ["PSPNet", "ClusterNet"])
def test_a_bar_is_as_high_as_the_classs_iou(model: str) -> None:
    axes = class_scores(IOU, MIOU).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == list(CLASS_NAMES)
    assert [bar.get_height() for bar in bars(axes)[model]] == [IOU[model][name] for name in CLASS_NAMES]


def test_each_bar_stands_beside_its_classs_name() -> None:
    for container, side in zip(class_scores(IOU, MIOU).axes[0].containers, (-0.2, 0.2), strict=True):
        middles = [bar.get_x() + bar.get_width() / 2 for bar in container]
        assert middles == pytest.approx(np.arange(19) + side)


def test_an_absent_class_is_left_blank() -> None:
    iou = {model: scores | {"train": float("nan")} for model, scores in IOU.items()}
    heights = [
        container[CLASS_NAMES.index("train")].get_height() for container in class_scores(iou, MIOU).axes[0].containers
    ]
    assert heights == [0, 0]


def test_the_key_gives_the_miou_of_each_model() -> None:
    texts = [text.get_text() for text in class_scores(IOU, MIOU).legends[0].texts]
    assert texts == [f"{model}, mIoU {MIOU[model]:.3f}" for model in ("PSPNet", "ClusterNet")]


def test_bars_of_the_two_models_differ_in_grey_by_hatching() -> None:
    found = bars(class_scores(IOU, MIOU).axes[0])
    assert {bar.get_hatch() for bar in found["PSPNet"]} == {""}
    assert {bar.get_hatch() for bar in found["ClusterNet"]} == {"////"}


def test_a_model_has_one_colour_in_every_figure() -> None:
    expected = {"PSPNet": to_rgb(BASELINE), "ClusterNet": to_rgb(CLUSTERED)}
    found = bars(class_scores(IOU, MIOU).axes[0])
    assert {model: container[0].get_facecolor()[:3] for model, container in found.items()} == expected
    lines = [line for axes in training_curves(LOGS).axes for line in axes.lines if line.get_label() in expected]
    assert [to_rgb(line.get_color()) for line in lines] == [expected[line.get_label()] for line in lines]


def test_both_losses_are_drawn_at_their_steps_and_smoothed() -> None:
    lines = training_curves(LOGS).axes[0].lines
    for (model, log), raw, mean in zip(LOGS.items(), lines[::2], lines[1::2], strict=True):
        assert raw.get_xydata().tolist() == np.transpose([log["step"], log["main_loss"]]).tolist()
        assert mean.get_ydata().tolist() == running_mean(log["main_loss"]).tolist()
        assert mean.get_label() == model


def test_miou_is_drawn_only_where_it_was_measured() -> None:
    for line, log in zip(training_curves(LOGS).axes[1].lines, LOGS.values(), strict=True):
        assert line.get_xdata().tolist() == [4, 8]  # after steps 3 and 7, counted from 0
        assert line.get_ydata().tolist() == log["miou"][[3, 7]].tolist()


@pytest.mark.parametrize("panel", [0, 1])
def test_curves_of_the_two_models_differ_in_grey_by_their_dashes(panel: int) -> None:
    lines = [line for line in training_curves(LOGS).axes[panel].lines if line.get_label() in LOGS]
    assert len({line.get_linestyle() for line in lines}) == 2


def test_a_running_mean_is_the_mean_of_what_was_so_far() -> None:
    values = np.random.default_rng(0).normal(size=40)
    expected = [values[max(0, i - 4) : i + 1].mean() for i in range(40)]
    assert running_mean(values, window=5) == pytest.approx(np.array(expected))


def shares() -> np.ndarray:
    """(19, 19) percent that the confusion matrix shows; its greys are of their roots."""
    return confusion_matrix(CONFUSION, "ClusterNet").axes[0].images[0].get_array().data ** 2


def test_rows_of_the_confusion_matrix_are_percent_of_their_class() -> None:
    assert shares().sum(1) == pytest.approx(np.full(19, 100))


def test_a_pixel_stands_in_the_row_of_its_truth() -> None:
    confusion = np.zeros((34, 34), int)
    confusion[BY_NAME["car"].id, BY_NAME["truck"].id] = 5
    axes = confusion_matrix(confusion, "").axes[0]
    (text,) = axes.texts
    row, column = CLASS_NAMES.index("car"), CLASS_NAMES.index("truck")
    assert (text.get_text(), text.get_position()) == ("100", (column, row))
    assert np.argwhere(axes.images[0].get_array()).tolist() == [[row, column]]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(CLASS_NAMES)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "ground truth")


def test_labels_that_are_not_evaluated_do_not_change_the_confusion_matrix() -> None:
    evaluated = [label.id for label in CLASSES]
    alone = np.zeros_like(CONFUSION)
    alone[np.ix_(evaluated, evaluated)] = CONFUSION[np.ix_(evaluated, evaluated)]
    shown = confusion_matrix(alone, "").axes[0].images[0].get_array().data ** 2
    assert np.array_equal(shown, shares())


def test_every_number_can_be_read_on_its_grey() -> None:
    """Contrast of at least 4.5, as WCAG asks of letters."""
    ids, confusion = [label.id for label in CLASSES], np.zeros((34, 34), int)
    for row, share in enumerate(range(13, 51, 2)):
        confusion[ids[row], ids[:2]] = share, 100 - share
    axes = confusion_matrix(confusion, "").axes[0]
    shown = axes.images[0]
    for text in axes.texts:
        column, row = text.get_position()
        behind = shown.to_rgba(shown.get_array())[row, column, :3]
        assert contrast(behind, to_rgb(text.get_color())) >= 4.5, text


def test_predictions_stand_beside_image_and_truth() -> None:
    predicted = {"PSPNet": TRUTHS[::-1], "ClusterNet": (TRUTHS + 1) % 19}
    axes = np.array(predictions(IMAGES, TRUTHS, predicted).axes).reshape(5, 4)
    assert [one.get_title() for one in axes[0]] == ["image", "ground truth", "PSPNet", "ClusterNet"]
    for row, (image, truth) in enumerate(zip(IMAGES, TRUTHS, strict=True)):
        shown = [one.images[0].get_array() for one in axes[row]]
        judged = truth != IGNORE
        assert np.array_equal(shown[0], image)
        assert np.array_equal(shown[1], colorize(truth))
        for picture, labels in zip(shown[2:], predicted.values(), strict=True):
            assert np.array_equal(picture[judged], colorize(labels[row])[judged])


def test_a_prediction_where_the_truth_is_ignored_is_paler() -> None:
    truth = np.array([[[IGNORE, 0]]], np.uint8)
    predicted = {"PSPNet": np.zeros((1, 1, 2), np.uint8)}
    pale, full = predictions(np.zeros((1, 1, 2, 3), np.uint8), truth, predicted).axes[2].images[0].get_array()[0]
    assert (pale > full).all()


def test_the_line_of_the_ablation_goes_through_the_means_over_the_seeds() -> None:
    again = [*RESULTS, *(type(one)(**vars(one) | {"seed": 1, "miou": one.miou + 0.1}) for one in RESULTS)]
    lines = {line.get_label(): line for line in ablation(again, 40).axes[0].lines}
    means = lines["spectral, pixels, concat"].get_xydata()
    assert means == pytest.approx(np.array([[k, 0.5 + k / 1000 + 0.05] for k in (10, 20, 40)]))


def test_the_pspnet_is_a_line_at_its_mean() -> None:
    left, right = ablation(RESULTS, 40).axes
    assert next(line for line in left.lines if "PSPNet" in line.get_label()).get_ydata() == pytest.approx([0.45, 0.45])
    assert right.lines[-1].get_xdata() == pytest.approx([0.45, 0.45])


def test_every_kind_stands_in_its_row_at_the_chosen_k() -> None:
    right = ablation(RESULTS, 40).axes[1]
    names = dict(zip(right.get_yticks(), (label.get_text() for label in right.get_yticklabels()), strict=True))
    points = {names[line.get_ydata()[0]]: line.get_xdata() for line in right.lines[:-1]}
    assert points == {
        "spectral, pixels, concat": pytest.approx([0.54]),
        "spectral, pixels, replace": pytest.approx([0.46]),
        "kmeans, pixels, concat": pytest.approx([0.48]),
    }


def test_the_key_of_the_ablation_can_be_read_in_grey() -> None:
    """The kinds by their marks, the PSPNet by its dashes."""
    key = ablation(RESULTS, 40).axes[0].get_legend()
    looks = {
        text.get_text(): (line.get_marker(), line.get_linestyle())
        for text, line in zip(key.texts, key.get_lines(), strict=True)
    }
    assert len(looks) == len(set(looks.values())) == 3
    assert looks["PSPNet, no clusters"] == ("None", "--")
