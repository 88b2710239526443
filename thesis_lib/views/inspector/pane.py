"""One picture with its controls and its canvas; a second one stands beside it for comparison."""

import asyncio
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

import ipywidgets as widgets

from thesis_lib.clustering.spectral import PRESETS
from thesis_lib.experiments.features import LAYERS
from thesis_lib.views.inspector.analysis import Analysis
from thesis_lib.views.inspector.canvas import ClusterCanvas
from thesis_lib.views.inspector.palettes import PALETTES
from thesis_lib.views.inspector.pictures import Picture, PictureError, read_photo
from thesis_lib.views.inspector.studio import Say, Studio
from thesis_lib.views.inspector.view import BANDWIDTHS, SOLVERS, View, ViewError
from thesis_lib.views.inspector.worker import Check, Worker

ALL = "all"
FIRST_WAVE, WAVE = 0.7, 1.6
"""Seconds after which the maps that are there are sent, and by which factor that grows from wave to wave."""
NUMBER = "number"


class Pane:
    """Controls that choose a picture and how it is clustered, and the canvas that shows it.

    Args:
        studio: pictures and networks.
        view: to begin with.
        save: what the key s does.
    """

    def __init__(self, studio: Studio, view: View, save: Callable[[], object]) -> None:
        self.studio = studio
        self.leader: Pane | None = None
        """The pane with whose picture this one's is clustered jointly."""
        self.follower: Pane | None = None
        self.canvas = ClusterCanvas(
            k=view.k, opacity=view.opacity, palette=PALETTES.index(view.palette), outlines=view.outlines
        )
        self.canvas.vector, self.canvas.selected = view.vector, list(view.selected)
        self.canvas.on_msg(self._hear)
        self.worker = Worker(lambda error: self.post(lambda: self._fail(error)))
        self._posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None  # outside of a notebook
        self.save = save
        self._parts: dict[str, list[bytes]] = {}
        self._shown: tuple[str, str] | None = None
        self._quiet = False
        self.anchor = view.anchor
        self._analysis: tuple[Analysis, int] | None = None
        self._build(view)
        self._list_frames()
        self._start(view.anchor)

    def _build(self, view: View) -> None:
        def dropdown(name: str, options: Any, value: Any, width: str = "15em") -> widgets.Dropdown:
            look = {"layout": {"width": width}, "style": {"description_width": "5.5em"}}
            return widgets.Dropdown(options=options, value=value, description=name, **look)

        split = view.picture.partition("/")[0]
        self.split = dropdown("split", self._splits(), split)
        self.city = dropdown("city", [ALL], ALL)
        self.frame = dropdown("picture", [view.picture], view.picture, "24em")
        self.before = widgets.Button(description="◀", tooltip="the picture before", layout={"width": "3em"})
        self.after = widgets.Button(description="▶", tooltip="the picture after", layout={"width": "3em"})
        self.upload = widgets.FileUpload(
            description="photo", tooltip="a photograph of yours; or drop one on the picture"
        )
        self.network = dropdown("network", list(self.studio.networks), view.network, "24em")
        self.layer = dropdown("layer", LAYERS, view.layer, "9em")
        self.axis = dropdown("axis", ["pixels", "channels"], view.axis)
        self.preset = dropdown("preset", list(PRESETS), view.preset)
        self.solver = dropdown("solver", SOLVERS, view.solver, "12em")
        number = isinstance(view.bandwidth, float)
        self.bandwidth = dropdown("bandwidth", [*BANDWIDTHS, NUMBER], NUMBER if number else view.bandwidth)
        self.sigma = widgets.FloatText(
            view.bandwidth if number else 1.0, layout={"width": "7em"}, disabled=not number, continuous_update=False
        )
        self.sigma.description_tooltip = "sigma, in the units of the (reduced) features"
        self.before.on_click(lambda _: self.step(-1))
        self.after.on_click(lambda _: self.step(1))
        self.upload.observe(self._take_upload, "value")
        for control in (self.split, self.city):
            control.observe(self._list_frames, "value")
        clustering = (self.network, self.layer, self.axis, self.preset, self.solver, self.bandwidth, self.sigma)
        for control in (self.frame, *clustering):
            control.observe(self.refresh, "value")
        rows = (
            (self.split, self.city, self.frame, self.before, self.after, self.upload),
            clustering,
        )
        self.controls = widgets.VBox([widgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in rows])
        self._update_controls()

    # --- what is chosen ----------------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """What is shown, as values."""
        canvas = self.canvas
        own: dict[str, Any] = {
            "k": canvas.k,
            "opacity": canvas.opacity,
            "palette": PALETTES[canvas.palette],
            "outlines": canvas.outlines,
            "selected": tuple(canvas.selected),
            "vector": canvas.vector,
        }
        if self.leader is not None:
            return self.leader.view.model_copy(update=own | {"place": 1})
        own["anchor"] = self.anchor
        return View(
            picture=self.frame.value,
            joint=self.follower.frame.value if self.follower else "",
            network=self.network.value,
            layer=self.layer.value,
            axis=self.axis.value,
            preset=self.preset.value,
            solver=self.solver.value,
            bandwidth=self.sigma.value if self.bandwidth.value == NUMBER else self.bandwidth.value,
            profile=self.studio.profile,
            overrides=self.studio.overrides,
            size=self.studio.size,
            **own,
        )

    def _splits(self) -> list[str]:
        return list(dict.fromkeys(name.partition("/")[0] for name in self.studio.gallery.names))

    def _list_frames(self, *_: object) -> None:
        """Offer the frames of the split and the city that are chosen; the one that is shown stays, if it is one."""
        if self._quiet:
            return
        inside = [name for name in self.studio.gallery.names if name.partition("/")[0] == self.split.value]
        cities = [ALL]
        if self.split.value not in ("photo", "image"):
            cities += sorted({name.partition("/")[2].partition("_")[0] for name in inside})
        if tuple(cities) != tuple(self.city.options):
            self._offer(self.city, cities, ALL)
            self.city.layout.display = "none" if len(cities) == 1 else None
        if self.city.value != ALL:
            inside = [name for name in inside if name.partition("/")[2].startswith(f"{self.city.value}_")]
        chosen = self.frame.value if self.frame.value in inside else inside[0]
        if tuple(self.frame.options) != tuple(inside):
            before = self.frame.value
            self._offer(self.frame, inside, chosen)
            if chosen != before:
                self.refresh()

    def _offer(self, control: widgets.Dropdown, options: list[str], value: str) -> None:
        """Other options, of which one is chosen; without the steps between being heard."""
        self._quiet = True
        try:
            control.options = options
            control.value = value
        finally:
            self._quiet = False

    def show(self, name: str) -> None:
        """Another picture of the gallery, by name."""
        self._offer(self.split, self._splits(), name.partition("/")[0])
        self._offer(self.city, [ALL], ALL)
        self._list_frames()
        self.frame.value = name

    def step(self, by: int) -> None:
        """To another picture of the list, round its ends."""
        options = self.frame.options
        self.frame.value = options[(options.index(self.frame.value) + by) % len(options)]

    def open(self, content: bytes, name: str) -> None:
        """Show a photograph from a file's bytes; what is wrong with it is told in the canvas."""
        try:
            picture = read_photo(content, name)
        except PictureError as error:
            self.canvas.error = str(error)
            return
        added = self.studio.gallery.add(picture)
        self.show(added)
        self.canvas.error = ""

    def _take_upload(self, _: object) -> None:
        for file in self.upload.value:
            self.open(bytes(file["content"]), file["name"])

    # --- what the canvas asks ----------------------------------------------------------------------------------------

    def _hear(self, _: object, content: dict[str, Any], buffers: list[Any]) -> None:
        kind = content.get("kind")
        if kind == "affinity" and self._analysis is not None:
            self.canvas.show_affinity(*self._analysis, int(content["cell"]))
        elif kind == "step":
            self.step(int(content["by"]))
        elif kind == "save":
            self.save()
        elif kind == "cancel":
            self.worker.cancel()
            self._tell(-1, "cancelled: what is there stays; another choice starts anew")
        elif kind == "drop":
            parts = self._parts.setdefault(content["name"], [])
            if content["part"] == 0:
                parts.clear()
            parts.append(bytes(buffers[0]) if buffers else b"")
            if len(parts) == content["parts"]:
                self.open(b"".join(self._parts.pop(content["name"])), content["name"])

    # --- the work ----------------------------------------------------------------------------------------------------

    def refresh(self, *_: object) -> None:
        """Show what is chosen now."""
        if self._quiet:
            return
        if self.leader is not None:
            self.leader.refresh()
        else:
            self._start(max(2, self.canvas.k))

    def _start(self, anchor: int) -> None:
        """Compute and show; what is new is numbered from an anchor."""
        self._update_controls()
        try:
            view = self.view
        except ValueError:
            self._fail(ViewError(f"the bandwidth must be a number above 0, not {self.sigma.value}"))
            return
        known = self.studio.known(view)
        self.anchor = known.anchor if known else anchor
        self._submit(view.model_copy(update={"anchor": self.anchor}))
        if self.follower is not None:
            self.follower._update_controls()
            self.follower._submit(self.follower.view)

    def _submit(self, view: View) -> None:
        self.worker.start(lambda check: self._work(check, view))

    def _update_controls(self) -> None:
        own = self.leader is None
        for control in (self.network, self.layer, self.axis, self.preset, self.solver, self.bandwidth):
            control.disabled = not own
        self.sigma.disabled = not own or self.bandwidth.value != NUMBER

    def wait(self) -> None:
        """Until everything that was chosen has been computed."""
        self.worker.wait()
        self._do_posted()

    def post(self, change: Callable[[], None]) -> None:
        """Change the canvas from the worker: on the kernel's own thread, where the browser's messages change it too."""
        self._posted.put(change)
        if self._loop is None:
            self._do_posted()
        else:
            self._loop.call_soon_threadsafe(self._do_posted)

    def _do_posted(self) -> None:
        while True:
            try:
                change = self._posted.get_nowait()
            except Empty:
                return
            change()

    def _work(self, check: Check, view: View) -> None:
        name, index = view.shown, view.place
        self._say(0.02, "reading ...")
        picture, begin = self.studio.gallery.open(name), time.perf_counter()
        if self._shown != (picture.name, picture.digest):
            selected = view.selected if self._shown is None else ()
            self._shown, self._analysis = (picture.name, picture.digest), None
            self.post(lambda: self.canvas.show_picture(picture, selected))

        def say(share: float, words: str) -> None:
            check()
            self._say(share, words)

        analysis = self.studio.analysis(view, say)
        say(0.55, "clusters ...")
        analysis.labels(min(self.canvas.k, analysis.most))
        check()
        caption = f"{view.network}, layer {view.layer}, {view.axis}, {view.preset}, {analysis.clusters.solver}"
        self.post(lambda: self._show(analysis, picture, index, caption))
        seconds = time.perf_counter() - begin
        self._predict(view, name, say)
        self._fill(analysis, index, say)
        self._say(-1, f"{analysis.clusters.labels.numel():,} points, first clusters after {seconds:.1f} s")

    def _show(self, analysis: Analysis, picture: Picture, index: int, caption: str) -> None:
        if self._analysis is not None and self._analysis[0] is not analysis:
            self.canvas.selected = []  # clusters of another kind
        self._analysis = analysis, index
        self.canvas.error = ""
        self.canvas.show_analysis(analysis, picture, index, caption)
        self.canvas.show_maps(analysis, index)

    def _predict(self, view: View, name: str, say: Say) -> None:
        if self.studio.predicts(view.network):
            say(0.6, "predicting ...")
            prediction = self.studio.prediction(view.network, name)
            say(0.6, "")
            self.post(lambda: self.canvas.show_prediction(prediction))

    def _fill(self, analysis: Analysis, index: int, say: Say) -> None:
        """The other ks, those first that the slider is near to; sent in waves."""
        wave, begin = FIRST_WAVE, time.perf_counter()
        while not analysis.is_whole:
            done = len(analysis.maps)
            say(0.6 + 0.4 * done / analysis.most, f"clusters of every k: {done} of {analysis.most - 1}")
            analysis.extend(min(self.canvas.k, analysis.most))
            wanted = self.canvas.k in analysis.maps and self.canvas.k not in self.canvas.map_ks
            if analysis.is_whole or wanted or time.perf_counter() - begin > wave:
                self.post(lambda: self.canvas.show_maps(analysis, index))
                wave, begin = wave * WAVE, time.perf_counter()

    def _say(self, share: float, words: str) -> None:
        self.post(lambda: self._tell(share, words))

    def _tell(self, share: float, words: str) -> None:
        with self.canvas.hold_sync():
            self.canvas.progress, self.canvas.status = share, words

    def _fail(self, error: Exception) -> None:
        self.canvas.error = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        self._tell(-1, "this could not be shown; what was there stays")
