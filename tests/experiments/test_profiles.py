import datetime
import json
import math
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from torchvision.models import get_model_weights

from thesis_lib.clustering.spectral import PRESETS
from thesis_lib.experiments import Profile, ProfileError, load_profile
from thesis_lib.experiments.consistency import CHANNELS
from thesis_lib.experiments.profiles import PROTOCOLS, Evaluation, Model
from thesis_lib.models.backbones import EFFICIENTNET, RESNETS, build_backbone
from thesis_lib.paths import PROFILES, PROJECT


@pytest.mark.parametrize("name", ["smoke", "demo", "cityscapes"])
def test_every_profile_is_valid(name: str) -> None:
    assert load_profile(name).name == name


def test_the_thesis_has_resnet50_crop_713_and_40_clusters_concatenated() -> None:
    profile = load_profile("cityscapes")
    assert profile.model.backbone == "resnet50"
    assert profile.training.crop == profile.evaluation.window == (713, 713)
    assert (profile.model.n_clusters, profile.model.axis, profile.model.fusion) == (40, "pixels", "concat")


def test_every_notebook_has_its_minutes() -> None:
    notebooks = sorted(path.stem for path in PROFILES.parent.glob("0[1-6]*.ipynb"))
    for file in PROFILES.glob("*.toml"):
        assert list(load_profile(file).minutes) == notebooks


def offered_choices() -> list[tuple[str, str]]:
    """(section, "key = value") of the lines of cityscapes.toml that are choices to be taken."""
    section, found = "", []
    for line in (PROFILES / "cityscapes.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.partition("]")[0][1:]
        elif section and (choice := re.match(r"# (\w+ = .+)", line)):
            found.append((section, choice[1].split("  ")[0].partition(" #")[0].strip()))
    return found


@pytest.mark.parametrize(("section", "choice"), offered_choices(), ids=lambda one: one)
def test_every_choice_that_a_profile_offers_can_be_taken(section: str, choice: str) -> None:
    key, _, value = choice.partition(" = ")
    changes = [f"{section}.{key}={value}", *(['model.weights="resnet50_v2.pth"'] if key == "semantics" else [])]
    changed = getattr(load_profile("cityscapes", changes), section).model_dump()[key]
    given = tomllib.loads(choice)[key]
    assert changed == (
        str(PROJECT / given) if key == "checkpoint" else tuple(given) if isinstance(given, list) else given
    )


def test_every_option_is_used_or_offered_by_a_profile() -> None:
    texts = [tomllib.loads(file.read_text(encoding="utf-8")) for file in PROFILES.glob("*.toml")]
    known = {(section, key) for text in texts for section, values in text.items() for key in values}
    known |= {(section, choice.partition(" = ")[0]) for section, choice in offered_choices()}
    wanted = {
        (section, key)
        for section, field in Profile.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for key in field.annotation.model_fields
    }
    assert wanted <= known


def test_values_can_be_changed_one_by_one() -> None:
    profile = load_profile("demo", 'training.epochs=3 model.backbone="resnet18" study.n_clusters=[5,6]')
    assert profile.training.epochs == 3
    assert profile.model.backbone == "resnet18"
    assert profile.study.n_clusters == (5, 6)
    assert load_profile("demo", ["training.epochs=3"]).training.epochs == 3


def test_a_profile_can_be_any_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text((PROFILES / "demo.toml").read_text())
    assert load_profile(tmp_path / "mine.toml").name == "mine"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epoch=1", "training.epoch is not a key"),
        ("trainings.epochs=1", "trainings is not a key"),
        ('training.epochs="many"', r"training.epochs: .*\(given: 'many'\)"),
        ("training.epochs=0", "training.epochs: .*greater than 0"),
        ("training.batch_size=1", "training.batch_size: .*greater than or equal to 2"),
        ('model.axis="rows"', "model.axis: .*'pixels' or 'channels'"),
        ("training.epochs", "write section.key=value"),
        ("epochs=1", "write section.key=value"),
        ("training.epochs=one", "the value of 'training.epochs=one' is not TOML"),
        ("training.epochs=one", 'a string needs quotes: training.epochs="one"'),
        ("name.x=1", "name is a value and has no keys of its own"),
        ("model.weights=V9", "no weights 'V9': model.weights is one of imagenet, or a file"),
        ("model.semantics=semseg", "efficientnet_lite0 is no ResNet"),
        ("model.n_clusters=113", "113 clusters of the 112 channels of efficientnet_lite0"),
        ("evaluation.window=[40,56]", "a window's map at stride 8 has 5 x 7: enlarge evaluation.window"),
        ("exploration.image_size=[32,64]", "40 clusters of the 4 x 8 pixels at stride 8 of exploration.image_size"),
        ("exploration.timing_points=[39]", "40 clusters of 39 points"),
        ("exploration.timing_points=[100000]", "all more than the 128 x 256 pixels of layer 1"),
        ("exploration.frame=16", "exploration.frame is 16 of 16 validation frames"),
        ("training.scale=[2,0.5]", "the smaller scale comes first"),
        ("study.n_clusters=[]", "study.n_clusters: .*at least 1 item"),
        ("model.n_clusters=5000", "a crop's map at stride 8 has 33 x 65"),
    ],
)
def test_what_makes_no_sense_is_refused(override: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        load_profile("demo", [override])


DATE = datetime.date(2026, 11, 23)
TEXTS = ["", "nonsense", "3", DATE]
NUMBERS = [True, 1.5, -1, 0, math.inf, -math.inf, math.nan]
SEQUENCES = [
    [],
    [1],
    [1, 2, 3],
    ["a", "b"],
    [0, 0],
    [-1, 5],
    [[1, 2], [3, 4]],
    [True, True],
    [math.nan, 1.0],
    {},
    {"a": 1},
]
RIGHT: dict[str, list[Any]] = {
    "data.root": ["", "nonsense", "3"],
    "model.checkpoint": ["nonsense", "3"],
    "training.frozen": [[], ["a", "b"]],
    "training.aux_weight": [1.5, 0],
    "training.rotate": [1.5, 0],
    "training.weight_decay": [1.5, 0],
    "training.power": [1.5, 0],
    "training.momentum": [0],
    "training.rate": [1.5],
    "training.head_factor": [1.5],
    "training.deterministic": [True],
    "training.compile": [True],
    "evaluation.flip": [True],
    "evaluation.scales": [[1], [1, 2, 3]],
    "study.rate": [1.5],
    "study.n_clusters": [[1], [1, 2, 3]],
    "study.seeds": [[1], [1, 2, 3], [0, 0]],
    "exploration.n_clusters": [[1], [1, 2, 3]],
    "model.sigma": [1.5],
    "model.position": [1.5, 0],
    "minutes": [{}, {"a": 1}],
    "name": ["nonsense", "3"],
}
"""Of the values tried, those that make sense: 0 is one where a key may be none, and nothing but them."""
ZERO = ("data.seed", "data.workers", "training.seed", "training.views", "exploration.frame")


def fields() -> list[str]:
    names = []
    for section, field in Profile.model_fields.items():
        table = field.annotation
        is_table = isinstance(table, type) and issubclass(table, BaseModel)
        names += [f"{section}.{name}" for name in table.model_fields] if is_table else [section]
    return names


def with_value(key: str, value: Any) -> dict[str, Any]:
    content = {"name": "demo"} | tomllib.loads((PROFILES / "demo.toml").read_text())
    del content["training"]["views"]  # which wants a frozen backbone
    section, _, name = key.partition(".")
    if name:
        content[section][name] = value
    else:
        content[section] = value
    return content


@pytest.mark.parametrize("key", fields())
def test_every_key_takes_what_makes_sense_and_nothing_else(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = RIGHT.get(key, []) + ([0] if key in ZERO else [])
    for value in [*TEXTS, *NUMBERS, *SEQUENCES]:
        content = with_value(key, value)
        monkeypatch.setattr("thesis_lib.experiments.profiles._read", lambda _, content=content: content)
        if any(type(value) is type(one) and value == one for one in right):
            load_profile("demo")
            continue
        with pytest.raises(ProfileError) as error:
            load_profile("demo")
        assert key.partition(".")[0] in str(error.value), (value, str(error.value))
        assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training.views", 1000),
        *[(f"{section}.seed", 2**40) for section in ("data", "training")],
        ("training.momentum", 0.999),
        ("training.scale", [1, 1.0]),
        ("training.crop", [2049, 2049]),
        ("evaluation.scales", [0.25, 1]),
        ("model.sigma", "median"),
        ("model.sigma", 3),
        ("training.rate", 1),
    ],
)
def test_what_makes_sense_is_taken(key: str, value: Any) -> None:
    section, name = key.split(".")
    found = getattr(getattr(load_profile("demo", [f"{key}={json.dumps(value)}"]), section), name)
    assert found == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training.momentum", 5),
        ("training.momentum", 1),
        ("training.momentum", -0.1),
        ("training.weight_decay", -1e-4),
        ("training.scale", [2, 0.5]),
        ("training.scale", [1e-9, 1]),
        ("training.scale", [0.5, 1e9]),
        ("training.crop", [10**9, 8]),
        ("training.rotate", 181),
        ("training.views", -1),
        ("training.views", 10**4),
        ("training.ohem", 1),
        ("training.ema", 1.0),
        ("evaluation.stride_rate", 1.01),
        ("evaluation.scales", [0.0]),
        ("evaluation.protocol", []),
        ("evaluation.protocol", 3),
        ("data.workers", 10**6),
        ("data.size", [0, 5]),
        ("study.seeds", [-1]),
        ("study.axes", ["rows"]),
        ("minutes.a", -1),
        ("model.backbone", "resnet34"),
        ("training.seed", -1),
    ],
)
def test_a_value_out_of_its_range_is_refused(key: str, value: Any) -> None:
    with pytest.raises(ProfileError, match=key.replace(".protocol", "")):
        load_profile("demo", [f"{key}={json.dumps(value)}"])


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "", "a\\\\b"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine.toml").write_text(f'name = "{name}"\n' + (PROFILES / "demo.toml").read_text())
    with pytest.raises(ProfileError, match="name: "):
        load_profile(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("data.source=cityscapes", "cityscapes"),
        ("data.root=some/where-else_1.0", "some/where-else_1.0"),
        ("data.root=2026-11-23", "2026-11-23"),
        ("data.root=010", "010"),
        ("data.root=no", "no"),
        ('data.root="a b c"', "a b c"),
        ("data.root='a = b'", "a = b"),
        ("model.sigma=median", "median"),
        ("model.sigma=3.5", 3.5),
        ("model.weights=w/r.pth", str(PROJECT / "w/r.pth")),
        ("study.n_clusters=[5, 6]", (5, 6)),
        ('study.axes=["pixels"]', ("pixels",)),
    ],
)
def test_a_text_may_stand_without_quotes(given: str, found: Any) -> None:
    section, name = given.partition("=")[0].split(".")
    for overrides in (given, [given], f"training.epochs=3 {given}  study.epochs=2 "):
        assert getattr(getattr(load_profile("demo", overrides), section), name) == found
    assert load_profile("demo", f"training.epochs=3 {given} study.epochs=2").study.epochs == 2


def test_the_backbones_of_profiles_are_those_there_are() -> None:
    """Their names, the channels of their layer 4, and what "imagenet" means for each."""
    assert {*CHANNELS} == {*RESNETS, EFFICIENTNET} == {*get_args(Model.model_fields["backbone"].annotation)}
    for name, channels in CHANNELS.items():
        assert build_backbone(name).channels[3] == channels
        newest = "imagenet" if name == EFFICIENTNET else get_model_weights(name).DEFAULT.name
        assert load_profile("demo", [f"model.backbone={name}"]).model.weights == newest


def test_the_thesis_names_its_weights() -> None:
    assert load_profile("cityscapes").model.weights == "IMAGENET1K_V1"


def test_whole_frames_have_as_many_pixels_as_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    content = with_value("evaluation", {"protocol": "whole", "scales": [0.05]})
    monkeypatch.setattr("thesis_lib.experiments.profiles._read", lambda _: content)
    with pytest.raises(ProfileError, match="a whole frame's map at stride 8 has 4 x 7: enlarge evaluation.scales"):
        load_profile("demo")
    content["evaluation"]["scales"] = [0.25]
    assert load_profile("demo").evaluation.window is None


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(ProfileError, match="cityscapes, demo, smoke"):
        load_profile("dmeo")


def test_broken_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[data\n")
    with pytest.raises(ProfileError, match=r"broken.toml is not TOML"):
        load_profile(tmp_path / "broken.toml")


@pytest.mark.parametrize(
    ("content", "message"), [(b"\xff\xfe", "is not TOML"), (b"name = \xe9", "is not TOML"), (b"data = 3", "data: ")]
)
def test_a_file_of_other_content_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "other.toml").write_bytes(content)
    with pytest.raises(ProfileError, match=message):
        load_profile(tmp_path / "other.toml")


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbf" + (PROFILES / "demo.toml").read_bytes())
    assert load_profile(tmp_path / "mine.toml").training.epochs == 30


def test_a_file_of_weights_is_counted_from_the_project() -> None:
    assert load_profile("smoke", ['model.weights="weights/r50.pth"']).model.weights == str(PROJECT / "weights/r50.pth")
    assert load_profile("smoke", ['model.weights="/elsewhere/r50.pth"']).model.weights == "/elsewhere/r50.pth"
    assert load_profile("smoke").model.weights == "imagenet"


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_is_known_by_its_name(name: str) -> None:
    protocol = Evaluation.model_validate({"protocol": name})
    assert protocol.protocol == name


def test_a_changed_protocol_says_what_it_does() -> None:
    protocol = Evaluation.model_validate({"protocol": "semseg-ss", "flip": False, "scales": (0.5, 1)})
    assert protocol.protocol == "windows 713x713, stride 0.67, not mirrored, scale 0.5, 1"
    assert Evaluation(window=None, scales=(2,)).protocol == "whole images, mirrored too, scale 2"


def test_an_unknown_protocol_is_told() -> None:
    with pytest.raises(ProfileError, match=r"evaluation: .*semseg-ss, semseg-ms, whole, whole\+flip, not 'ss'"):
        load_profile("smoke", 'evaluation.protocol="ss"')


def test_the_thesis_is_scored_as_semseg_scores() -> None:
    assert load_profile("cityscapes").evaluation.protocol == "semseg-ss"


def test_a_preset_stands_for_its_values_and_others_beside_it_count_more() -> None:
    faithful = load_profile("demo", 'model.preset="faithful" model.reduce=32').model
    assert (faithful.graph, faithful.sigma, faithful.reduce) == ("full", "median", 32)
    assert load_profile("demo").model.layer == {**PRESETS["recommended"], "position": 0.0}
    with pytest.raises(ProfileError, match="preset must be one of recommended, faithful, not 'best'"):
        load_profile("demo", 'model.preset="best"')
