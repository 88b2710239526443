"""What the inspector shows, as values: enough to show the same again without a browser."""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from thesis_lib.clustering import SpectralClustering
from thesis_lib.clustering.spectral import PRESETS, Preset
from thesis_lib.experiments.features import LAYERS
from thesis_lib.models.cluster_layer import Axis
from thesis_lib.views.inspector.palettes import MOST, PALETTES

SOLVERS = ("auto", "krylov", "dense")
BANDWIDTHS = ("preset", "local", "median")
DENSE_MOST = 4096
"""Points of which the whole decomposition still takes less than a minute."""
Side = Annotated[int, Field(ge=8)]
K = Annotated[int, Field(ge=2, le=MOST)]


def _unlabelled(embedding: Tensor) -> tuple[Tensor, Tensor]:
    """In place of a k-means whose labels nobody would look at, and which takes a third of the time."""
    k = embedding.shape[-1]
    return torch.arange(len(embedding), device=embedding.device) % k, embedding[:k]


class ViewError(ValueError):
    """A view that cannot be shown."""


class View(BaseModel):
    """One picture, what is clustered of it, and how that is drawn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str = ""
    overrides: str = ""
    """Of the run that networks and frames come from."""
    size: tuple[Side, Side] = (512, 1024)
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
        """The name of the picture that is shown."""
        return (self.picture, self.joint)[self.place]

    @property
    def clustered(self) -> tuple[Any, ...]:
        """What the eigenvectors depend on; with equal values they are the same."""
        parts = (self.size, self.picture, self.joint, self.network, self.layer, self.axis)
        return (*parts, self.preset, self.solver, self.bandwidth)

    def clustering(self, n: int) -> SpectralClustering:
        """For n points; it finds eigenvectors alone, of which labels of any k are cut afterwards.

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
        options = PRESETS[self.preset] | ({} if self.bandwidth == "preset" else {"sigma": self.bandwidth})
        return SpectralClustering(min(MOST, n), solver=self.solver, kmeans=_unlabelled, **options)

    def to_toml(self) -> str:
        """Every value on a line."""
        values = self.model_dump(mode="json").items()
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values]
        return "".join(lines).replace("\x7f", "\\u007f")  # JSON allows it as it is, TOML does not

    @classmethod
    def from_toml(cls, text: str) -> "View":
        """The view that `to_toml` wrote.

        Raises:
            ViewError: no TOML, an unknown key or a value that cannot be.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ViewError(f"this is not TOML: {error}") from None
        except ValidationError as error:
            lines = [f"  {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
            raise ViewError("\n".join(["this is not a view of the inspector:", *lines])) from None

    @classmethod
    def read(cls, file: str | Path) -> "View":
        """The view of a file."""
        return cls.from_toml(Path(file).read_text(encoding="utf-8"))
