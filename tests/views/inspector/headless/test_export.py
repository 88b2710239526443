"""What is saved can be read, and shown again."""

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.data.frames import write_dataset
from tests.views.inspector.samples import SIZE, VIEW, Averages, blocks, empty_figure, encoded, inspector, studio
from thesis_lib.data import Cityscapes
from thesis_lib.exploration.agreement import cell_counts
from thesis_lib.files import write_table
from thesis_lib.views.inspector.__main__ import main
from thesis_lib.views.inspector.analysis.analysis import cluster_table
from thesis_lib.views.inspector.analysis.studio import Studio
from thesis_lib.views.inspector.headless.export import export, restore
from thesis_lib.views.inspector.headless.figure import paint_view
from thesis_lib.views.inspector.state.pictures import read_photo
from thesis_lib.views.inspector.state.view import View

FRAME, OTHER = "val/beta_000000_000019", "val/beta_000001_000019"
PHOTO = "photo/my street.v2.jpg"
PANEL = "thesis_lib.views.inspector.headless.export.inspector_figure"
VIEWS: dict[str, dict[str, object]] = {
    "pixels": {},
    "far from the anchor": {"anchor": 20, "k": 4},
    "drawn otherwise": {"palette": "features", "opacity": 0.3, "selected": (1, 2)},
    "outlines": {"outlines": True, "palette": "cividis"},
    "layer 1": {"layer": 1, "k": 50, "solver": "krylov", "bandwidth": 0.5},
    "the full graph": {"graph": "full", "preset": "faithful"},
    "few neighbours and positions": {"neighbors": 4, "position": 0.5, "layer": 1},
    "channels": {"axis": "channels", "k": 4, "selected": (0,)},
    "jointly": {"joint": OTHER},
    "a photograph": {"picture": PHOTO},
    "a frame and a photograph": {"joint": PHOTO},
}
MakeStudio = Callable[..., Studio]


@pytest.fixture
def make_studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeStudio:
    """Studios of a tiny profile, each with nothing computed yet."""
    root = write_dataset(tmp_path / "data", train=1, val=2)

    def make(profile: str = "tiny", overrides: str = "") -> Studio:
        frames = Cityscapes(root, "val")
        return Studio({"averages": Averages()}, frames, size=SIZE, profile=profile, overrides=overrides)

    monkeypatch.setattr(Studio, "of_profile", make)
    monkeypatch.setattr(PANEL, empty_figure)
    return make


def view_of(**values: object) -> View:
    return VIEW.model_copy(update={"profile": "tiny", "picture": FRAME} | values)


def with_photo(studio: Studio) -> Studio:
    studio.gallery.add(read_photo(encoded(blocks(7)), PHOTO.removeprefix("photo/")))
    return studio


def read_png(file: Path) -> np.ndarray:
    """As it is in the file, RGB or grey."""
    pixels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    return pixels[..., ::-1] if pixels.ndim == 3 else pixels


def full_disk(*_: object, **__: object) -> None:
    raise OSError("no space left on the device")


def test_every_file_is_there(make_studio: MakeStudio, tmp_path: Path) -> None:
    folder = export(make_studio(), view_of(), folder=tmp_path / "out")
    assert folder.parent == tmp_path / "out"
    names = {"picture.png", "labels.png", "labels.npz", "clusters.csv", "view.toml"}
    found = {file.name for file in folder.iterdir()}
    assert names < found
    assert {file.suffix for file in folder.iterdir() if file.stem == folder.name} >= {".png", ".pdf"}


def test_the_panel_can_be_read(tmp_path: Path) -> None:
    folder = export(studio(), VIEW, folder=tmp_path / "out")
    assert read_png(folder / f"{folder.name}.png").std() > 10
    assert (folder / f"{folder.name}.pdf").read_bytes().startswith(b"%PDF")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_nothing_but_the_export_is_left(make_studio: MakeStudio, tmp_path: Path) -> None:
    folder = export(make_studio(), view_of(), folder=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == [folder]
    assert not list(folder.rglob("*.tmp"))


STEPS = ("inspector_figure", "save_figure", "write_png", "write_table", "_replace")


@pytest.mark.parametrize("step", STEPS)
def test_an_export_that_fails_leaves_no_folder(
    step: str, make_studio: MakeStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_studio()
    monkeypatch.setattr(f"thesis_lib.views.inspector.headless.export.{step}", full_disk)
    with pytest.raises(OSError, match="no space"):
        export(made, view_of(), folder=tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("step", STEPS)
def test_an_export_that_fails_leaves_what_was_there(
    step: str, make_studio: MakeStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_studio()
    before = contents(export(made, view_of(), folder=tmp_path / "out"))
    monkeypatch.setattr(f"thesis_lib.views.inspector.headless.export.{step}", full_disk)
    with pytest.raises(OSError, match="no space"):
        export(made, view_of(), folder=tmp_path / "out")
    (folder,) = (tmp_path / "out").iterdir()
    assert contents(folder) == before


def test_a_folder_that_cannot_be_replaced_stays(
    make_studio: MakeStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_studio()
    folder = export(made, view_of(), folder=tmp_path / "out")
    before, rename = contents(folder), Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name == target.name:  # the new one into its place
            full_disk()
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="no space"):
        export(made, view_of(), folder=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == [folder]
    assert contents(folder) == before


def test_an_export_appears_whole(make_studio: MakeStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its last file is written, there is nothing under its name."""
    made, seen = make_studio(), []

    def write(path: Path, *rest: object) -> None:
        seen.extend(one.name for one in (tmp_path / "out").iterdir() if not one.name.startswith("."))
        write_table(path, *rest)

    monkeypatch.setattr("thesis_lib.views.inspector.headless.export.write_table", write)
    folder = export(made, view_of(), folder=tmp_path / "out")
    assert seen == []
    assert {"clusters.csv", "view.toml"} < set(contents(folder))


def test_what_an_earlier_version_left_in_the_folder_is_gone(make_studio: MakeStudio, tmp_path: Path) -> None:
    made = make_studio()
    folder = export(made, view_of(), folder=tmp_path / "out")
    (folder / "old.png").write_bytes(b"old")
    assert export(made, view_of(), folder=tmp_path / "out") == folder
    assert not (folder / "old.png").exists()


@pytest.mark.parametrize("axis", ["pixels", "channels"])
def test_the_labels_saved_are_those_of_the_inspector(
    axis: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PANEL, empty_figure)
    made = inspector(axis=axis, k=5)
    (folder,) = made.save(tmp_path)
    with np.load(folder / "labels.npz") as saved:
        assert np.array_equal(saved["labels"], made.labels())
        assert saved["k"] == 5
        assert np.array_equal(read_png(folder / "labels.png"), np.atleast_2d(saved["labels"]))


def test_the_picture_saved_is_the_one_painted(make_studio: MakeStudio, tmp_path: Path) -> None:
    made, view = make_studio(), view_of(selected=(1,), opacity=0.4)
    folder = export(made, view, folder=tmp_path / "out")
    assert np.array_equal(read_png(folder / "picture.png"), paint_view(made.show(view)))


def test_the_table_saved_is_that_of_the_clusters(make_studio: MakeStudio, tmp_path: Path) -> None:
    made, view = make_studio(), view_of()
    folder = export(made, view, folder=tmp_path / "out")
    with (folder / "clusters.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    shown = made.show(view)
    assert shown.picture.classes is not None
    expected = cluster_table(shown.labels, cell_counts(shown.picture.classes, shown.analysis.grids[0]))
    assert found == [{key: str(value) for key, value in row.items()} for row in expected]


@pytest.mark.parametrize("values", VIEWS.values(), ids=VIEWS)
def test_a_saved_view_is_shown_again_to_the_byte(
    values: dict[str, object], make_studio: MakeStudio, tmp_path: Path
) -> None:
    view = view_of(**values)
    folder = export(with_photo(make_studio()), view, folder=tmp_path / "out")
    made, again = restore(folder / "view.toml")
    assert again == view
    other = export(made, again, folder=tmp_path / "again")
    for name in ("picture.png", "labels.png", "clusters.csv"):
        assert (other / name).read_bytes() == (folder / name).read_bytes(), name


def test_both_of_two_pictures_are_shown_again_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PANEL, empty_figure)
    made = inspector()
    made.compare.value = True
    made.second.controls.frame.value = "image/1"
    made.joint.value = True
    made.wait()
    monkeypatch.setattr(Studio, "of_profile", lambda profile, overrides: studio(3))
    for number, folder in enumerate(made.save(tmp_path / "out")):
        again = shown_again(folder / "view.toml", tmp_path / f"again{number}", monkeypatch)
        assert (again / "picture.png").read_bytes() == (folder / "picture.png").read_bytes(), number


def shown_again(file: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command line writes."""
    monkeypatch.setattr(sys, "argv", ["inspector", str(file), "--output", str(output)])
    assert main() == 0
    (folder,) = output.iterdir()
    return folder


def test_a_photograph_travels_with_its_view(make_studio: MakeStudio, tmp_path: Path) -> None:
    folder = export(with_photo(make_studio()), view_of(picture=PHOTO), folder=tmp_path / "out")
    moved = folder.rename(tmp_path / "elsewhere")
    made, view = restore(moved / "view.toml")
    assert np.array_equal(made.gallery.open(view.picture).image, blocks(7))


def test_two_photographs_that_differ_by_their_ending_travel_both(make_studio: MakeStudio, tmp_path: Path) -> None:
    made = make_studio()
    for seed, name in enumerate(("street.jpg", "street.png")):
        made.gallery.add(read_photo(encoded(blocks(seed)), name))
    view = view_of(picture="photo/street.jpg", joint="photo/street.png")
    restored, _ = restore(export(made, view, folder=tmp_path / "out") / "view.toml")
    for seed, name in enumerate((view.picture, view.joint)):
        assert np.array_equal(restored.gallery.open(name).image, blocks(seed)), name


def test_a_photograph_that_is_gone_is_told(make_studio: MakeStudio, tmp_path: Path) -> None:
    folder = export(with_photo(make_studio()), view_of(picture=PHOTO), folder=tmp_path / "out")
    for file in (folder / "photo").iterdir():
        file.unlink()
    with pytest.raises(FileNotFoundError, match="the photograph of this view is not beside it"):
        restore(folder / "view.toml")


def test_an_export_over_an_older_one_replaces_it(make_studio: MakeStudio, tmp_path: Path) -> None:
    view = view_of()
    folder = export(make_studio(), view, folder=tmp_path / "out")
    before = {name: (folder / name).read_bytes() for name in ("picture.png", "labels.png", "clusters.csv")}
    for name in before:
        (folder / name).write_bytes(b"of an older version")
    assert export(make_studio(), view, folder=tmp_path / "out") == folder
    assert {name: (folder / name).read_bytes() for name in before} == before


@pytest.mark.parametrize("change", [{"preset": "faithful"}, {"opacity": 0.1}, {"joint": OTHER}, {"anchor": 9}])
def test_another_view_leaves_an_earlier_export_alone(
    change: dict[str, object], make_studio: MakeStudio, tmp_path: Path
) -> None:
    made = make_studio()
    folder = export(made, view_of(), folder=tmp_path / "out")
    saved = (folder / "view.toml").read_bytes()
    export(made, view_of(**change), folder=tmp_path / "out")
    assert (folder / "view.toml").read_bytes() == saved


def test_a_view_is_shown_again_on_the_command_line(
    make_studio: MakeStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = export(make_studio(), view_of(), folder=tmp_path / "out")
    again = shown_again(folder / "view.toml", tmp_path / "again", monkeypatch)
    assert capsys.readouterr().out.strip() == str(again)
    assert (again / "picture.png").read_bytes() == (folder / "picture.png").read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("k = ", "this is not TOML"),
        ('picture = "a"\nnetwork = "b"\nk = 1', "k: "),
        ('picture = "nowhere"\nnetwork = "averages"', "no picture 'nowhere'"),
        (f'picture = "{FRAME}"\nnetwork = "nothing"', "no network 'nothing'"),
        (f'picture = "{FRAME}"\nnetwork = "averages"\nsize = [32, 64]\nk = 33', "33 clusters cannot be made"),
    ],
)
def test_a_view_that_cannot_be_shown_is_told_on_the_command_line(
    text: str,
    message: str,
    make_studio: MakeStudio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "view.toml").write_text(text)
    monkeypatch.setattr(sys, "argv", ["inspector", str(tmp_path / "view.toml"), "--output", str(tmp_path / "out")])
    assert main() == 2
    assert message in capsys.readouterr().err


def test_a_view_that_cannot_be_shown_leaves_no_folder(make_studio: MakeStudio, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="33 clusters"):
        export(make_studio(), view_of(k=33), folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()
