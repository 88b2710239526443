"""What the browser gets is what was given, packed."""

import zlib

import cv2
import numpy as np
import pytest

from tests.views.inspector.samples import VIEW, blocks, planted
from thesis_lib.exploration.agreement import cell_counts
from thesis_lib.views.inspector.analysis.analysis import Analysis
from thesis_lib.views.inspector.browser.widget import FOLDER, SCRIPTS, ClusterCanvas
from thesis_lib.views.inspector.state.palettes import MOST, palette
from thesis_lib.views.inspector.state.pictures import Picture

CLASSES = np.random.default_rng(0).choice([0, 7, 18, 255], (64, 128)).astype(np.uint8)
PICTURE = Picture("val/street", blocks(), CLASSES, note="made smaller")


def unpacked(content: bytes, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(zlib.decompress(content), dtype).reshape(shape)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    made = Analysis([planted()[0]], VIEW)
    made.labels(6)
    return made


@pytest.fixture(scope="module")
def channels() -> Analysis:
    return Analysis([planted()[0]], VIEW.model_copy(update={"axis": "channels", "anchor": 4}))


@pytest.fixture
def canvas() -> ClusterCanvas:
    made = ClusterCanvas()
    made.show_picture(PICTURE)
    return made


def shown(canvas: ClusterCanvas, analysis: Analysis, index: int = 0) -> ClusterCanvas:
    canvas.show_analysis(analysis, PICTURE, index, "a caption")
    return canvas


def test_a_picture_is_sent_in_its_colours(canvas: ClusterCanvas) -> None:
    found = cv2.imdecode(np.frombuffer(canvas.picture, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(found.astype(int) - PICTURE.image).mean() < 12


def test_the_scene_of_a_picture_has_name_size_and_note(canvas: ClusterCanvas) -> None:
    expected = {"name": "val/street", "size": [64, 128], "note": "made smaller"}
    assert expected.items() <= canvas.scene.items()


def test_classes_are_sent_where_they_are_known(canvas: ClusterCanvas) -> None:
    assert np.array_equal(unpacked(canvas.classes, "u1", CLASSES.shape), CLASSES)


def test_a_photograph_has_no_classes(canvas: ClusterCanvas) -> None:
    canvas.show_picture(Picture("photo/a.jpg", blocks(1)))
    assert canvas.classes == b""


def test_another_picture_leaves_nothing_of_the_one_before(canvas: ClusterCanvas, analysis: Analysis) -> None:
    shown(canvas, analysis).show_maps(analysis, 0)
    canvas.show_prediction(CLASSES)
    canvas.show_affinity(analysis, 0, 3)
    canvas.show_picture(Picture("photo/a.jpg", blocks(1)))
    left = [canvas.maps, canvas.vectors, canvas.channels, canvas.counts, canvas.prediction, canvas.affinity]
    assert left == [b""] * 6
    assert (canvas.map_ks, canvas.affinity_cell) == ([], -1)
    assert "eigenvalues" not in canvas.scene


def test_every_show_has_a_version_of_its_own(canvas: ClusterCanvas, analysis: Analysis) -> None:
    versions = [canvas.scene["version"]]
    for show in (
        lambda: canvas.show_analysis(analysis, PICTURE, 0, "a"),
        lambda: canvas.show_prediction(CLASSES),
        lambda: canvas.show_analysis(analysis, PICTURE, 0, "b"),
        lambda: canvas.show_picture(PICTURE),
    ):
        show()
        versions.append(canvas.scene["version"])
    assert len(set(versions)) == len(versions)


def test_eigenvectors_are_sent_row_by_row(canvas: ClusterCanvas, analysis: Analysis) -> None:
    scene = shown(canvas, analysis).scene
    whole = unpacked(canvas.vectors, "<i2", (MOST, 128))
    found = whole * np.array(scene["limits"])[:, None] / 32767
    np.testing.assert_allclose(found, analysis.clusters.eigenvectors.T.numpy(), atol=1e-4)


def test_the_scene_of_an_analysis_tells_what_was_clustered(canvas: ClusterCanvas, analysis: Analysis) -> None:
    scene = shown(canvas, analysis).scene
    assert (scene["axis"], scene["grid"], scene["points"], scene["caption"]) == ("pixels", [8, 16], 128, "a caption")
    assert scene["eigenvalues"] == analysis.eigenvalues.tolist()
    assert (scene["suggested"], scene["solver"]) == (analysis.suggested, "dense")
    assert scene["name"] == "val/street"


def test_counts_are_sent_for_the_table(canvas: ClusterCanvas, analysis: Analysis) -> None:
    counts = unpacked(shown(canvas, analysis).counts, "<u2", (128, 20))
    assert np.array_equal(counts, cell_counts(CLASSES, (8, 16)))


def test_the_labels_of_every_k_are_sent(canvas: ClusterCanvas, analysis: Analysis) -> None:
    for k in (4, 9):
        analysis.labels(k)
    shown(canvas, analysis).show_maps(analysis, 0)
    assert canvas.map_ks == sorted(analysis.maps)
    maps = unpacked(canvas.maps, "u1", (len(canvas.map_ks), 128))
    assert all(np.array_equal(row, analysis.labels(k)) for k, row in zip(canvas.map_ks, maps, strict=True))


def test_the_colours_of_features_are_sent_for_every_k(canvas: ClusterCanvas, analysis: Analysis) -> None:
    analysis.labels(9)
    shown(canvas, analysis).show_maps(analysis, 0)
    colors = unpacked(canvas.feature_colors, "u1", (len(canvas.map_ks), MOST, 3))
    assert np.array_equal(colors[canvas.map_ks.index(9)], analysis.feature_colors(9))


def test_of_two_pictures_the_second_gets_its_own_points(canvas: ClusterCanvas) -> None:
    both = Analysis([planted()[0], planted(seed=1)[0][:, :6, :10].contiguous()], VIEW)
    labels = both.labels(5)
    shown(canvas, both, 1).show_maps(both, 1)
    assert (canvas.scene["grid"], canvas.scene["points"]) == ([6, 10], 60)
    maps = unpacked(canvas.maps, "u1", (len(canvas.map_ks), 6, 10))
    assert np.array_equal(maps[canvas.map_ks.index(5)], both.part(labels, 1))


def test_channels_are_sent_as_maps_with_a_label_each(canvas: ClusterCanvas, channels: Analysis) -> None:
    labels = channels.labels(4)
    shown(canvas, channels).show_maps(channels, 0)
    assert canvas.scene["axis"] == "channels"
    maps = unpacked(canvas.channels, "<i2", (16, *canvas.scene["channel_grid"]))
    scaled = channels.channels[0] / np.abs(channels.channels[0]).max() * 32767
    assert np.abs(maps - scaled).max() <= 0.51
    sent = unpacked(canvas.maps, "u1", (len(canvas.map_ks), 16))
    assert np.array_equal(sent[canvas.map_ks.index(4)], labels)


def test_a_prediction_is_sent_with_its_size(canvas: ClusterCanvas) -> None:
    canvas.show_prediction(CLASSES[::2, ::2])
    assert canvas.scene["predicted"] == [32, 64]
    assert np.array_equal(unpacked(canvas.prediction, "u1", (32, 64)), CLASSES[::2, ::2])


def test_affinities_of_a_cell_are_sent(canvas: ClusterCanvas, analysis: Analysis) -> None:
    canvas.show_affinity(analysis, 0, 17)
    assert canvas.affinity_cell == 17
    np.testing.assert_allclose(np.frombuffer(canvas.affinity, "<f4"), analysis.affinity(17), rtol=1e-6)


def test_affinities_stay_within_a_cells_own_picture(canvas: ClusterCanvas) -> None:
    both = Analysis([planted()[0], planted(seed=1)[0]], VIEW)
    canvas.show_affinity(both, 1, 17)
    np.testing.assert_allclose(np.frombuffer(canvas.affinity, "<f4"), both.affinity(128 + 17)[128:], rtol=1e-6)


def test_the_browser_has_the_kernels_colours(canvas: ClusterCanvas) -> None:
    for name in ("distinct", "cividis"):
        assert np.array_equal(canvas.palettes[name], palette(name))


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_text_becomes_markup_in_the_browser(script: str) -> None:
    source = (FOLDER / "js" / f"{script}.js").read_text(encoding="utf-8")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "createContextualFragment", "eval("):
        assert word not in source
