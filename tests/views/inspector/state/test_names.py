"""Whatever a picture is called, what is written of it lies in its folder."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.views.inspector.samples import SIZE, VIEW, Averages, blocks, empty_figure, encoded
from thesis_lib.views.inspector.__main__ import main
from thesis_lib.views.inspector.analysis.studio import Studio
from thesis_lib.views.inspector.headless.export import export, restore
from thesis_lib.views.inspector.headless.figure import inspector_figure
from thesis_lib.views.inspector.state.names import RESERVED, file_name, plain
from thesis_lib.views.inspector.state.pictures import Picture, read_photo
from thesis_lib.views.inspector.state.view import View

NAMES = [
    "../../up.jpg",
    "..",
    ".",
    "",
    "/etc/passwd",
    "//server/share",
    "a/../../b.png",
    "~/x",
    ".hidden",
    "a\x00b.png",
]
NAMES += [
    "..\\..\\up.jpg",
    "C:\\Windows\\x.png",
    "C:x.png",
    "\\\\?\\C:\\x",
    "CON",
    "con.png",
    "nul.",
    "COM1.jpg",
    "aux .x",
]
NAMES += ["end.", "end ", " start", "a\nb.png", "a\tb", "x" * 234, "x" * 400 + ".jpg", "ä" * 200, "東京" * 90, "😀.png"]
NAMES += ["e\u0301.png", "\u202egnp.exe", "<b>a</b>.png", 'a"b?.png', "a|b*.png", "$x_$.png", r"$\frac{1}$", "%s{}.png"]
NAMES += ["-rf", "--output", "café.jpg", "my street.v2.jpg"]


def studio() -> Studio:
    return Studio({"averages": Averages()}, [blocks()], size=SIZE)


@pytest.fixture(autouse=True)
def _studio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Studio, "of_profile", lambda profile, overrides: studio())


@pytest.fixture
def small_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thesis_lib.views.inspector.headless.export.inspector_figure", empty_figure)


def files(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*") if file.is_file()}


@pytest.mark.usefixtures("small_figure")
@pytest.mark.parametrize("name", NAMES)
def test_an_export_stays_within_its_folder_and_is_shown_again(name: str, tmp_path: Path) -> None:
    made, out = studio(), tmp_path / "a" / "b" / "out"
    made.gallery.add(Picture(f"photo/{name}", blocks(5)))
    folder = export(made, VIEW.model_copy(update={"picture": f"photo/{name}"}), folder=out)
    assert folder.parent == out
    assert all(file.is_relative_to(folder) for file in files(tmp_path))
    assert {file.parent for file in files(folder)} == {folder, folder / "photo"}
    again, view = restore(folder / "view.toml")
    assert view.picture == f"photo/{name}"
    assert np.array_equal(again.gallery.open(view.picture).image, blocks(5))


@pytest.mark.usefixtures("small_figure")
def test_two_photographs_with_names_that_are_alike_are_kept_apart(tmp_path: Path) -> None:
    made = studio()
    for seed, name in enumerate(("a/b.png", "a\\b.png")):
        made.gallery.add(Picture(f"photo/{name}", blocks(seed)))
    view = VIEW.model_copy(update={"picture": "photo/a/b.png", "joint": "photo/a\\b.png"})
    again, _ = restore(export(made, view, folder=tmp_path) / "view.toml")
    assert np.array_equal(again.gallery.open("photo/a/b.png").image, blocks(0))
    assert np.array_equal(again.gallery.open("photo/a\\b.png").image, blocks(1))


@pytest.mark.usefixtures("small_figure")
@pytest.mark.parametrize("network", ["../../net", "a\\b", "x" * 300, "NUL", "study/best", "\x00"])
def test_a_networks_name_stays_within_the_folder_too(network: str, tmp_path: Path) -> None:
    made = Studio({network: Averages()}, [blocks()], size=SIZE)
    folder = export(made, VIEW.model_copy(update={"network": network}), folder=tmp_path / "a" / "out")
    assert folder.parent == tmp_path / "a" / "out"
    assert all(file.parent == folder for file in files(tmp_path))


@pytest.mark.usefixtures("small_figure")
@pytest.mark.parametrize("name", ["../../secret", "/secret"])
def test_a_view_reads_no_picture_from_elsewhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(blocks()).save(tmp_path / "secret.png")
    folder = tmp_path / "a"
    (folder / "photo").mkdir(parents=True)
    (folder / "view.toml").write_text(View(picture=f"photo/{name}", network="averages", size=SIZE).to_toml())
    monkeypatch.setattr(sys, "argv", ["inspector", str(folder / "view.toml"), "--output", str(tmp_path / "out")])
    assert main() == 2
    assert "is not beside it" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"words"])
def test_a_damaged_photograph_beside_a_view_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo").mkdir()
    (tmp_path / "photo" / "a.jpg.png").write_bytes(content)
    (tmp_path / "view.toml").write_text(View(picture="photo/a.jpg", network="averages", size=SIZE).to_toml())
    with pytest.raises(ValueError, match=r"a\.jpg\.png is not an image"):
        restore(tmp_path / "view.toml")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_one_that_every_system_takes(name: str) -> None:
    found = file_name(name)
    assert found not in ("", ".", "..")
    assert not set(found) & set('/\\:*?"<>|\0\n\t')
    assert len(f"{found}.png".encode()) < 200
    assert found.partition(".")[0].strip().upper() not in RESERVED
    assert found == found.strip(" .")


def test_names_that_are_fine_stay_and_others_differ() -> None:
    assert file_name("my street.v2.jpg") == "my street.v2.jpg"
    assert file_name("café.jpg") == "café.jpg"
    assert len({file_name(name) for name in NAMES}) == len(NAMES)


def test_a_name_is_cut_between_its_characters() -> None:
    assert plain("東京" * 50, 10) == "東京東"


@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")
@pytest.mark.parametrize("name", ["$x_$.png", r"$\frac{1}$", "a\nb\x00", "x" * 400, "_^{}$", "<b>a</b>", "😀"])
def test_any_name_stands_in_the_figure_as_it_is(name: str) -> None:
    made = studio()
    made.gallery.add(Picture(f"photo/{name}", blocks(5)))
    figure = inspector_figure(made.show(VIEW.model_copy(update={"picture": f"photo/{name}"})))
    figure.canvas.draw()
    title = figure.get_suptitle()
    assert max(len(line) for line in title.split("\n")) < 100
    assert title.count("\n") == 1
    assert title.startswith(f"photo/{name[:2]}".strip())


def test_a_dropped_file_of_any_name_is_shown_and_saved_as_a_view() -> None:
    made = studio()
    for name in [*NAMES, "half\ud800.png"]:
        added = made.gallery.add(read_photo(encoded(blocks(3)), name))
        view = VIEW.model_copy(update={"picture": added})
        assert View.from_toml(view.to_toml()) == view
