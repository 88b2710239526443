"""Panel of sliders over the clusters of any image."""

import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np

from thesis_lib.data import Cityscapes
from thesis_lib.paths import PROJECT
from thesis_lib.views.inspector.analysis.studio import Network, Studio, run_arguments
from thesis_lib.views.inspector.browser.widget import BESIDE
from thesis_lib.views.inspector.controls.pane import Pane
from thesis_lib.views.inspector.controls.worker import GoOn, Worker
from thesis_lib.views.inspector.headless.export import EXPORTS, export
from thesis_lib.views.inspector.headless.figure import inspector_figure
from thesis_lib.views.inspector.state.palettes import MOST, PALETTES
from thesis_lib.views.inspector.state.view import View
from thesis_lib.views.style import show_figure

HEADLESS = "CLUSTERNET_HEADLESS"
"""Set in the environment where nobody will see a widget: a figure stands in its place."""


class ClusterInspector:
    """Inspector of the clusters of images: displayed in a notebook, a panel of sliders, pictures and plots.

    One decomposition serves every k. k, opacity, colours, outlines and selections change in the browser alone; only
    what needs new eigenvectors asks the kernel, in the background.

    Args:
        networks: a backbone or a PSPNet, or several by name; of checkpoints their paths.
        images: a data set, or RGB images (H, W, 3) uint8.
        size: (height, width) at which the network sees them; images of other proportions as many pixels.
        profile, overrides: of the run that they come from; kept in what is exported.
        shown: values of `View` to begin with, such as k=20 or layer=3.

    Raises:
        ValueError: no images, values that a view cannot have, or a picture or network that is not there.
    """

    def __init__(
        self,
        networks: Network | Mapping[str, Network | Path],
        images: Cityscapes | Sequence[np.ndarray],
        *,
        size: tuple[int, int] = (512, 1024),
        profile: str = "",
        overrides: str = "",
        **shown: Any,
    ) -> None:
        named = networks if isinstance(networks, Mapping) else {type(networks).__name__: networks}
        self.studio = studio = Studio(named, images, size=size, profile=profile, overrides=overrides)
        first = {"picture": studio.gallery.names[0], "network": next(iter(studio.networks)), "size": studio.size}
        view = View.model_validate(first | {"anchor": shown.get("k", View.model_fields["k"].default)} | shown)
        studio.check(view)
        self._saver = Worker(lambda error: self.first.post(lambda: self._tell_saved(f"not saved: {error}")))
        self.first = Pane(studio, view.model_copy(update={"joint": "", "place": 0}), self.save_later)
        self.second: Pane | None = None
        self._joined: widgets.Link | None = None
        self._build(view)
        if view.joint:
            self.compare.value = True
            assert self.second is not None
            self.second.controls.show(view.joint)
            self.joint.value = True

    @classmethod
    def of_profile(cls, profile: str, overrides: str = "", **shown: Any) -> "ClusterInspector":
        """Make an inspector of a profile's backbone, trained networks and frames."""
        return cls(**run_arguments(profile, overrides), **shown)

    def _build(self, view: View) -> None:
        style = {"description_width": "5.5em"}
        self.k = widgets.IntSlider(view.k, 2, MOST, description="k", style=style, layout={"width": "24em"})
        self.gap = widgets.Button(description="eigengap", tooltip="the k after which the eigenvalues drop most")
        self.opacity = widgets.FloatSlider(
            view.opacity, min=0, max=1, step=0.05, description="opacity", style=style, layout={"width": "18em"}
        )
        self.palette = widgets.Dropdown(
            options=PALETTES, value=view.palette, description="colours", style=style, layout={"width": "15em"}
        )
        self.outlines = widgets.ToggleButton(view.outlines, description="outlines", layout={"width": "7em"})
        self.beside = widgets.Dropdown(options=BESIDE, description="beside", style=style, layout={"width": "15em"})
        self.compare = widgets.ToggleButton(False, description="compare", layout={"width": "7em"})
        self.joint = widgets.Checkbox(False, description="clustered jointly", indent=False, layout={"width": "11em"})
        self.joint.layout.display = "none"
        self.save_button = widgets.Button(description="save", tooltip="pictures, table, labels and values (s)")
        self.saved = widgets.HTML()
        row = {"flex_flow": "row wrap"}
        self.controls = widgets.VBox(
            [
                widgets.HBox([self.k, self.gap, self.opacity, self.palette, self.outlines], layout=row),
                widgets.HBox([self.beside, self.compare, self.joint, self.save_button, self.saved], layout=row),
            ]
        )
        self.panes = widgets.HBox([self._column(self.first)], layout={"width": "100%"})
        self.panel = widgets.VBox([self.controls, self.panes], layout={"width": "100%"})
        self._link(self.first)
        self.gap.on_click(lambda _: self._take_gap())
        self.save_button.on_click(lambda _: self.save_later())
        self.compare.observe(self._compare, "value")
        self.joint.observe(self._join, "value")
        self.first.canvas.observe(self._tell_gap, "scene")

    def _column(self, pane: Pane) -> widgets.VBox:
        return widgets.VBox([pane.controls.box, pane.canvas], layout={"flex": "1 1 0", "min_width": "0"})

    def _link(self, pane: Pane) -> None:
        """In the browser, without the kernel, which hears of both; linked there too, old values would come back."""
        for name in ("k", "opacity", "palette", "outlines", "beside"):
            control = getattr(self, name)
            widgets.jslink((control, "index" if hasattr(control, "index") else "value"), (pane.canvas, name))

    def _tell_gap(self, change: dict[str, Any]) -> None:
        scene = change["new"]
        if "suggested" in scene:
            self.gap.description = f"eigengap: {scene['suggested']}"
            self.k.max = len(scene["eigenvalues"])

    def _take_gap(self) -> None:
        suggested = self.first.canvas.scene.get("suggested")
        if suggested:
            self.k.value = suggested

    def _compare(self, _: object) -> None:
        """Show or hide a second picture beside the first."""
        if self.compare.value and self.second is None:
            self.second = Pane(self.studio, self.first.view, self.save_later)
            self._link(self.second)
        self.joint.value = False
        self.joint.layout.display = None if self.compare.value else "none"
        shown = [self.first, self.second] if self.compare.value else [self.first]
        self.panes.children = [self._column(pane) for pane in shown if pane]

    def _join(self, _: object) -> None:
        """Cluster both pictures as one, so that a cluster is the same in both; a choice in one is one in both."""
        if self.second is None:
            return
        if self._joined is not None:
            self._joined.unlink()
            self._joined = None
        self.first.follower = self.second.leader = None
        if self.joint.value:
            self.first.follower, self.second.leader = self.second, self.first
            self._joined = widgets.jslink((self.first.canvas, "selected"), (self.second.canvas, "selected"))
        else:
            self.second.refresh()
        self.first.refresh()

    @property
    def view(self) -> View:
        """View of the first picture."""
        return self.first.view

    def labels(self) -> np.ndarray:
        """Clusters of the first picture, (h, w) of the layer's map or (channels,), computed if need be.

        Raises:
            ValueError: more clusters than points.
        """
        view = self.view
        analysis = self.studio.analysis(view)
        labels = analysis.labels(view.k)
        return analysis.part(labels, view.place) if view.axis == "pixels" else labels

    def wait(self) -> None:
        """Wait until everything that was chosen has been computed; only programs need it."""
        for pane in (self.first, self.second):
            if pane is not None:
                pane.wait()
        self._saver.wait()
        self.first.wait()

    def save(self, folder: Path = EXPORTS) -> list[Path]:
        """Export what is seen of the first picture, and of the second if there is one; returns the folders."""
        return [export(self.studio, view, folder) for view in self._views()]

    def save_later(self) -> None:
        """Export what is seen in the background, and tell in the panel where it went."""
        views = self._views()
        self._tell_saved("saving ...")

        def work(_: GoOn) -> None:
            found = [export(self.studio, view) for view in views]
            names = [str(path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path) for path in found]
            self.first.post(lambda: self._tell_saved(f"saved to {' and '.join(names)}"))

        self._saver.start(work)

    def _tell_saved(self, words: str) -> None:
        self.saved.value = escape(words)

    def _views(self) -> list[View]:
        return [self.first.view, *([self.second.view] if self.second and self.compare.value else [])]

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if os.environ.get(HEADLESS):
            image = show_figure(inspector_figure(self.studio.show(self.view)))
            return image._repr_mimebundle_(**options)
        return self.panel._repr_mimebundle_(**options)
