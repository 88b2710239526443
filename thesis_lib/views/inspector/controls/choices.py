"""Controls that choose a picture and how it is clustered."""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from thesis_lib.clustering.neighbor_graph import NEIGHBORS
from thesis_lib.clustering.spectral import PRESETS
from thesis_lib.exploration.features import LAYERS
from thesis_lib.views.inspector.state.pictures import Gallery
from thesis_lib.views.inspector.state.view import BANDWIDTHS, BEYOND_USE, GRAPHS, SOLVERS, View

ALL = "all"
NUMBER = "number"
FRAMES = ("train", "val")
"""Splits whose pictures are named after cities."""


class Controls:
    """Drop-down lists and buttons that choose a picture and a clustering, in `box`.

    Args:
        gallery: the pictures.
        networks: their names.
        view: to begin with.
        on_change: called after every choice.
    """

    def __init__(self, gallery: Gallery, networks: Sequence[str], view: View, on_change: Callable[[], None]) -> None:
        self.gallery, self.on_change = gallery, on_change
        self._quiet = False
        self.split = _dropdown("split", self._splits(), view.picture.partition("/")[0])
        self.city = _dropdown("city", [ALL], ALL)
        self.frame = _dropdown("picture", [view.picture], view.picture, "24em")
        self.before = widgets.Button(description="◀", tooltip="the picture before", layout={"width": "3em"})
        self.after = widgets.Button(description="▶", tooltip="the picture after", layout={"width": "3em"})
        self.network = _dropdown("network", networks, view.network, "24em")
        self.layer = _dropdown("layer", LAYERS, view.layer, "9em")
        self.axis = _dropdown("axis", ["pixels", "channels"], view.axis)
        self.preset = _dropdown("preset", list(PRESETS), view.preset, "16em")
        self.graph = _dropdown("graph", GRAPHS, view.graph)
        self.neighbors = _number("neighbours", view.options.get("neighbors", NEIGHBORS), widgets.BoundedIntText, min=1)
        self.neighbors.tooltip = "of each point in the graph of neighbours"
        self.position = _number("position", view.position, widgets.BoundedFloatText, min=0, step=0.1)
        self.position.tooltip = "weight of a pixel's place beside its features"
        self.solver = _dropdown("solver", SOLVERS, view.solver, "12em")
        number = isinstance(view.bandwidth, float)
        self.bandwidth = _dropdown("bandwidth", [*BANDWIDTHS, NUMBER], NUMBER if number else view.bandwidth)
        self.sigma = widgets.FloatText(
            view.bandwidth if number else 1.0,
            tooltip="sigma, in the units of the (reduced) features",
            layout={"width": "7em"},
            continuous_update=False,
        )
        picture = (self.split, self.city, self.frame, self.before, self.after)
        features = (self.network, self.layer, self.axis, self.position)
        method = (self.preset, self.graph, self.neighbors, self.solver, self.bandwidth, self.sigma)
        self.clustering = (*features, *method)
        rows = [widgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in (picture, features, method)]
        self.box = widgets.VBox(rows)
        self._listen()
        self._list_frames()
        self.enable(True)

    def _listen(self) -> None:
        self.before.on_click(lambda _: self.step(-1))
        self.after.on_click(lambda _: self.step(1))
        for control in (self.split, self.city):
            control.observe(self._list_frames, "value")
        for control in (self.frame, *self.clustering):
            control.observe(self._tell, "value")

    def _tell(self, *_: object) -> None:
        if not self._quiet:
            self.on_change()

    def values(self) -> dict[str, Any]:
        """Return the values of a view that are chosen here."""
        return {
            "picture": self.frame.value,
            "network": self.network.value,
            "layer": self.layer.value,
            "axis": self.axis.value,
            "preset": self.preset.value,
            "graph": self.graph.value,
            "neighbors": None if self.neighbors.value == NEIGHBORS else self.neighbors.value,
            "position": self.position.value,
            "solver": self.solver.value,
            "bandwidth": self.sigma.value if self.bandwidth.value == NUMBER else self.bandwidth.value,
        }

    def enable(self, own: bool) -> None:
        """Enable or disable the choice of a clustering; of a joint one it is made beside the other picture."""
        for control in self.clustering:
            control.disabled = not own
        graph = PRESETS[self.preset.value]["graph"] if self.graph.value == "preset" else self.graph.value
        self.neighbors.disabled = not own or graph != "neighbors"
        self.position.disabled = not own or self.axis.value != "pixels"
        self.sigma.disabled = not own
        self.sigma.layout.display = None if self.bandwidth.value == NUMBER else "none"

    def show(self, name: str) -> None:
        """Choose another picture of the gallery, by name."""
        self._offer(self.split, self._splits(), name.partition("/")[0])
        self._offer(self.city, [ALL], ALL)
        self._list_frames(chosen=name)

    def step(self, by: int) -> None:
        """Choose the picture `by` places further in the list, which is cyclic."""
        options = self.frame.options
        self.frame.value = options[(options.index(self.frame.value) + by) % len(options)]

    def _splits(self) -> list[str]:
        return list(dict.fromkeys(name.partition("/")[0] for name in self.gallery.names))

    def _list_frames(self, *_: object, chosen: str = "") -> None:
        """Offer the frames of the split and the city; the one shown stays, if it is one and no other is chosen."""
        if self._quiet:
            return
        before = self.frame.value
        inside = [name for name in self.gallery.names if name.partition("/")[0] == self.split.value]
        cities = {_city(name) for name in inside} if self.split.value in FRAMES else set()
        if (offered := [ALL, *sorted(cities)]) != list(self.city.options):
            self._offer(self.city, offered, ALL)
            self.city.layout.display = None if cities else "none"
        if self.city.value != ALL:
            inside = [name for name in inside if _city(name) == self.city.value]
        chosen = chosen or before
        self._offer(self.frame, inside, chosen if chosen in inside else inside[0])
        if self.frame.value != before:
            self._tell()

    def _offer(self, control: widgets.Dropdown, options: list[str], value: str) -> None:
        """Set options and value of a control without telling about the steps between."""
        self._quiet = True
        try:
            if list(control.options) != options:
                control.options = options
            control.value = value
        finally:
            self._quiet = False


def _city(name: str) -> str:
    """City in a picture's name, such as frankfurt in "val/frankfurt_000000_000294"."""
    return name.partition("/")[2].partition("_")[0]


def _dropdown(name: str, options: Any, value: Any, width: str = "15em") -> widgets.Dropdown:
    look = {"layout": {"width": width}, "style": {"description_width": "5.5em"}}
    return widgets.Dropdown(options=options, value=value, description=name, **look)


def _number(name: str, value: float, kind: Any, **options: float) -> Any:
    look = {"layout": {"width": "12em"}, "style": {"description_width": "6.5em"}}
    return kind(value=value, max=BEYOND_USE, description=name, continuous_update=False, **look, **options)
