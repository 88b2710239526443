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
    """A profile, or a change to it, cannot be used."""


class Data(Section):
    """Where the images come from."""

    source: Literal["scenes", "cityscapes"]
    root: str = ""
    """Folder of the data set, from the project's root; for scenes the profile's own by default."""
    size: Size = (1024, 2048)
    """(height, width) of the scenes."""
    train: Positive = 2975
    """Frames used; of scenes, also frames made."""
    val: Positive = 500
    seed: Seed = 0
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    """Loader processes."""


class Model(Section):
    """The two networks compared, and the cluster layer of the second.

    `preset = "faithful"` stands for that preset's graph, neighbors, sigma and reduce; others beside it change them.
    """

    backbone: Literal["resnet18", "resnet50", "resnet101", "efficientnet_lite0"]
    weights: str | None = "imagenet"
    """Of the backbone: a name of torchvision's weights, or a file, counted from the project's root. "imagenet" is
    efficientnet_lite0's only name; for a ResNet it becomes that of torchvision's newest."""
    semantics: SemanticsName = "torchvision"
    """Whose ResNet: torchvision's, or with the stem and dilation of hszhao/semseg or mmsegmentation."""
    checkpoint: Annotated[str, Some] | None = None
    """A trained PSPNet, ours or one of theirs, that both networks go on from, in place of one trained first."""
    n_clusters: Positive = 40
    axis: Axis = "pixels"
    fusion: Fusion = "concat"
    method: Method = "spectral"
    graph: GraphName = "neighbors"
    neighbors: Positive = NEIGHBORS
    sigma: Literal["local", "median"] | Rate = "local"
    reduce: Positive | None = 64
    position: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a pixel's place beside its features."""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, values: Any) -> Any:
        return expand_name(values, "preset", PRESETS)

    @property
    def clustering(self) -> dict[str, Any]:
        """How points are clustered, as `SpectralClustering` takes it."""
        return self.model_dump(include={"graph", "neighbors", "sigma", "reduce"})

    @property
    def layer(self) -> dict[str, Any]:
        """How the cluster layer clusters, as `ClusterNet` takes it."""
        return self.clustering | {"position": self.position}

    @field_validator("weights", "checkpoint")
    @classmethod
    def _from_the_project(cls, file: str | None, field: ValidationInfo) -> str | None:
        """A relative file is counted from the project's root, wherever the notebook runs."""
        return str(PROJECT / file) if file and (field.field_name == "checkpoint" or is_weights_file(file)) else file

    @model_validator(mode="before")
    @classmethod
    def _named(cls, values: Any) -> Any:
        """What is newest today need not be tomorrow: the values name it."""
        if not isinstance(values, dict) or values.get("weights", "imagenet") != "imagenet":
            return values
        backbone = values.get("backbone")
        return values | {"weights": newest_weights(backbone)} if backbone in RESNETS else values


class Training(Section):
    """SGD with semseg's recipe (tool/train.py); a step is one batch."""

    epochs: Positive
    batch_size: Annotated[int, Field(ge=2)]
    """At least 2: batch norm over the pyramid's single region needs two images."""
    crop: Size
    scale: tuple[Scale, Scale] = (0.5, 2.0)
    rotate: Annotated[float, Field(ge=0, le=180)] = 10
    rate: Rate = 0.01
    head_factor: Rate = 10
    """Rate of the new modules over that of the backbone."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    power: Annotated[float, Field(ge=0)] = 0.9
    aux_weight: Annotated[float, Field(ge=0)] = 0.4
    """Of the auxiliary head's loss; at 0 the head is not computed."""
    class_weights: Literal["none", "enet"] = "none"
    """"enet": rare classes count more in the loss, as in Paszke et al., "ENet", 2016."""
    frozen: tuple[str, ...] = ()
    """Parts of the backbone that are not trained, by prefix of their parameters' names."""
    ohem: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Only pixels whose own class is less probable count in the loss: online hard example mining (mmsegmentation: 0.7).
    """
    ohem_least: Positive = 100_000
    """Pixels of an image that count in any case."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay of an exponential moving average of the weights, which is then what is validated and used."""
    precision: Literal["float32", "bfloat16"] = "float32"
    deterministic: bool = False
    """On CUDA, only algorithms that give the same bits again, which are slower. On CPU all are."""
    compile: bool = False
    """torch.compile of the forward pass; takes a minute at first."""
    accumulate: Positive = 1
    """Parts of a batch that go through the network one after the other, for smaller memory; batch norm sees a part."""
    save_every: Positive | None = None
    """Steps between two checkpoints within an epoch; there is one after each epoch in any case."""
    validate_every: Positive = 1
    """Epochs between two validations."""
    max_steps: Positive | None = None
    """Steps of an epoch at most; for trying things out."""
    seed: Seed = 0

    @field_validator("scale")
    @classmethod
    def _ordered(cls, scale: tuple[float, float]) -> tuple[float, float]:
        if scale[0] > scale[1]:
            raise ValueError("the smaller scale comes first")
        return scale


class Study(Section):
    """The further training of every variant, from the PSPNet that `training` gives."""

    epochs: Positive
    rate: Rate = 0.01
    n_clusters: Annotated[tuple[Positive, ...], Some] = (10, 20, 40, 80)
    axes: Annotated[tuple[Axis, ...], Some] = ("pixels", "channels")
    fusions: Annotated[tuple[Fusion, ...], Some] = ("concat", "replace")
    methods: Annotated[tuple[StudyMethod, ...], Some] = ("spectral", "kmeans")
    """"spectral" is the profile's own layer; a preset's name stands for spectral clustering by that preset."""
    seeds: Annotated[tuple[Seed, ...], Some] = (0,)


class Exploration(Section):
    """What notebooks 01 and 02 show."""

    frame: Annotated[int, Field(ge=0)] = 0
    """Index of the validation frame that is clustered and shown throughout."""
    n_clusters: Annotated[tuple[Positive, ...], Some] = (5, 10, 20, 40)
    image_size: Size
    """(height, width) at which a frame is clustered."""
    timing_points: Annotated[tuple[Positive, ...], Some] = (256, 512, 1024, 2048, 4096)
    timing_repeats: Positive = 5


class Profile(Section):
    """A whole profile."""

    name: Annotated[str, Field(pattern=r"^[^./\\\x00][^/\\\x00]*$")]
    """Of the folders of its data and results."""
    data: Data
    model: Model
    training: Training
    evaluation: Evaluation
    exploration: Exploration
    study: Study
    minutes: dict[str, Rate]
    """What each notebook takes on 2 cores: only the estimate of the time left is made of it."""

    @model_validator(mode="after")
    def _agree(self) -> "Profile":
        if found := list(disagreements(self)):
            raise ValueError("\n  ".join(found))
        return self

    @property
    def dataset(self) -> Path:
        """The data set's root."""
        return PROJECT / self.data.root if self.data.root else DATASET / self.name

    @property
    def results(self) -> Path:
        """The folder of everything that a run computes."""
        return BUILD / self.name


def load_profile(name: str | Path, overrides: str | Iterable[str] = ()) -> Profile:
    """A profile by name (notebooks/profiles/<name>.toml) or file, with single values changed.

    Args:
        overrides: "section.key=value" each, the value as in TOML: 'training.epochs=1', 'study.seeds=[0, 1]'; a text
            may stand without quotes: 'model.backbone=resnet18'. Several, or one string with spaces between them.

    Raises:
        ProfileError: no such profile, TOML that cannot be read, an unknown key, a value of a wrong type or out of its
            range, values that do not go together.
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
