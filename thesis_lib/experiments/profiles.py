"""Profiles: everything that differs between the runs of the thesis, as validated TOML."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from thesis_lib.clustering.neighbor_graph import NEIGHBORS
from thesis_lib.clustering.spectral import PRESETS, GraphName, Preset
from thesis_lib.experiments.consistency import disagreements, is_weights_file, newest_weights
from thesis_lib.experiments.overrides import OverrideError, override, split_overrides
from thesis_lib.experiments.protocols import PROTOCOLS, Evaluation
from thesis_lib.experiments.sections import Positive, Rate, Scale, Section, Seed, Size, Some, expand_name
from thesis_lib.models.backbones import RESNETS
from thesis_lib.models.cluster_layer import Axis, Method
from thesis_lib.models.clusternet import Fusion
from thesis_lib.models.semantics import SemanticsName
from thesis_lib.paths import BUILD, DATASET, PROFILES, PROJECT

__all__ = ["PROTOCOLS", "Evaluation", "Profile", "ProfileError", "load_profile"]

StudyMethod = Method | Preset


class ProfileError(ValueError):
    """A profile or an override that is missing, unreadable or invalid."""


class Data(Section):
    """Source, size and number of the images."""

    source: Literal["scenes", "cityscapes"]
    root: str = ""
    """Folder of the data set, relative to the project's root; by default cityscapes_dataset/<profile>."""
    size: Size = (1024, 2048)
    """(height, width) of the scenes in pixels."""
    train: Positive = 2975
    """Number of training frames used; synthetic scenes are also made in this number."""
    val: Positive = 500
    """Number of validation frames, likewise."""
    seed: Seed = 0
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    """Number of DataLoader workers."""


class Model(Section):
    """PSPNet and ClusterNet, the two networks compared, and the options of the cluster layer.

    `preset = "faithful"` stands for that preset's graph, neighbors, sigma and reduce; keys beside it override these.
    """

    backbone: Literal["resnet18", "resnet50", "resnet101", "efficientnet_lite0"]
    weights: str | None = "imagenet"
    """Pretrained weights of the backbone: a name of torchvision's weights, or a file, relative to the project's root.
    "imagenet" is efficientnet_lite0's only name; for a ResNet it becomes the name of torchvision's default."""
    semantics: SemanticsName = "torchvision"
    """ResNet variant: torchvision's, or with the stem and dilations of hszhao/semseg or mmsegmentation."""
    checkpoint: Annotated[str, Some] | None = None
    """A trained PSPNet from which both networks start, of this package, semseg or mmsegmentation; None trains one."""
    n_clusters: Positive = 40
    axis: Axis = "pixels"
    fusion: Fusion = "concat"
    method: Method = "spectral"
    graph: GraphName = "neighbors"
    neighbors: Positive = NEIGHBORS
    sigma: Literal["local", "median"] | Rate = "local"
    reduce: Positive | None = 64
    position: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a pixel's coordinates beside its features."""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, values: Any) -> Any:
        return expand_name(values, "preset", PRESETS)

    @property
    def clustering(self) -> dict[str, Any]:
        """Keyword arguments for `SpectralClustering`: graph, neighbors, sigma and reduce."""
        return self.model_dump(include={"graph", "neighbors", "sigma", "reduce"})

    @property
    def layer(self) -> dict[str, Any]:
        """Keyword arguments of the cluster layer for `ClusterNet`: those of the clustering, and position."""
        return self.clustering | {"position": self.position}

    @field_validator("weights", "checkpoint")
    @classmethod
    def _from_the_project(cls, file: str | None, field: ValidationInfo) -> str | None:
        """Resolve a relative file against the project's root, not the working directory."""
        return str(PROJECT / file) if file and (field.field_name == "checkpoint" or is_weights_file(file)) else file

    @model_validator(mode="before")
    @classmethod
    def _named(cls, values: Any) -> Any:
        """Replace "imagenet" by the name of torchvision's default weights, which may change between versions."""
        if not isinstance(values, dict) or values.get("weights", "imagenet") != "imagenet":
            return values
        backbone = values.get("backbone")
        return values | {"weights": newest_weights(backbone)} if backbone in RESNETS else values


class Training(Section):
    """Recipe of a training, by default that of hszhao/semseg (tool/train.py); a step is one batch."""

    epochs: Positive
    batch_size: Annotated[int, Field(ge=2)]
    """Images per step, at least 2: batch norm over the pyramid's single region needs two."""
    crop: Size
    scale: tuple[Scale, Scale] = (0.5, 2.0)
    rotate: Annotated[float, Field(ge=0, le=180)] = 10
    optimizer: Literal["sgd", "adamw"] = "sgd"
    """SGD as published; AdamW takes a head behind a frozen backbone as far in half the steps."""
    rate: Rate = 0.01
    head_factor: Rate = 10
    """Learning rate of the new modules relative to that of the backbone."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    power: Annotated[float, Field(ge=0)] = 0.9
    aux_weight: Annotated[float, Field(ge=0)] = 0.4
    """Weight of the auxiliary head's loss; at 0 the head is not computed."""
    class_weights: Literal["none", "enet"] = "none"
    """Weights of classes in the loss; "enet" gives rare ones more weight (Paszke et al., "ENet", 2016)."""
    frozen: tuple[str, ...] = ()
    """Prefixes of the names of the backbone's parameters that are not trained."""
    views: Annotated[int, Field(ge=0, le=1000)] = 0
    """Number of augmented views of each training frame, which the epochs take in turn; 0 draws new ones in each.
    The features of views are computed once and kept, so the whole backbone must be frozen."""
    ohem: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Threshold of online hard example mining: only pixels whose own class is less probable count in the loss
    (mmsegmentation: 0.7)."""
    ohem_least: Positive = 100_000
    """Number of pixels per image that count in any case, with `ohem`."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay of an exponential moving average (EMA) of the weights, which is then validated and saved."""
    precision: Literal["float32", "bfloat16"] = "float32"
    deterministic: bool = False
    """Bit-reproducible but slower algorithms on CUDA; on the CPU all are reproducible."""
    compile: bool = False
    """Whether torch.compile compiles the forward pass, which takes a minute at the start."""
    accumulate: Positive = 1
    """Number of parts of a batch for gradient accumulation, to save memory; batch norm sees one part at a time."""
    save_every: Positive | None = None
    """Steps between checkpoints within an epoch; one is written after each epoch in any case."""
    validate_every: Positive = 1
    """Epochs between validations."""
    max_steps: Positive | None = None
    """Maximum number of steps per epoch, for quick trials."""
    seed: Seed = 0

    @field_validator("scale")
    @classmethod
    def _ordered(cls, scale: tuple[float, float]) -> tuple[float, float]:
        if scale[0] > scale[1]:
            raise ValueError(f"the smaller scale comes first: write [{scale[1]:g}, {scale[0]:g}]")
        return scale


class Study(Section):
    """Variants of the study, and the recipe of their further training from the pretrained PSPNet."""

    epochs: Positive
    rate: Rate = 0.01
    n_clusters: Annotated[tuple[Positive, ...], Some] = (10, 20, 40, 80)
    axes: Annotated[tuple[Axis, ...], Some] = ("pixels", "channels")
    fusions: Annotated[tuple[Fusion, ...], Some] = ("concat", "replace")
    methods: Annotated[tuple[StudyMethod, ...], Some] = ("spectral", "kmeans")
    """Clustering methods: "spectral" is the profile's own layer, a preset's name spectral clustering by that preset."""
    seeds: Annotated[tuple[Seed, ...], Some] = (0,)


class Exploration(Section):
    """Frame, sizes and cluster counts that notebooks 01 and 02 show."""

    frame: Annotated[int, Field(ge=0)] = 0
    """Index of the validation frame that is clustered and shown throughout."""
    n_clusters: Annotated[tuple[Positive, ...], Some] = (5, 10, 20, 40)
    image_size: Size
    """(height, width) in pixels at which a frame is clustered."""
    timing_points: Annotated[tuple[Positive, ...], Some] = (256, 512, 1024, 2048, 4096)
    timing_repeats: Positive = 5


class Profile(Section):
    """All values of a run: data, model, training, evaluation, exploration and study."""

    name: Annotated[str, Field(pattern=r"^[^./\\\x00][^/\\\x00]*$")]
    """Name of the folders of its data and results."""
    data: Data
    model: Model
    training: Training
    evaluation: Evaluation
    exploration: Exploration
    study: Study
    minutes: dict[str, Rate]
    """Minutes that each notebook takes on 2 cores, used only to estimate the remaining time."""

    @model_validator(mode="after")
    def _agree(self) -> "Profile":
        if found := list(disagreements(self)):
            raise ValueError("\n  ".join(found))
        return self

    @property
    def dataset(self) -> Path:
        """Root folder of the data set."""
        return PROJECT / self.data.root if self.data.root else DATASET / self.name

    @property
    def results(self) -> Path:
        """Folder of everything that a run computes, build/<name>."""
        return BUILD / self.name


def load_profile(name: str | Path, overrides: str | Iterable[str] = ()) -> Profile:
    """Load a profile by name (notebooks/profiles/<name>.toml) or from a .toml file, with overrides.

    Args:
        overrides: a list of "section.key=value", or one string of them separated by spaces. Values are as in TOML:
            'training.epochs=1', 'study.seeds=[0, 1]'; strings need no quotes: 'model.backbone=resnet18'.

    Raises:
        ProfileError: a missing profile, invalid TOML, an unknown key, a value of a wrong type or out of range, or
            values that contradict each other.
    """
    file = Path(name) if str(name).endswith(".toml") else PROFILES / f"{name}.toml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in PROFILES.glob("*.toml")))
        raise ProfileError(f"there is no profile {str(name)!r} ({file}). Choose {known}, or the path of a .toml file")
    content = {"name": file.stem} | _read(file)
    try:
        for change in split_overrides(overrides):
            override(content, change, Profile)
        return Profile.model_validate(content)
    except OverrideError as error:
        raise ProfileError(str(error)) from None
    except ValidationError as error:
        raise ProfileError(f"{file}:\n" + "\n".join(_describe(problem) for problem in error.errors())) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{file} is not TOML: {error}") from None
    except OSError as error:
        raise ProfileError(f"{file} cannot be read: {error.strerror}") from None


def _describe(problem: Any) -> str:
    where = ".".join(map(str, problem["loc"]))
    if not where:
        return f"  {problem['msg'].removeprefix('Value error, ')}"
    if problem["type"] == "extra_forbidden":
        return f"  {where} is not a key of a profile; see notebooks/profiles/demo.toml for those there are"
    given = "" if problem["type"] == "missing" else f" (given: {problem['input']!r})"
    return f"  {where}: {problem['msg']}{given if len(given) < 80 else ''}"
