"""A view as a figure, for files and where no widgets run."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from tests.views.inspector.samples import SIZE, VIEW, Averages, blocks, studio
from thesis_lib.models import PSPNet
from thesis_lib.views.inspector.analysis.studio import Studio
from thesis_lib.views.inspector.headless.figure import inspector_figure, mean_maps, paint_view
from thesis_lib.views.inspector.headless.paint import paint_overlay
from thesis_lib.views.inspector.state.palettes import MOST, palette

VIEWS = {
    "pixels": {},
    "two clusters": {"k": 2},
    "every point": {"k": 32},
    "features": {"palette": "features", "k": 9},
    "outlines": {"outlines": True, "selected": (1,)},
    "last vector": {"vector": MOST},
    "jointly": {"joint": "image/1"},
    "all pairs": {"graph": "full", "preset": "faithful"},
    "few neighbours and positions": {"neighbors": 9, "position": 0.5},
    "channels": {"axis": "channels", "k": 4, "selected": (0, 2)},
    "a colour for channels": {"axis": "channels", "k": 4, "palette": "features"},
}


def changed(**values: object):
    return VIEW.model_copy(update=values)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("values", VIEWS.values(), ids=VIEWS)
def test_every_kind_of_view_has_a_figure(values: dict[str, object]) -> None:
    figure = inspector_figure(studio().show(changed(**values)))
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()


def test_a_figure_says_which_graph_it_is() -> None:
    figure = inspector_figure(studio().show(changed(neighbors=9, position=0.5)))
    assert "recommended, 9 neighbours, local bandwidth, position 0.5" in figure.get_suptitle()
    assert "all pairs" in inspector_figure(studio().show(changed(graph="full"))).get_suptitle()


def test_a_figure_of_a_graph_that_falls_apart_warns() -> None:
    with pytest.warns(UserWarning, match="the graph of 1 nearest neighbours falls into"):
        inspector_figure(studio().show(changed(layer=1, neighbors=1)))


@pytest.mark.filterwarnings("error")
def test_a_network_with_a_head_has_a_figure() -> None:
    torch.manual_seed(0)
    made = Studio({"pspnet": PSPNet(backbone="resnet18")}, [blocks()], size=(64, 128))
    figure = inspector_figure(made.show(changed(network="pspnet", size=(64, 128))))
    assert "prediction" in [axes.get_title() for axes in figure.axes]


def test_the_picture_of_a_view_is_its_labels_in_its_colours() -> None:
    made, view = studio(), changed(k=5, opacity=0.3, palette="cividis", selected=(1, 2))
    analysis = made.analysis(view)
    expected = paint_overlay(
        blocks(), analysis.part(analysis.labels(5), 0), palette("cividis"), opacity=0.3, selected=(1, 2)
    )
    assert np.array_equal(paint_view(made.show(view)), expected)


def test_the_second_picture_of_two_is_painted_with_its_own_labels() -> None:
    made, view = studio(), changed(joint="image/1", opacity=1.0)
    painted = paint_view(made.show(view.model_copy(update={"place": 1})))
    analysis = made.analysis(view)
    cells = np.kron(analysis.part(analysis.labels(view.k), 1), np.ones((16, 16), np.uint8))
    assert np.array_equal(painted, palette("distinct")[cells])


def test_without_a_selected_channel_cluster_the_image_is_shown() -> None:
    assert np.array_equal(paint_view(studio().show(changed(axis="channels", k=4))), blocks())


def test_a_selected_channel_cluster_is_shown_as_heat() -> None:
    view = changed(axis="channels", k=4, selected=(1,), opacity=1.0)
    painted = paint_view(studio().show(view))
    assert not np.array_equal(painted, paint_view(studio().show(view.model_copy(update={"selected": (2,)}))))


def test_mean_maps_are_the_means_of_their_channels_from_0_to_1() -> None:
    shown = studio().show(changed(axis="channels", k=4))
    made, labels = shown.analysis, shown.labels
    maps = mean_maps(shown)
    assert set(maps) == set(labels.tolist())
    for cluster, found in maps.items():
        mean = np.mean([made.channels[0][channel] for channel in np.flatnonzero(labels == cluster)], 0)
        assert (found.min(), found.max()) == pytest.approx((0, 1))
        assert np.corrcoef(found.ravel(), mean.ravel())[0, 1] == pytest.approx(1)


def test_the_colours_of_a_view_are_its_palettes() -> None:
    made = studio()
    for name in ("distinct", "cividis"):
        assert np.array_equal(made.show(changed(palette=name)).colors, palette(name))
    shown = made.show(changed(palette="features"))
    assert np.array_equal(shown.colors, shown.analysis.feature_colors(VIEW.k))


def test_more_clusters_than_points_are_told() -> None:
    with pytest.raises(ValueError, match="33 clusters cannot be made of 32 points"):
        inspector_figure(Studio({"averages": Averages()}, [blocks()], size=SIZE).show(changed(k=33)))
