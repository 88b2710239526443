"""Figure 4 against the network itself, and against the eye: nothing may lie upon a label."""

from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon
from matplotlib.path import Path
from matplotlib.transforms import Bbox

from thesis_lib.models import ClusterNet
from thesis_lib.models.pspnet import BINS
from thesis_lib.views.architecture import PLACES, architecture, draw_network, trace_shapes
from thesis_lib.views.slabs import Shape

SIZE = (65, 97)
KINDS = [(axis, fusion) for axis in ("pixels", "channels") for fusion in ("concat", "replace")]
THESIS = {
    "backbone": "efficientnet_lite0",
    "n_clusters": 40,
    "axis": "pixels",
    "fusion": "concat",
    "method": "spectral",
}


def network(axis: str = "pixels", fusion: str = "concat") -> ClusterNet:
    return ClusterNet(backbone="resnet18", n_clusters=9, axis=axis, fusion=fusion).eval()


def shapes_of(channels: tuple[int, ...], size: tuple[int, int]) -> dict[str, Shape]:
    """Those of a network with `channels` in layers 1 to 4, by PSPNet's arithmetic: strides 4, 8, 8, 8."""
    quarter, eighth = ((-(-size[0] // stride), -(-size[1] // stride)) for stride in (4, 8))
    last, reduced = channels[3], channels[3] // 4
    shapes = {"image": (3, *size), "layer 1": (channels[0], *quarter), "out": (19, *size)}
    shapes |= {f"layer {i + 1}": (channels[i], *eighth) for i in (1, 2, 3)}
    shapes |= {"cluster layer": (last, *eighth), "fusion": (2 * last, *eighth), "pyramid": (3 * last, *eighth)}
    return shapes | {"head": (19, *eighth), "aux": (19, *eighth)} | {f"bin {n}": (reduced, n, n) for n in BINS}


PAGES = {
    "demo": shapes_of((24, 40, 112, 320), (192, 384)),
    "thesis": shapes_of((256, 512, 1024, 2048), (713, 713)),
    "small": shapes_of((64, 128, 256, 512), (64, 96)),
    "whole frames": shapes_of((256, 512, 1024, 2048), (1024, 2048)),
}


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest) -> Figure:
    return draw_network(PAGES[request.param], THESIS)


def texts(figure: Figure) -> dict[str, str]:
    """What stands below each name."""
    found = [text.get_text() for text in figure.axes[0].texts]
    return {name: below for name, below in pairwise(found) if name in PLACES}


def arrows(figure: Figure) -> dict[str, FancyArrowPatch]:
    return {patch.get_gid(): patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)}


def lines(figure: Figure) -> dict[str, Path]:
    """The arrows without their heads, which are the last four vertices, in points."""
    return {name: Path(arrow.get_path().vertices[:-4]) for name, arrow in arrows(figure).items()}


def boxes(figure: Figure) -> dict[str, Bbox]:
    """Where the letters are, in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    return {f"{i} {text.get_text()}": text.get_window_extent(renderer) for i, text in enumerate(figure.axes[0].texts)}


@pytest.mark.parametrize(("axis", "fusion"), KINDS)
def test_every_shape_is_that_of_the_modules_output(axis: str, fusion: str) -> None:
    model = network(axis, fusion)
    with torch.no_grad():
        layers = model.backbone(torch.rand(1, 3, *SIZE))
        outputs = {f"layer {i + 1}": layer for i, layer in enumerate(layers)}
        outputs |= {"cluster layer": model.cluster(layers[3]), "fusion": model.refine(layers[3])}
        outputs |= {f"bin {n}": model.pyramid.branches[i](outputs["fusion"]) for i, n in enumerate(BINS)}
        outputs["pyramid"] = model.pyramid(outputs["fusion"])
        outputs |= {"head": model.head(outputs["pyramid"]), "aux": model.aux(layers[2])}
        outputs |= {"image": torch.rand(1, 3, *SIZE), "out": model(torch.rand(1, 3, *SIZE))["out"]}
    assert trace_shapes(model, SIZE) == {name: tuple(output.shape[1:]) for name, output in outputs.items()}


def test_the_arithmetic_of_these_tests_is_that_of_the_network() -> None:
    assert trace_shapes(network(), (64, 96)) == PAGES["small"]


def test_the_shapes_stand_below_the_names() -> None:
    figure = architecture(network(), SIZE)
    for name, (channels, height, width) in trace_shapes(network(), SIZE).items():
        assert texts(figure)[name].startswith(f"{channels}\n{height} × {width}")


def test_drawing_leaves_the_model_as_it_was() -> None:
    model = network(axis="channels").train()
    architecture(model, SIZE)
    assert model.training
    assert len(model.cluster.partition) == 0
    assert not any(module._forward_hooks for module in model.modules())


def test_drawing_takes_no_random_numbers_from_the_user() -> None:
    model = network()
    before = torch.get_rng_state()
    trace_shapes(model, SIZE)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_number_of_clusters_the_axis_and_the_fusion_are_named() -> None:
    figure = draw_network(PAGES["demo"], THESIS | {"n_clusters": 12, "axis": "channels", "fusion": "replace"})
    assert texts(figure)["cluster layer"].endswith("12 clusters\nof channels")
    assert texts(figure)["fusion"].endswith("replace")


@pytest.mark.parametrize("fusion", ["concat", "replace"])
def test_the_pyramid_reads_the_fused_map_and_its_pooled_versions(fusion: str) -> None:
    found = arrows(draw_network(PAGES["demo"], THESIS | {"fusion": fusion}))
    into = {name.split(" > ")[0] for name in found if name.endswith("> pyramid")}
    assert into == {"fusion", "bin 1", "bin 2", "bin 3", "bin 6"}


@pytest.mark.parametrize(
    ("fusion", "sources"), [("concat", {"cluster layer", "layer 4"}), ("replace", {"cluster layer"})]
)
def test_only_concat_reads_the_features_themselves(fusion: str, sources: set[str]) -> None:
    found = arrows(draw_network(PAGES["demo"], THESIS | {"fusion": fusion}))
    assert {name.split(" > ")[0] for name in found if name.endswith("> fusion")} == sources


def test_every_arrow_goes_from_slab_to_slab(page: Figure) -> None:
    faces: dict[str, list[np.ndarray]] = {name: [] for name in PLACES}
    for patch in page.axes[0].patches:
        if isinstance(patch, Polygon) and patch.get_gid():
            faces[patch.get_gid()].append(patch.get_xy())
    for name, line in lines(page).items():
        start, end = (np.concatenate(faces[slab])[:, 0] for slab in name.split(" > "))
        assert line.vertices[0][0] == pytest.approx(start.max(), abs=0.1), name
        assert line.vertices[-1][0] == pytest.approx(end.min(), abs=2), name  # less the head's point


def test_no_two_labels_overlap(page: Figure) -> None:
    labels = boxes(page)
    assert [pair for pair in combinations(labels, 2) if labels[pair[0]].overlaps(labels[pair[1]])] == []


def test_no_arrow_runs_through_a_label(page: Figure) -> None:
    labels = boxes(page)
    paths = {name: line.transformed(page.axes[0].transData) for name, line in lines(page).items()}
    assert [(a, b) for a in paths for b in labels if paths[a].intersects_bbox(labels[b], filled=False)] == []


def test_no_slab_covers_a_label(page: Figure) -> None:
    labels = boxes(page)
    faces = [patch for patch in page.axes[0].patches if isinstance(patch, Polygon)]
    shadows = [(face.get_gid(), face.get_path().transformed(page.axes[0].transData).get_extents()) for face in faces]
    assert [(a, b) for a, shadow in shadows for b, box in labels.items() if shadow.overlaps(box)] == []


def test_every_label_is_on_the_page(page: Figure) -> None:
    (left, low), (right, high) = page.bbox.get_points()
    for name, box in boxes(page).items():
        assert left <= box.x0 < box.x1 <= right, name
        assert low <= box.y0 < box.y1 <= high, name
