"""Profiles: everything that differs between the runs of the thesis, as validated TOML."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from thesis_lib.models.cluster_layer import Axis, Method
from thesis_lib.models.clusternet import Fusion
from thesis_lib.models.semantics import SemanticsName
from thesis_lib.paths import BUILD, DATASET, PROFILES, PROJECT

Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(gt=0)]
Size = tuple[Positive, Positive]
Range = tuple[Rate, Rate]


class ProfileError(ValueError):
    """A profile, or a change to it, cannot be used."""


def is_weights_file(weights: Any) -> bool:
    """Whether a value of model.weights names a file, not weights by a name."""
    return isinstance(weights, str) and weights.endswith((".pt", ".pth"))


class Section(BaseModel):
    """A table of a profile: unknown keys and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


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
    seed: int = 0
    workers: Annotated[int, Field(ge=0)] = 0
    """Loader processes."""


class Model(Section):
    """The two networks compared, and the cluster layer of the second."""

    backbone: str
    weights: str | None = "imagenet"
    """Of the backbone: "imagenet", a name of torchvision's weights, or a file, counted from the project's root."""
    semantics: SemanticsName = "torchvision"
    """Whose ResNet: torchvision's, or with the stem and dilation of hszhao/semseg or mmsegmentation."""
    checkpoint: str | None = None
    """A trained PSPNet, ours or one of theirs, that both networks go on from, in place of one trained first."""
    n_clusters: Positive = 40
    axis: Axis = "pixels"
    fusion: Fusion = "concat"
    method: Method = "spectral"
    sigma: Literal["local", "median"] | Rate = "local"
    reduce: Positive | None = 64

    @field_validator("weights", "checkpoint")
    @classmethod
    def _from_the_project(cls, file: str | None, field: ValidationInfo) -> str | None:
        """A relative file is counted from the project's root, wherever the notebook runs."""
        return str(PROJECT / file) if file and (field.field_name == "checkpoint" or is_weights_file(file)) else file


class Training(Section):
    """SGD with semseg's recipe (tool/train.py); a step is one batch."""

    epochs: Positive
    batch_size: Annotated[int, Field(ge=2)]
    """At least 2: batch norm over the pyramid's single region needs two images."""
    crop: Size
    scale: Range = (0.5, 2.0)
    rotate: Annotated[float, Field(ge=0)] = 10
    rate: Rate = 0.01
    head_factor: Rate = 10
    """Rate of the new modules over that of the backbone."""
    momentum: float = 0.9
    weight_decay: float = 1e-4
    power: float = 0.9
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
    seed: int = 0


PROTOCOLS: dict[str, dict[str, Any]] = {
    "semseg-ss": {"window": (713, 713), "stride_rate": 2 / 3, "flip": True, "scales": (1.0,)},
    "semseg-ms": {
        "window": (713, 713),
        "stride_rate": 2 / 3,
        "flip": True,
        "scales": (0.5, 0.75, 1.0, 1.25, 1.5, 1.75),
    },
    "whole": {"window": None, "stride_rate": 1.0, "flip": False, "scales": (1.0,)},
    "whole+flip": {"window": None, "stride_rate": 1.0, "flip": True, "scales": (1.0,)},
}
"""The first two are what hszhao/semseg calls single scale and multi-scale (config/cityscapes, TEST); "whole" is
mmsegmentation's single scale at 512x1024. Published numbers of one are not comparable with those of another."""


class Evaluation(Section):
    """How a prediction is made: windows, mirror image, scales; softmax is averaged as in semseg (tool/test.py).

    `protocol = "semseg-ss"` in a profile stands for the values of one of the PROTOCOLS; others beside it change them.
    """

    window: Size | None
    """(height, width); None for the whole image, which then has to fit into memory."""
    stride_rate: Annotated[float, Field(gt=0, le=1)] = 2 / 3
    flip: bool = True
    scales: tuple[Rate, ...] = (1.0,)

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, values: Any) -> Any:
        if not isinstance(values, dict) or "protocol" not in values:
            return values
        name = values["protocol"]
        if name not in PROTOCOLS:
            raise ValueError(f"protocol must be one of {', '.join(PROTOCOLS)}, not {name!r}")
        return PROTOCOLS[name] | {key: value for key, value in values.items() if key != "protocol"}

    @property
    def protocol(self) -> str:
        """The name, or else the values, to stand beside every number."""
        own = self.model_dump()
        for name, values in PROTOCOLS.items():
            if values == own:
                return name
        window = "whole images" if self.window is None else "windows {}x{}".format(*self.window)
        stride = "" if self.window is None else f", stride {self.stride_rate:.2g}"
        scales = ", ".join(f"{scale:g}" for scale in self.scales)
        return f"{window}{stride}, {'mirrored too' if self.flip else 'not mirrored'}, scale {scales}"


class Study(Section):
    """The further training of every variant, from the PSPNet that `training` gives."""

    epochs: Positive
    rate: Rate = 0.01
    n_clusters: tuple[Positive, ...] = (10, 20, 40, 80)
    axes: tuple[Axis, ...] = ("pixels", "channels")
    fusions: tuple[Fusion, ...] = ("concat", "replace")
    methods: tuple[Method, ...] = ("spectral", "kmeans")
    seeds: tuple[int, ...] = (0,)


class Exploration(Section):
    """What notebooks 01 and 02 show."""

    frame: Annotated[int, Field(ge=0)] = 0
    """Index of the validation frame that is clustered and shown throughout."""
    n_clusters: tuple[Positive, ...] = (5, 10, 20, 40)
    image_size: Size
    """(height, width) at which a frame is clustered."""
    timing_points: tuple[Positive, ...] = (256, 512, 1024, 2048, 4096)
    timing_repeats: Positive = 5


class Profile(Section):
    """A whole profile."""

    name: str
    data: Data
    model: Model
    training: Training
    evaluation: Evaluation
    exploration: Exploration
    study: Study
    minutes: dict[str, Rate]
    """What each notebook takes on 2 cores: only the estimate of the time left is made of it."""

    @model_validator(mode="after")
    def _clusters_fit(self) -> "Profile":
        height, width = (-(-side // 8) for side in self.training.crop)
        most = max(self.model.n_clusters, *self.study.n_clusters)
        if most > height * width:
            raise ValueError(
                f"{most} clusters of a crop's {height} x {width} pixels at stride 8: enlarge training.crop"
            )
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
        overrides: "section.key=value" each, the value as in TOML: 'training.epochs=1', 'model.backbone="resnet18"';
            several, or one string with spaces between them.

    Raises:
        ProfileError: no such profile, TOML that cannot be read, an unknown key, a value of a wrong type.
    """
    file = Path(name) if str(name).endswith(".toml") else PROFILES / f"{name}.toml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in PROFILES.glob("*.toml")))
        raise ProfileError(f"there is no profile {str(name)!r} ({file}). Choose {known}, or the path of a .toml file")
    content = {"name": file.stem} | _parse(file.read_text(encoding="utf-8"), str(file))
    for override in overrides.split() if isinstance(overrides, str) else overrides:
        _override(content, override)
    try:
        return Profile.model_validate(content)
    except ValidationError as error:
        raise ProfileError(f"{file}:\n" + "\n".join(_describe(problem) for problem in error.errors())) from None


def _parse(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{source} is not TOML: {error}") from None


def _override(content: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    section, _, name = key.strip().partition(".")
    if not (equals and section and name):
        raise ProfileError(f"{override!r} changes nothing: write section.key=value, such as training.epochs=1")
    parsed = _parse(f"value = {value}", f"the value of {override!r}")
    content.setdefault(section, {})[name] = parsed["value"]


def _describe(problem: Any) -> str:
    where = ".".join(map(str, problem["loc"])) or "profile"
    if problem["type"] == "extra_forbidden":
        return f"  {where} is not a key of a profile; see notebooks/profiles/demo.toml for those there are"
    given = "" if problem["type"] == "missing" else f" (given: {problem['input']!r})"
    return f"  {where}: {problem['msg']}{given if len(given) < 80 else ''}"
