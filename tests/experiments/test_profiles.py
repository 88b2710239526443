from pathlib import Path

import pytest

from thesis_lib.clustering.spectral import PRESETS
from thesis_lib.experiments import ProfileError, load_profile
from thesis_lib.experiments.profiles import PROTOCOLS, Evaluation
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
        ("model.n_clusters=5000", "5000 clusters of a crop's 33 x 65 pixels"),
    ],
)
def test_what_makes_no_sense_is_refused(override: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        load_profile("demo", [override])


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(ProfileError, match="cityscapes, demo, smoke"):
        load_profile("dmeo")


def test_broken_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[data\n")
    with pytest.raises(ProfileError, match=r"broken.toml is not TOML"):
        load_profile(tmp_path / "broken.toml")


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
