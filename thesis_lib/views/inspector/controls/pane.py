"""One picture with its controls and its canvas; a second one stands beside it for comparison."""

import time
from collections.abc import Callable
from typing import Any

from thesis_lib.views.inspector.analysis.analysis import Analysis
from thesis_lib.views.inspector.analysis.studio import Say, Studio
from thesis_lib.views.inspector.browser.widget import ClusterCanvas
from thesis_lib.views.inspector.controls.choices import Controls
from thesis_lib.views.inspector.controls.worker import GoOn, Posts, Worker
from thesis_lib.views.inspector.state.palettes import PALETTES
from thesis_lib.views.inspector.state.pictures import Picture, read_photo
from thesis_lib.views.inspector.state.view import View, ViewError

FIRST_WAVE, WAVE = 0.7, 1.6
"""Seconds after which the maps that are there are sent, and by which factor that grows from wave to wave."""


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
        self.post = Posts()
        """Changes of the canvas go through it: the browser's messages change it on the kernel's own thread."""
        self.worker = Worker(lambda error: self.post(lambda: self._fail(error)))
        self.reader = Worker(lambda error: self.post(lambda: self._refuse(error)))
        self.save = save
        self._parts: dict[str, list[bytes]] = {}
        self._shown: tuple[str, str] | None = None
        self.anchor = view.anchor
        self._analysis: tuple[Analysis, int] | None = None
        self.controls = Controls(studio.gallery, list(studio.networks), view, self.refresh)
        self._start(view.anchor)

    # --- what is chosen ----------------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """View that is shown."""
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
        return View(
            **self.controls.values(),
            joint=self.follower.controls.frame.value if self.follower else "",
            anchor=self.anchor,
            profile=self.studio.profile,
            overrides=self.studio.overrides,
            size=self.studio.size,
            **own,
        )

    def open(self, content: bytes, name: str) -> None:
        """Show a photograph from a file's bytes; if it cannot be read, an error is shown and the picture stays."""

        def read(_: GoOn) -> None:
            picture = read_photo(content, name)
            self.post(lambda: self._take(picture))

        self.reader.add(read)  # of several files all are wanted

    def _take(self, picture: Picture) -> None:
        self.canvas.error = ""
        self.controls.show(self.studio.gallery.add(picture))

    def _refuse(self, error: Exception) -> None:
        self.canvas.error = str(error)

    # --- what the canvas asks ----------------------------------------------------------------------------------------

    def _hear(self, _: object, content: dict[str, Any], buffers: list[Any]) -> None:
        kind = content.get("kind")
        if kind == "affinity" and self._analysis is not None:
            self.canvas.show_affinity(*self._analysis, int(content["cell"]))
        elif kind == "step":
            self.controls.step(int(content["by"]))
        elif kind == "save":
            self.save()
        elif kind == "cancel":
            self.worker.cancel()
            self._tell(-1, "cancelled: what is there stays; another choice starts anew")
        elif kind == "file":
            self._take_part(bytes(buffers[0]) if buffers else b"", **content)

    def _take_part(self, content: bytes, *, name: str, part: int, parts: int, **_: object) -> None:
        """Take a part of a file; parts come in order, and the last one opens it."""
        found = self._parts.setdefault(name, [])
        if part == 0:
            found.clear()
        found.append(content)
        if len(found) == parts:
            self.open(b"".join(self._parts.pop(name)), name)

    # --- the work ----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what is chosen now."""
        if self.leader is not None:
            self.leader.refresh()
        else:
            self._start(max(2, self.canvas.k))

    def _start(self, anchor: int) -> None:
        """Compute and show the view; clusters of a new analysis are numbered from `anchor`."""
        self.controls.enable(True)
        try:
            view = self.view
        except ValueError:
            self._fail(ViewError(f"the bandwidth must be a number above 0, not {self.controls.sigma.value}"))
            return
        known = self.studio.known(view)
        self.anchor = known.anchor if known else anchor
        self._submit(view.model_copy(update={"anchor": self.anchor}))
        if self.follower is not None:
            self.follower.controls.enable(False)
            self.follower._submit(self.follower.view)

    def _submit(self, view: View) -> None:
        self.worker.start(lambda check: self._work(check, view))

    def wait(self) -> None:
        """Wait until everything that was chosen has been computed."""
        while True:
            self.reader.wait()
            self.worker.wait()
            if not self.post.do_waiting():
                return

    def _work(self, check: GoOn, view: View) -> None:
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
        self._color(analysis, min(self.canvas.k, analysis.most))
        check()
        caption = f"{view.network}, layer {view.layer}, {view.axis}, {view.method}, {analysis.clusters.solver}"
        self.post(lambda: self._show(analysis, picture, index, caption))
        seconds = time.perf_counter() - begin
        self._predict(view, name, say)
        self._fill(analysis, index, say)
        words = f"{analysis.clusters.labels.numel():,} points, first clusters after {seconds:.1f} s"
        self._say(-1, f"{words}; {analysis.fault}" if analysis.fault else words)

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
        """Compute the labels of every other k, those near the slider first, and send them in waves."""
        wave, begin = FIRST_WAVE, time.perf_counter()
        while not analysis.is_whole:
            done = len(analysis.maps)
            say(0.6 + 0.4 * done / analysis.most, f"clusters of every k: {done} of {analysis.most - 1}")
            self._color(analysis, analysis.extend(min(self.canvas.k, analysis.most)))
            wanted = self.canvas.k in analysis.maps and self.canvas.k not in self.canvas.map_ks
            if analysis.is_whole or wanted or time.perf_counter() - begin > wave:
                self.post(lambda: self.canvas.show_maps(analysis, index))
                wave, begin = wave * WAVE, time.perf_counter()

    def _color(self, analysis: Analysis, k: int) -> None:
        """Compute labels and colours of k in the worker's thread, so that the canvas need not wait for them."""
        analysis.labels(k)
        if analysis.axis == "pixels":
            analysis.feature_colors(k)

    def _say(self, share: float, words: str) -> None:
        self.post(lambda: self._tell(share, words))

    def _tell(self, share: float, words: str) -> None:
        with self.canvas.hold_sync():
            self.canvas.progress, self.canvas.status = share, words

    def _fail(self, error: Exception) -> None:
        self.canvas.error = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        self._tell(-1, "this could not be shown; what was there stays")
