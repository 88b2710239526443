"""The one style of all figures, and how they are saved."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from IPython.display import Image, Markdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thesis_lib.files import file_digest, read_json, write_json
from thesis_lib.views.provenance import Provenance

P = ParamSpec("P")
WIDTH = 6.3
"""Inches: the text width of the thesis."""
DPI = 200
INK, MUTED, GRID = "#1a1a1a", "#6b6b6b", "#d9d9d9"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Colours of lines and bars: Okabe and Ito's, which colour-blind readers tell apart."""
MARKERS = ("o", "s", "^", "D", "v", "P")
"""For readers in grey: every series has a marker of its own too."""
BASELINE, CLUSTERED = SERIES[0], SERIES[1]
"""PSPNet's and ClusterNet's colour in every figure."""

STYLE: dict[Any, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": DPI,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "lines.markersize": 4,
    "image.interpolation": "nearest",
    "pdf.fonttype": 42,
}


def thesis_figure(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Make a function draw in the style of the thesis."""

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with thesis_style():
            return draw(*args, **kwargs)

    return styled


@contextmanager
def thesis_style() -> Iterator[None]:
    """Use matplotlib's defaults with STYLE's changes inside the block, whatever a user's matplotlibrc has set."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def show_figure(figure: Figure) -> Image:
    """Make the output of a notebook's cell from a figure."""
    buffer = BytesIO()
    with thesis_style():
        figure.savefig(buffer, dpi=110)
    return Image(buffer.getvalue())


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Markdown:
    """Make the output of a notebook's cell from a table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return Markdown("\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines))


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Make an empty figure of a height in inches; it is not pyplot's, so that a notebook does not show it twice."""
    return Figure(figsize=(width, height))


def show_image(axes: Axes, image: np.ndarray, title: str = "") -> None:
    """Show an image without axes."""
    axes.imshow(image)
    axes.set_axis_off()
    axes.set_title(title)


def save_figure(figure: Figure, name: str, folder: str | Path, provenance: Provenance) -> list[Path]:
    """Write <name>.png (200 dpi) and <name>.pdf with their provenance, and note both in provenance.json.

    The bytes depend on nothing but the figure and its provenance: no dates. When drawing fails, what was there stays.

    Returns:
        the two files.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    record = provenance.to_json()
    png_metadata = {"Title": name, "Description": record}
    pdf_metadata = {"Title": name, "Subject": record, "CreationDate": None}
    files = [folder / f"{name}.{kind}" for kind in ("png", "pdf")]
    partials = [folder / f".{name}.tmp.{kind}" for kind in ("png", "pdf")]
    try:
        with thesis_style():
            for partial, metadata in zip(partials, (png_metadata, pdf_metadata), strict=True):
                figure.savefig(partial, metadata=metadata)
        for partial, file in zip(partials, files, strict=True):
            partial.replace(file)
    finally:
        for partial in partials:
            partial.unlink(missing_ok=True)
    _note(folder / "provenance.json", files, provenance)
    return files


def _note(register: Path, files: list[Path], provenance: Provenance) -> None:
    """Enter files into the folder's provenance.json."""
    known = read_json(register) if register.exists() else {}
    origin = json.loads(provenance.to_json())
    known |= {file.name: {"sha256": file_digest(file)} | origin for file in files}
    write_json(register, known)
