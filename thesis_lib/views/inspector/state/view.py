"""View: the values that determine what the inspector shows, with a browser or without."""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from thesis_lib.clustering import SpectralClustering
from thesis_lib.clustering.spectral import PRESETS, Preset
from thesis_lib.exploration.features import LAYERS
from thesis_lib.models.cluster_layer import Axis
from thesis_lib.views.inspector.state.palettes import MOST, PALETTES

SOLVERS = ("auto", "krylov", "dense")
BANDWIDTHS = ("preset", "local", "median")
GRAPHS = ("preset", "neighbors", "full")
BEYOND_USE = 10**6
"""Of neighbours, and of a position's weight."""
DENSE_MOST = 4096
"""Points of which the whole decomposition still takes less than a minute."""
SeenSide = Annotated[int, Field(ge=8)]
K = Annotated[int, Field(ge=2, le=MOST)]


def _unlabelled(embedding: Tensor) -> tuple[Tensor, Tensor]:
    """Placeholder for k-means where only eigenvectors are wanted; it gives no labels."""
    k = embedding.shape[-1]
    return torch.arange(len(embedding), device=embedding.device) % k, embedding[:k]


def _of_today(values: dict[str, Any]) -> dict[str, Any]:
    """Convert values of views written before graphs could be chosen: all pairs, but for the solver "knn"."""
    if values.get("solver") == "knn":
        return values | {"solver": "krylov", "graph": "neighbors", "neighbors": 20}
    was_written = set(View.model_fields) - {"graph", "neighbors", "position"} <= set(values)
    return values | {"graph": "full"} if was_written and "graph" not in values else values


class ViewError(ValueError):
    """A view that cannot be shown."""


class View(BaseModel):
    """Values of a view: the picture, what is clustered of it, and how that is drawn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str = ""
    overrides: str = ""
    """Of the run that networks and frames come from."""
    size: tuple[SeenSide, SeenSide] = (512, 1024)
    """(height, width) at which a network sees a picture."""
    picture: str
    """A frame, such as "val/frankfurt_000000_000294", or a file of a photograph."""
    joint: str = ""
    """A second picture, clustered together with it."""
    place: Literal[0, 1] = 0
    """Which of the two is shown."""
    network: str
    """A name of the inspector's networks."""
    layer: Annotated[int, Field(ge=LAYERS[0], le=LAYERS[-1])] = LAYERS[-1]
    axis: Axis = "pixels"
    preset: Preset = "recommended"
    graph: Literal[GRAPHS] = "preset"  # type: ignore[valid-type]
    """Other than the preset's: "neighbors" or "full"."""
    neighbors: Annotated[int, Field(ge=1, le=BEYOND_USE)] | None = None
    """Of each point in the graph of "neighbors"; None for the preset's."""
    position: Annotated[float, Field(ge=0, le=BEYOND_USE, allow_inf_nan=False)] = 0.0
    """Weight of a pixel's place beside its features; channels have none."""
    solver: Literal[SOLVERS] = "auto"  # type: ignore[valid-type]
    bandwidth: Literal[BANDWIDTHS] | Annotated[float, Field(gt=0, allow_inf_nan=False)] = "preset"  # type: ignore[valid-type]
    """Other than the preset's: "local", "median" or a number, in the units of the (reduced) features."""
    anchor: K = 12
    """The k whose clusters are numbered by their size; from there numbers and colours are handed on from k to k."""
    k: K = 12
    opacity: Annotated[float, Field(ge=0, le=1)] = 0.6
    palette: Literal[PALETTES] = "distinct"  # type: ignore[valid-type]
    outlines: bool = False
    """Lines alone, without fill."""
    selected: tuple[Annotated[int, Field(ge=0, lt=MOST)], ...] = ()
    """Clusters that stand out."""
    vector: Annotated[int, Field(ge=1, le=MOST)] = 2
    """The eigenvector whose map is shown; the scatter has it and the next one as its axes."""

    @property
    def shown(self) -> str:
        """Name of the picture that is shown."""
        return (self.picture, self.joint)[self.place]

    @property
    def clustered(self) -> tuple[Any, ...]:
        """Values that the eigenvectors depend on: a key of the cache."""
        parts = (self.size, self.picture, self.joint, self.network, self.layer, self.axis, self.position)
        return (*parts, self.solver, *sorted(self.options.items()))

    @property
    def options(self) -> dict[str, Any]:
        """Options of `SpectralClustering`: the preset's, with what was chosen instead."""
        chosen: dict[str, Any] = {"neighbors": self.neighbors}
        chosen |= {} if self.graph == "preset" else {"graph": self.graph}
        chosen |= {} if self.bandwidth == "preset" else {"sigma": self.bandwidth}
        found = PRESETS[self.preset] | {name: value for name, value in chosen.items() if value is not None}
        if found["graph"] == "full":
            found.pop("neighbors", None)
        return found

    @property
    def method(self) -> str:
        """Description of the clustering, for captions."""
        options = self.options
        graph = f"{options['neighbors']} neighbours" if options["graph"] == "neighbors" else "all pairs"
        sigma = options["sigma"]
        words = [self.preset, graph, f"{sigma} bandwidth" if isinstance(sigma, str) else f"bandwidth {sigma:g}"]
        return ", ".join([*words, f"position {self.position:g}"] if self.position and self.axis == "pixels" else words)

    def clustering(self, n: int) -> SpectralClustering:
        """Make the clustering of n points; it finds eigenvectors alone, from which labels of any k are cut later.

        Raises:
            ViewError: a solver that would run for minutes, fewer points than two clusters need.
        """
        if n < 3:
            raise ViewError(f"{n} points make no clusters: choose a finer layer or a larger picture")
        if self.solver == "dense" and n > DENSE_MOST:
            raise ViewError(
                f"the dense solver takes minutes for {n:,} points (it is offered up to {DENSE_MOST:,}).\n"
                "Choose krylov, which finds the same eigenvectors, or a coarser layer."
            )
        return SpectralClustering(min(MOST, n), solver=self.solver, kmeans=_unlabelled, **self.options)

    def to_toml(self) -> str:
        """Write the view as TOML, a value on each line; None, which TOML lacks, is left out."""
        values = self.model_dump(mode="json", exclude_none=True).items()
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values]
        return "".join(lines).replace("\x7f", "\\u007f")  # JSON allows it as it is, TOML does not

    @classmethod
    def from_toml(cls, text: str) -> "View":
        """Read the view that `to_toml` wrote, also one from before graphs could be chosen.

        Raises:
            ViewError: no TOML, an unknown key or a value that cannot be.
        """
        try:
            return cls.model_validate(_of_today(tomllib.loads(text)))
        except tomllib.TOMLDecodeError as error:
            raise ViewError(f"this is not TOML: {error}") from None
        except ValidationError as error:
            lines = [f"  {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
            raise ViewError("\n".join(["this is not a view of the inspector:", *lines])) from None

    @classmethod
    def read(cls, file: str | Path) -> "View":
        """Read the view of a file.

        Raises:
            ViewError: as `from_toml`, or no text in UTF-8.
        """
        try:
            return cls.from_toml(Path(file).read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ViewError(f"{file} is not text in UTF-8 ({error}): save it as that") from None
