"""The controls, and what the canvas shows after each of them."""

import asyncio
import zlib
from pathlib import Path
from threading import get_ident
from typing import Any

import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter

from tests.data.frames import write_dataset
from tests.views.inspector.samples import SIZE, VIEW, Averages, blocks, empty_figure, encoded, inspector, studio
from thesis_lib.data import Cityscapes
from thesis_lib.models import PSPNet
from thesis_lib.views import ClusterInspector
from thesis_lib.views.inspector.controls.pane import Pane
from thesis_lib.views.inspector.state.pictures import Picture, PictureError, read_photo
from thesis_lib.views.inspector.state.view import View

WIDGET = "application/vnd.jupyter.widget-view+json"


def drawn(pane: Pane, k: int) -> np.ndarray:
    """The labels that the browser has for a k."""
    ks = pane.canvas.map_ks
    return np.frombuffer(zlib.decompress(pane.canvas.maps), np.uint8).reshape(len(ks), -1)[ks.index(k)]


def tell(pane: Pane, content: dict[str, Any], *buffers: bytes) -> None:
    """A message as the browser sends it."""
    pane.canvas._handle_custom_msg(content, list(buffers))


def drop(pane: Pane, content: bytes, name: str, parts: int = 1) -> None:
    """A file, as so many messages."""
    step = -(-len(content) // parts)
    for part in range(parts):
        piece = content[part * step : (part + 1) * step]
        tell(pane, {"kind": "file", "name": name, "part": part, "parts": parts}, piece)


CHOICES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "frame": ({"frame": "image/1"}, {"picture": "image/1"}),
    "layer": ({"layer": 1}, {"layer": 1}),
    "axis": ({"axis": "channels"}, {"axis": "channels"}),
    "preset": ({"preset": "faithful"}, {"preset": "faithful"}),
    "graph": ({"graph": "full"}, {"graph": "full"}),
    "neighbors": ({"layer": 1, "neighbors": 6}, {"layer": 1, "neighbors": 6}),
    "position": ({"position": 0.5}, {"position": 0.5}),
    "solver": ({"layer": 1, "solver": "krylov"}, {"layer": 1, "solver": "krylov"}),
    "bandwidth": ({"bandwidth": "median"}, {"bandwidth": "median"}),
    "number": ({"bandwidth": "number", "sigma": 0.2}, {"bandwidth": 0.2}),
}


def chosen(choice: str) -> ClusterInspector:
    """An inspector of which one of the CHOICES was made."""
    made = inspector()
    for name, value in CHOICES[choice][0].items():
        getattr(made.first.controls, name).value = value
    return made


@pytest.mark.parametrize("choice", CHOICES)
def test_a_choice_is_shown(choice: str) -> None:
    made, values = chosen(choice), CHOICES[choice][1]
    made.wait()
    view = View(**{"picture": "image/0", "network": "averages", "size": SIZE, "anchor": 6, "k": 6} | values)
    expected = studio().analysis(view)
    assert made.first.canvas.map_ks == list(range(2, expected.most + 1))
    for k in (2, 6, expected.most):
        assert np.array_equal(drawn(made.first, k), expected.labels(k))


@pytest.mark.parametrize("choice", CHOICES)
def test_a_choice_is_in_the_view(choice: str) -> None:
    made, values = chosen(choice), CHOICES[choice][1]
    assert values.items() <= made.view.model_dump().items()


@pytest.mark.parametrize("choice", CHOICES)
def test_the_labels_are_those_of_the_choice_without_waiting(choice: str) -> None:
    made = chosen(choice)
    labels = made.labels()
    made.wait()
    assert np.array_equal(labels.ravel(), drawn(made.first, 6))


def enabled(made: ClusterInspector) -> set[str]:
    controls = made.first.controls
    return {name for name in ("graph", "neighbors", "position") if not getattr(controls, name).disabled}


def test_the_field_for_a_bandwidth_is_there_when_it_is_wanted() -> None:
    made = inspector()
    assert made.first.controls.sigma.layout.display == "none"
    made.first.controls.bandwidth.value = "number"
    assert made.first.controls.sigma.layout.display is None
    made.wait()


def test_controls_that_would_change_nothing_are_off() -> None:
    made = inspector()
    controls = made.first.controls
    assert enabled(made) == {"graph", "neighbors", "position"}
    controls.graph.value = "full"
    assert enabled(made) == {"graph", "position"}
    controls.graph.value, controls.preset.value = "preset", "faithful"
    assert enabled(made) == {"graph", "position"}
    controls.graph.value, controls.axis.value = "neighbors", "channels"
    assert enabled(made) == {"graph", "neighbors"}
    made.wait()


def test_the_widget_says_which_graph_it_is() -> None:
    made = inspector(layer=1, neighbors=6, position=0.5)
    assert made.first.canvas.scene["graph"] == "the graph of 6 neighbours"
    assert "recommended, 6 neighbours, local bandwidth, position 0.5" in made.first.canvas.scene["caption"]
    made.first.controls.graph.value = "full"
    made.wait()
    assert made.first.canvas.scene["graph"] == "the graph of all pairs"
    assert "recommended, all pairs" in made.first.canvas.scene["caption"]


@pytest.mark.parametrize(("neighbors", "position"), [(6, 0.25), (5000, 300.0)])
def test_a_view_that_is_given_is_in_the_controls(neighbors: int, position: float) -> None:
    values = {"graph": "neighbors", "neighbors": neighbors, "position": position}
    assert values.items() <= inspector(**values).view.model_dump().items()


def test_a_graph_that_falls_apart_is_told() -> None:
    made = inspector(layer=1, neighbors=1)
    assert "first clusters after" in made.first.canvas.status
    assert "the graph of 1 nearest neighbours falls into" in made.first.canvas.status


def test_the_scene_is_that_of_the_choice() -> None:
    made = inspector()
    made.first.controls.frame.value, made.first.controls.layer.value = "image/2", 1
    made.wait()
    scene = made.first.canvas.scene
    assert (scene["name"], scene["grid"], scene["axis"]) == ("image/2", [8, 16], "pixels")


def test_when_all_is_done_nothing_goes_on() -> None:
    canvas = inspector().first.canvas
    assert (canvas.progress, canvas.error) == (-1, "")


def test_moving_k_runs_the_network_only_once() -> None:
    made = inspector()
    for k in (3, 30, 12):
        made.first.canvas.k = k
        made.labels()
    made.wait()
    assert made.studio.network("averages").calls == 1


@pytest.mark.parametrize("k", [2, 7, 32])
def test_k_clusters_are_found(k: int) -> None:
    made = inspector()
    made.first.canvas.k = k
    assert made.labels().shape == (4, 8)
    assert len(np.unique(made.labels())) == k


def test_channels_have_a_label_each() -> None:
    assert inspector(axis="channels", k=4).labels().shape == (12,)


def test_more_clusters_than_points_are_told_with_the_way_out() -> None:
    made = inspector(k=33)
    with pytest.raises(ValueError, match="33 clusters cannot be made of 32 points here: choose 2 to 32"):
        made.labels()


def test_more_clusters_than_points_leave_the_others_to_be_shown() -> None:
    canvas = inspector(k=80).first.canvas
    assert canvas.error == ""
    assert canvas.map_ks == list(range(2, 33))


def test_a_picture_of_one_colour_is_shown() -> None:
    made = ClusterInspector({"averages": Averages()}, [np.full((64, 128, 3), 90, np.uint8)], size=SIZE)
    made.wait()
    assert made.first.canvas.error == ""
    assert np.ptp(made.labels()) == 0


@pytest.mark.parametrize(
    "values",
    [
        {"k": 9},
        {"layer": 2, "preset": "faithful", "solver": "krylov", "bandwidth": 0.5},
        {"axis": "channels", "k": 4},
        {"picture": "image/1", "opacity": 0.25, "palette": "cividis", "outlines": True, "vector": 4},
        {"selected": (1, 3)},
        {"anchor": 12, "k": 6},
    ],
    ids=lambda values: "-".join(values),
)
def test_the_view_to_begin_with_is_the_one_shown(values: dict[str, Any]) -> None:
    assert values.items() <= inspector(**values).view.model_dump().items()


def test_a_value_that_a_view_cannot_have_is_refused() -> None:
    with pytest.raises(ValueError, match="opacity"):
        inspector(opacity=2)


def test_no_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"(?i)image|picture"):
        ClusterInspector({"averages": Averages()}, [], size=SIZE)


def test_a_network_alone_needs_no_name() -> None:
    made = ClusterInspector(Averages(), [blocks()], size=SIZE)
    assert made.view.network == "Averages"


@pytest.mark.parametrize(("by", "names"), [(1, ["1", "2", "0"]), (-1, ["2", "1", "0"])])
def test_steps_go_round(by: int, names: list[str]) -> None:
    made = inspector(3)
    for name in names:
        tell(made.first, {"kind": "step", "by": by})
        made.wait()
        assert made.first.canvas.scene["name"] == made.view.picture == f"image/{name}"


def test_the_buttons_step_too() -> None:
    made = inspector(3)
    made.first.controls.after.click()
    made.first.controls.after.click()
    made.first.controls.before.click()
    assert made.view.picture == "image/1"


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_a_dropped_file_is_put_together_and_shown(parts: int) -> None:
    made = inspector()
    drop(made.first, encoded(blocks(9)), "mine.png", parts)
    made.wait()
    assert made.view.picture == made.first.canvas.scene["name"] == "photo/mine.png"
    assert np.array_equal(made.studio.gallery.open("photo/mine.png").image, blocks(9))


def test_two_files_may_be_dropped_at_once() -> None:
    made = inspector()
    files = {"a.png": encoded(blocks(8)), "b.png": encoded(blocks(9))}
    for part in (0, 1):
        for name, content in files.items():
            piece = (content[:500], content[500:])[part]
            tell(made.first, {"kind": "file", "name": name, "part": part, "parts": 2}, piece)
    made.wait()
    found = [made.studio.gallery.open(f"photo/{name}").image for name in files]
    assert np.array_equal(found, [blocks(8), blocks(9)])


def test_a_drop_that_was_broken_off_can_be_made_again() -> None:
    made, content = inspector(), encoded(blocks(9))
    tell(made.first, {"kind": "file", "name": "mine.png", "part": 0, "parts": 2}, content[:300])
    drop(made.first, content, "mine.png", 2)
    made.wait()
    assert np.array_equal(made.studio.gallery.open("photo/mine.png").image, blocks(9))


def test_a_bad_file_is_told_and_the_picture_stays() -> None:
    made = inspector()
    canvas = made.first.canvas
    before = (canvas.picture, canvas.maps, canvas.scene)
    drop(made.first, b"not a picture, but words", "notes.png", 2)
    made.wait()
    assert "notes.png" in canvas.error
    assert (canvas.picture, canvas.maps, canvas.scene) == before


def test_several_files_at_once_are_all_taken() -> None:
    made = inspector()
    for seed in range(5):
        drop(made.first, encoded(blocks(10 + seed)), f"{seed}.png")
    made.wait()
    assert made.studio.gallery.names[-5:] == [f"photo/{seed}.png" for seed in range(5)]
    assert made.view.picture == "photo/4.png"


@pytest.mark.parametrize("name", ["picture", "joint"])
def test_a_picture_that_is_not_there_is_refused_at_once(name: str) -> None:
    with pytest.raises(PictureError, match="no picture 'nowhere'.*'image/0'"):
        ClusterInspector(Averages(), [blocks(0)], size=SIZE, **{name: "nowhere"})


def test_a_network_that_is_not_there_is_refused_at_once() -> None:
    with pytest.raises(PictureError, match="no network 'nothing'.*Averages"):
        ClusterInspector(Averages(), [blocks(0)], size=SIZE, network="nothing")


def test_the_kernel_is_free_while_a_photograph_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made, threads = inspector(), []

    def read(content: bytes, name: str) -> Picture:
        threads.append(get_ident())
        return read_photo(content, name)

    monkeypatch.setattr("thesis_lib.views.inspector.controls.pane.read_photo", read)
    drop(made.first, encoded(blocks(9)), "mine.png")
    made.wait()
    assert len(threads) == 1
    assert threads != [get_ident()]


@pytest.mark.parametrize("failing", [True, False])
def test_what_is_told_of_a_save_is_no_markup(failing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one place of the panel that takes HTML."""
    made = inspector()

    def export(*_: object) -> Path:
        if failing:
            raise OSError("<b>disk</b> & full")
        return Path("<b>disk</b> & full")

    monkeypatch.setattr("thesis_lib.views.inspector.controls.panel.export", export)
    made.save_later()
    made.wait()
    assert made.saved.value.endswith("&lt;b&gt;disk&lt;/b&gt; &amp; full")


def test_no_control_takes_markup() -> None:
    made, names = compared(), set()
    waiting: list[Any] = [made.panel]
    while waiting:
        one = waiting.pop()
        waiting += getattr(one, "children", ())
        names.add(type(one).__name__)
        assert not getattr(one, "description_allow_html", False)
    assert names & {"HTML", "HTMLMath", "Label", "Output"} == {"HTML"}
    assert {"Dropdown", "ClusterCanvas"} < names


def test_after_a_bad_file_a_good_one_is_shown() -> None:
    made = inspector()
    drop(made.first, b"words", "notes.png")
    drop(made.first, encoded(blocks(9)), "mine.png")
    made.wait()
    assert (made.first.canvas.error, made.first.canvas.scene["name"]) == ("", "photo/mine.png")


def test_another_file_of_the_same_name_is_shown_instead() -> None:
    made = inspector()
    for seed in (8, 9):
        drop(made.first, encoded(blocks(seed)), "image.png")
        made.wait()
    expected = ClusterInspector({"averages": Averages()}, [blocks(9)], size=SIZE, k=6)
    expected.wait()
    assert made.first.canvas.picture == expected.first.canvas.picture
    assert np.array_equal(made.labels(), expected.labels())


def test_a_photograph_of_other_proportions_is_told_if_it_cannot_be_seen() -> None:
    made = inspector()
    drop(made.first, encoded(blocks(size=(64, 640))), "long.png")
    made.wait()
    assert "crop" in made.first.canvas.error


def test_after_a_photograph_the_frames_are_there_again() -> None:
    made = inspector()
    drop(made.first, encoded(blocks(9)), "mine.png")
    made.wait()
    made.first.controls.split.value = "image"
    made.wait()
    assert made.first.canvas.scene["name"] == made.view.picture == "image/0"


@pytest.mark.parametrize("sigma", [0, -1.0, float("nan")])
def test_a_bandwidth_that_cannot_be_is_told_and_the_clusters_stay(sigma: float) -> None:
    made = inspector()
    made.first.controls.bandwidth.value = "number"
    made.wait()
    before = made.first.canvas.maps
    made.first.controls.sigma.value = sigma
    made.wait()
    assert "bandwidth" in made.first.canvas.error
    assert made.first.canvas.maps == before


def test_a_bandwidth_that_can_be_again_takes_the_error_away() -> None:
    made = inspector()
    made.first.controls.bandwidth.value = "number"
    made.first.controls.sigma.value = -1
    made.first.controls.sigma.value = 0.5
    made.wait()
    assert made.first.canvas.error == ""


def test_affinities_are_sent_when_a_cell_is_asked_for() -> None:
    made = inspector()
    tell(made.first, {"kind": "affinity", "cell": 5})
    expected = made.studio.analysis(made.view).affinity(5)
    np.testing.assert_allclose(np.frombuffer(made.first.canvas.affinity, "<f4"), expected, rtol=1e-6)


def test_what_is_cancelled_leaves_what_is_there() -> None:
    made = inspector()
    tell(made.first, {"kind": "cancel"})
    made.wait()
    assert made.first.canvas.progress == -1
    assert len(made.first.canvas.map_ks) == 31


def test_the_key_s_saves(monkeypatch: pytest.MonkeyPatch) -> None:
    made, saved = inspector(), []
    export = "thesis_lib.views.inspector.controls.panel.export"
    monkeypatch.setattr(export, lambda *given: saved.append(given) or Path("there"))
    tell(made.first, {"kind": "save"})
    made.wait()
    assert saved == [(made.studio, made.view)]
    assert made.saved.value == "saved to there"


def test_what_cannot_be_saved_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise ValueError("33 clusters cannot be made of 32 points")

    made = inspector()
    monkeypatch.setattr("thesis_lib.views.inspector.controls.panel.export", refuse)
    tell(made.first, {"kind": "save"})
    made.wait()
    assert "33 clusters" in made.saved.value + made.first.canvas.error


def test_the_eigengap_sets_k() -> None:
    made = inspector()
    made.gap.click()
    assert made.k.value == made.studio.analysis(made.view).suggested


def test_another_network_without_a_head_leaves_no_prediction() -> None:
    torch.manual_seed(0)
    networks = {"pspnet": PSPNet(backbone="resnet18"), "averages": Averages()}
    made = ClusterInspector(networks, [blocks()], size=(64, 128))
    made.wait()
    predicted = made.first.canvas.prediction
    assert np.frombuffer(zlib.decompress(predicted), np.uint8).shape == (64 * 128,)
    made.first.controls.network.value = "averages"
    made.wait()
    assert made.first.canvas.prediction == b""


def test_a_data_set_offers_splits_and_cities(tmp_path: Path) -> None:
    frames = Cityscapes(write_dataset(tmp_path, train=3, val=2), "val")
    made = ClusterInspector(Averages(), frames, size=SIZE, k=6)
    pane = made.first
    assert set(pane.controls.split.options) == {"train", "val"}
    assert list(pane.controls.frame.options) == [f"val/beta_00000{index}_000019" for index in range(2)]
    pane.controls.split.value = "train"
    made.wait()
    assert "alpha" in pane.controls.city.options
    assert list(pane.controls.frame.options) == [f"train/alpha_00000{index}_000019" for index in range(3)]
    assert pane.canvas.scene["name"] == "train/alpha_000000_000019"


def test_a_frames_classes_are_sent(tmp_path: Path) -> None:
    frames = Cityscapes(write_dataset(tmp_path, train=1, val=1), "val")
    made = ClusterInspector(Averages(), frames, size=SIZE, k=6)
    made.wait()
    classes = np.frombuffer(zlib.decompress(made.first.canvas.classes), np.uint8)
    assert np.array_equal(classes, frames.read(0)[1].numpy().ravel())


def alone(name: str) -> np.ndarray:
    """The labels of 6 clusters of a picture without another."""
    return studio().analysis(VIEW.model_copy(update={"picture": name})).labels(6)


def compared(second: str = "image/1", *, joint: bool = False) -> ClusterInspector:
    made = inspector()
    made.compare.value = True
    assert made.second is not None
    made.second.controls.frame.value = second
    made.joint.value = joint
    made.wait()
    return made


def test_a_second_picture_is_shown_beside_the_first() -> None:
    made = compared()
    assert made.second is not None
    assert [pane.canvas.scene["name"] for pane in (made.first, made.second)] == ["image/0", "image/1"]
    assert len(made.panes.children) == 2
    made.compare.value = False
    assert len(made.panes.children) == 1


def test_beside_each_other_pictures_are_clustered_each_for_itself() -> None:
    made = compared()
    assert made.second is not None
    for pane, name in ((made.first, "image/0"), (made.second, "image/1")):
        assert np.array_equal(drawn(pane, 6), alone(name)), name


def test_jointly_two_pictures_are_clustered_as_one() -> None:
    made = compared(joint=True)
    assert made.second is not None
    view = View(picture="image/0", joint="image/1", network="averages", size=SIZE, anchor=6, k=6)
    labels = studio().analysis(view).labels(6)
    assert np.array_equal(np.concatenate([drawn(made.first, 6), drawn(made.second, 6)]), labels)


def test_jointly_a_picture_beside_itself_has_the_same_labels() -> None:
    made = compared("image/0", joint=True)
    assert made.second is not None
    assert np.array_equal(drawn(made.first, 6), drawn(made.second, 6))


def test_jointly_with_positions_a_picture_beside_itself_has_the_same_labels() -> None:
    made = compared("image/0", joint=True)
    made.first.controls.position.value = 0.7
    made.wait()
    assert made.second is not None
    assert made.second.view.position == 0.7
    assert np.array_equal(drawn(made.first, 6), drawn(made.second, 6))


@pytest.mark.parametrize("moved", ["first", "second"])
def test_jointly_another_picture_on_either_side_changes_both(moved: str) -> None:
    made = compared(joint=True)
    assert made.second is not None
    getattr(made, moved).controls.frame.value = "image/2"
    made.wait()
    view = made.view
    labels = made.studio.analysis(view).labels(6)
    assert "image/2" in (view.picture, view.joint)
    assert np.array_equal(np.concatenate([drawn(made.first, 6), drawn(made.second, 6)]), labels)


def test_no_longer_jointly_both_are_clustered_alone_again() -> None:
    made = compared(joint=True)
    made.joint.value = False
    made.wait()
    assert made.second is not None
    for pane, name in ((made.first, "image/0"), (made.second, "image/1")):
        assert np.array_equal(drawn(pane, 6), alone(name)), name


@pytest.mark.parametrize("joint", [False, True])
def test_of_two_pictures_both_are_saved(joint: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thesis_lib.views.inspector.headless.export.inspector_figure", empty_figure)
    folders = compared(joint=joint).save(tmp_path)
    assert len(set(folders)) == 2
    assert all((folder / "picture.png").exists() for folder in folders)


def test_in_a_notebook_the_canvas_changes_on_the_kernels_thread_alone() -> None:
    """Messages of the browser change it on that thread too."""
    threads = []

    async def cell() -> None:
        made = ClusterInspector({"averages": Averages()}, [blocks(0), blocks(1)], size=SIZE, k=6)
        made.first.canvas.observe(lambda _: threads.append(get_ident()))
        made.first.controls.frame.value = "image/1"
        while len(made.first.canvas.map_ks) < 31 or made.first.canvas.progress >= 0:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(cell(), 20))
    assert set(threads) == {get_ident()}


def test_in_a_notebook_it_is_a_widget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLUSTERNET_HEADLESS", raising=False)
    data, _ = DisplayFormatter().format(inspector())
    assert WIDGET in data


def test_without_a_head_it_is_a_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERNET_HEADLESS", "1")
    data, _ = DisplayFormatter().format(inspector())
    assert data.get("image/png")
    assert WIDGET not in data
