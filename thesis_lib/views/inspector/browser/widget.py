"""Browser side of the inspector: linked pictures, plots and table, drawn without the kernel."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from thesis_lib.data.labels import CLASS_NAMES, COLORS
from thesis_lib.exploration.agreement import cell_counts
from thesis_lib.views.inspector.analysis.analysis import Analysis
from thesis_lib.views.inspector.browser.encoding import encode_jpeg, pack, pooled, quantized
from thesis_lib.views.inspector.state.palettes import MOST, PALETTES, colormap, palette
from thesis_lib.views.inspector.state.pictures import Picture

FOLDER = Path(__file__).parent
SCRIPTS = ("data", "paint", "plots", "table", "files", "draw", "choices", "widget")
"""Joined, in this order, to one ES module."""
BESIDE = ("labels", "prediction")
"""What can stand beside the clusters."""


class ClusterCanvas(anywidget.AnyWidget):
    """Widget that shows one picture and its clusters; data is sent once, then k, colours and selections need no kernel.

    Custom messages from the browser: {"kind": "affinity", "cell"}, {"kind": "step", "by"}, {"kind": "save"},
    {"kind": "cancel"}, {"kind": "file", "name", "part", "parts"} with a part of a file's bytes.
    """

    _esm = "\n".join((FOLDER / "js" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    _css = (FOLDER / "widget.css").read_text(encoding="utf-8")

    # what is shown, shared with the sliders
    k = traitlets.Int(12).tag(sync=True)
    opacity = traitlets.Float(0.6).tag(sync=True)
    palette = traitlets.Int(0).tag(sync=True)
    """Index into PALETTES: a drop-down list shares no more than that with the browser."""
    outlines = traitlets.Bool(False).tag(sync=True)
    beside = traitlets.Int(0).tag(sync=True)
    """Index into BESIDE."""
    selected = traitlets.List(traitlets.Int()).tag(sync=True)
    vector = traitlets.Int(2).tag(sync=True)

    # what the kernel says
    progress = traitlets.Float(-1).tag(sync=True)
    """0 to 1 while something is computed, else -1."""
    status = traitlets.Unicode("").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    scene = traitlets.Dict().tag(sync=True)
    """Sizes and names that belong to the arrays below; they are unpacked when it changes."""
    picture = traitlets.Bytes(b"").tag(sync=True)
    classes = traitlets.Bytes(b"").tag(sync=True)
    prediction = traitlets.Bytes(b"").tag(sync=True)
    counts = traitlets.Bytes(b"").tag(sync=True)
    vectors = traitlets.Bytes(b"").tag(sync=True)
    channels = traitlets.Bytes(b"").tag(sync=True)
    maps = traitlets.Bytes(b"").tag(sync=True)
    map_ks = traitlets.List(traitlets.Int()).tag(sync=True)
    """The k of each of the maps; they are unpacked when it changes."""
    feature_colors = traitlets.Bytes(b"").tag(sync=True)
    affinity = traitlets.Bytes(b"").tag(sync=True)
    affinity_cell = traitlets.Int(-1).tag(sync=True)

    # what does not change
    palette_names = traitlets.List(list(PALETTES)).tag(sync=True)
    beside_names = traitlets.List(list(BESIDE)).tag(sync=True)
    palettes = traitlets.Dict().tag(sync=True)
    heat: traitlets.List = traitlets.List().tag(sync=True)
    class_names = traitlets.List(list(CLASS_NAMES)).tag(sync=True)
    class_colors = traitlets.List(COLORS[: len(CLASS_NAMES)].tolist()).tag(sync=True)

    def __init__(self, **given: Any) -> None:
        palettes = {name: palette(name).tolist() for name in ("distinct", "cividis")}
        super().__init__(palettes=palettes, heat=colormap("cividis").tolist(), **given)
        self._version = 0

    def show_picture(self, picture: Picture, selected: Sequence[int] = ()) -> None:
        """Show the image alone; clusters follow by `show_analysis` and `show_maps`, of which `selected` stand out."""
        self._version += 1
        height, width = picture.image.shape[:2]
        with self.hold_sync():
            self.error, self.selected = "", list(selected)
            self.maps, self.map_ks, self.vectors, self.channels, self.affinity = b"", [], b"", b"", b""
            self.affinity_cell = -1
            self.picture = encode_jpeg(picture.image)
            self.classes = pack(picture.classes) if picture.classes is not None else b""
            self.prediction, self.counts = b"", b""
            self.scene = {"version": self._version, "name": picture.name, "size": [height, width], "note": picture.note}

    def show_analysis(self, analysis: Analysis, picture: Picture, index: int, name: str) -> None:
        """Send eigenvectors and classes; labels follow by `show_maps`.

        Args:
            index: of the picture within the analysis.
            name: of the network, layer and so on, for a caption.
        """
        grid, rows = analysis.grids[index], analysis.rows(index)
        vectors, limits = quantized(analysis.clusters.eigenvectors.T.cpu().numpy()[:, rows])
        channels, shape = b"", list(grid)
        if analysis.axis == "channels":
            values = quantized(pooled(analysis.channels[index])[None])[0]  # one scale for all: they are averaged
            shape, channels = list(values.shape[2:]), pack(values, 0)
        with self.hold_sync():
            self.vectors, self.channels, self.prediction = pack(vectors, 0), channels, b""
            self.counts = self._counts(picture, grid) if analysis.axis == "pixels" else b""
            self.scene = {
                **self.scene,
                "version": self._next(),
                "axis": analysis.axis,
                "caption": name,
                "grid": list(grid),
                "points": int(vectors.shape[1]),
                "limits": limits.tolist(),
                "eigenvalues": analysis.eigenvalues.tolist(),
                "suggested": analysis.suggested,
                "channel_grid": shape,
                "solver": analysis.clusters.solver,
                "graph": analysis.graph,
            }

    def show_maps(self, analysis: Analysis, index: int) -> None:
        """Send the labels of every k that has been computed."""
        ks = sorted(analysis.maps)
        labels = np.stack([analysis.maps[k][analysis.rows(index)] for k in ks])
        with self.hold_sync():
            self.maps = pack(labels)
            if analysis.axis == "pixels":
                self.feature_colors = pack(np.stack([analysis.feature_colors(k) for k in ks]))
            self.map_ks = ks

    def show_prediction(self, classes: np.ndarray) -> None:
        """Send a network's prediction, (H, W) trainIds."""
        with self.hold_sync():
            self.prediction = pack(classes)
            self.scene = {**self.scene, "version": self._next(), "predicted": list(classes.shape)}

    def show_affinity(self, analysis: Analysis, index: int, cell: int) -> None:
        """Send the affinities of one of the picture's cells to the others."""
        rows = analysis.rows(index)
        with self.hold_sync():
            self.affinity = analysis.affinity(rows.start + cell)[rows].astype("<f4").tobytes()
            self.affinity_cell = cell

    def _counts(self, picture: Picture, grid: Sequence[int]) -> bytes:
        if picture.classes is None:
            return b""
        return pack(cell_counts(picture.classes, tuple(grid)).astype("<u2"))

    def _next(self) -> int:
        self._version += 1
        return self._version


assert MOST <= 255, "labels are sent as bytes"
