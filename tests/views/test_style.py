"""How figures are saved: completely or not at all, the same bytes each time, and with their origin inside."""

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from thesis_lib.views import save_figure, show_figure
from thesis_lib.views.provenance import Provenance
from thesis_lib.views.style import DPI, WIDTH, new_figure, thesis_figure


def plain(height: float = 1.0) -> Figure:
    """A line and no letters, which take a PDF half a second."""
    figure = new_figure(height)
    figure.add_artist(Line2D((0, 1), (0, 1)))
    return figure


@thesis_figure
def rich() -> Figure:
    """All that could vary between two drawings: letters, a hatch, an image and a legend."""
    figure = new_figure(2)
    left, right = figure.subplots(1, 2)
    left.plot([1, 2, 3], [3, 1, 2], label="λ of the k-th")
    left.bar([1, 2], [1, 2], hatch="////", label="PSPNet")
    left.legend()
    right.imshow([[0, 1], [2, 3]])
    return figure


class FullDisk(Artist):
    """Draws until a file of one kind is written: then the disk is full."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.canvas = f"FigureCanvas{'Agg' if kind == 'png' else 'Pdf'}"

    def draw(self, renderer: Any) -> None:
        assert self.figure is not None
        if type(self.figure.canvas).__name__ == self.canvas:
            raise OSError("No space left on device")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_figure_becomes_a_png_and_a_pdf(tmp_path: Path, provenance: Provenance) -> None:
    png, pdf = save_figure(plain(), "01_curve", tmp_path / "figures" / "demo", provenance)
    assert (png.name, pdf.name) == ("01_curve.png", "01_curve.pdf")
    assert (png.read_bytes()[:4], pdf.read_bytes()[:4]) == (b"\x89PNG", b"%PDF")


def test_the_png_has_200_dots_per_inch(tmp_path: Path, provenance: Provenance) -> None:
    with Image.open(save_figure(plain(height=2.0), "curve", tmp_path, provenance)[0]) as png:
        assert png.size == (round(200 * WIDTH), 400)
        assert png.info["dpi"] == pytest.approx((DPI, DPI), abs=0.01)


@pytest.mark.parametrize("index", [0, 1], ids=["png", "pdf"])
def test_a_file_is_byte_identical_when_drawn_and_saved_another_day(
    tmp_path: Path, provenance: Provenance, monkeypatch: pytest.MonkeyPatch, index: int
) -> None:
    saved = []
    for epoch in ("0", "86400"):  # what matplotlib dates its files by, where it dates them
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
        saved.append(save_figure(rich(), "curve", tmp_path / epoch, provenance)[index].read_bytes())
    assert saved[0] == saved[1]


def test_saving_a_figure_twice_changes_nothing(tmp_path: Path, provenance: Provenance) -> None:
    figure = rich()
    save_figure(figure, "curve", tmp_path, provenance)
    before = contents(tmp_path)
    save_figure(figure, "curve", tmp_path, provenance)
    assert contents(tmp_path) == before


def test_the_users_own_settings_change_nothing(tmp_path: Path, provenance: Provenance) -> None:
    save_figure(rich(), "curve", tmp_path, provenance)
    before = contents(tmp_path)
    with mpl.rc_context({"font.size": 30, "savefig.dpi": 50, "axes.grid": False, "pdf.fonttype": 3}):
        save_figure(rich(), "curve", tmp_path, provenance)
    assert contents(tmp_path) == before


def other_value(name: str, value: Any) -> Any:
    """Another value of a setting of matplotlib's; None where none is found."""
    guesses = [not value] if isinstance(value, bool) else []
    guesses += [value * 1.5 + 1, value / 2] if isinstance(value, (int, float)) and not guesses else []
    for guess in [
        *guesses,
        "tomato",
        "upper left",
        "center",
        "large",
        "round",
        "bilinear",
        "in",
        "both",
        "--",
        "x",
        [9.0],
    ]:
        try:
            if mpl.RcParams({name: guess})[name] != value:
                return guess
        except (ValueError, TypeError, AttributeError, RuntimeError):
            continue
    return None


def test_no_setting_of_a_users_matplotlibrc_changes_a_figure(tmp_path: Path, provenance: Provenance) -> None:
    """All that can be set otherwise, at once, and text.usetex among them, which would stop without TeX."""
    save_figure(rich(), "curve", tmp_path, provenance)
    before, shown = contents(tmp_path), show_figure(rich()).data
    left_out = ("backend", "interactive", "toolbar", "webagg", "keymap", "tk.", "docstring", "datapath")
    others = {
        name: other_value(name, value)
        for name, value in mpl.rcParamsDefault.items()
        if not name.startswith(left_out) and not name.startswith("_")
    }
    others = {name: value for name, value in others.items() if value is not None}
    assert others["text.usetex"] is True
    assert len(others) > 200
    with mpl.rc_context(others):
        save_figure(rich(), "curve", tmp_path, provenance)
        assert show_figure(rich()).data == shown
    assert contents(tmp_path) == before


def test_the_thesis_style_leaves_the_users_settings_alone() -> None:
    before = dict(mpl.rcParams)
    rich()
    assert dict(mpl.rcParams) == before


def test_the_origin_is_in_the_pngs_metadata(tmp_path: Path, provenance: Provenance) -> None:
    with Image.open(save_figure(plain(), "01_curve", tmp_path, provenance)[0]) as png:
        assert png.text["Title"] == "01_curve"
        assert json.loads(png.text["Description"]) == json.loads(provenance.to_json())


@pytest.mark.parametrize("kind", ["commit", "profile_digest", "data_digest", "PSPNet", "ClusterNet"])
def test_the_origin_is_in_the_pdfs_metadata(tmp_path: Path, provenance: Provenance, kind: str) -> None:
    pdf = save_figure(plain(), "01_curve", tmp_path, provenance)[1].read_bytes()
    subject = pdf[pdf.index(b"/Subject") :].split(b">>")[0]
    value = provenance.checkpoints.get(kind) or getattr(provenance, kind)
    assert f'"{kind}": "{value}"'.encode() in subject


def test_the_register_lists_every_file_with_its_digest_and_origin(tmp_path: Path, provenance: Provenance) -> None:
    files = [file for name in ("a", "b") for file in save_figure(plain(), name, tmp_path, provenance)]
    register = json.loads((tmp_path / "provenance.json").read_text())
    origin = json.loads(provenance.to_json())
    assert register == {file.name: {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()} | origin for file in files}


def test_a_figure_drawn_again_leaves_the_others_in_the_register(tmp_path: Path, provenance: Provenance) -> None:
    for name in ("a", "b"):
        save_figure(plain(), name, tmp_path, provenance)
    before = json.loads((tmp_path / "provenance.json").read_text())
    save_figure(plain(height=3), "b", tmp_path, provenance)
    after = json.loads((tmp_path / "provenance.json").read_text())
    assert after["a.png"] == before["a.png"]
    assert after["b.png"] != before["b.png"]


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_a_failed_save_leaves_the_earlier_files_and_nothing_else(
    tmp_path: Path, provenance: Provenance, kind: str
) -> None:
    save_figure(plain(), "curve", tmp_path, provenance)
    before = contents(tmp_path)
    broken = plain(height=3)
    broken.add_artist(FullDisk(kind))
    with pytest.raises(OSError, match="No space left"):
        save_figure(broken, "curve", tmp_path, provenance)
    assert contents(tmp_path) == before


def test_a_failed_first_save_leaves_an_empty_folder(tmp_path: Path, provenance: Provenance) -> None:
    broken = plain()
    broken.add_artist(FullDisk("pdf"))
    with pytest.raises(OSError, match="No space left"):
        save_figure(broken, "curve", tmp_path, provenance)
    assert contents(tmp_path) == {}


def test_a_file_in_the_folders_place_is_named_and_kept(tmp_path: Path, provenance: Provenance) -> None:
    (tmp_path / "figures").write_text("mine")
    with pytest.raises(OSError, match="figures"):
        save_figure(plain(), "curve", tmp_path / "figures", provenance)
    assert contents(tmp_path) == {"figures": b"mine"}


def test_a_figure_shown_is_a_png_of_the_whole_figure() -> None:
    with Image.open(BytesIO(show_figure(plain(height=2)).data)) as png:
        assert png.width / png.height == pytest.approx(WIDTH / 2, rel=0.01)


def test_no_figure_is_left_in_pyplot() -> None:
    show_figure(plain())
    assert plt.get_fignums() == []
