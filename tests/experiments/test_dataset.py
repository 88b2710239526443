"""A profile's data set: painted or unpacked once, and again when a call was interrupted."""

import json
import warnings
from pathlib import Path

import pytest

from tests.data.frames import write_archives, write_dataset, write_frame
from thesis_lib.data import DatasetError
from thesis_lib.experiments import Profile, dataset, load_profile
from thesis_lib.experiments.dataset import provide_dataset


@pytest.fixture
def cityscapes(tmp_path: Path) -> Profile:
    given = ['data.source="cityscapes"', "data.train=3", "data.val=2", f'data.root="{tmp_path / "root"}"']
    return load_profile("smoke", given)


@pytest.fixture
def scenes(tmp_path: Path) -> Profile:
    return load_profile(
        "smoke", ["data.train=1", "data.val=1", "data.size=[24,48]", f'data.root="{tmp_path / "root"}"']
    )


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    return write_archives(write_dataset(tmp_path / "source"), tmp_path / "archives")


def test_the_zips_are_unpacked_once(cityscapes: Profile, archives: Path, tmp_path: Path) -> None:
    first = provide_dataset(cityscapes, archives)
    assert first["frames"] == {"train": 3, "val": 2}
    assert provide_dataset(cityscapes, tmp_path / "no zips here") == first


def test_an_interrupted_unpacking_is_taken_up_again(cityscapes: Profile, archives: Path) -> None:
    whole = provide_dataset(cityscapes, archives)
    root = cityscapes.dataset
    for path in (*root.glob("*_set.txt"), *root.glob("gtFine/*/*/*")):
        path.unlink()
    assert provide_dataset(cityscapes, archives) == whole


def test_edited_lists_stay_as_they_are(cityscapes: Profile, archives: Path) -> None:
    provide_dataset(cityscapes, archives)
    edited = cityscapes.dataset / "train_set.txt"
    edited.write_text("".join(edited.read_text().splitlines(keepends=True)[:2]))
    with pytest.warns(UserWarning, match="train has 2 frames"):
        assert provide_dataset(cityscapes, archives)["frames"] == {"train": 2, "val": 2}


def test_scenes_are_painted_once(scenes: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = provide_dataset(scenes, tmp_path)
    monkeypatch.delattr(dataset, "write_scenes")
    assert provide_dataset(scenes, tmp_path) == first


def test_an_interrupted_painting_is_begun_again(
    scenes: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(root: Path, **options: object) -> None:
        write_dataset(root, train=1, val=0)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(dataset, "write_scenes", interrupted)
        with pytest.raises(KeyboardInterrupt):
            provide_dataset(scenes, tmp_path)
    assert provide_dataset(scenes, tmp_path)["frames"] == {"train": 1, "val": 1}
    assert not list(scenes.dataset.rglob("alpha*"))


def test_images_of_others_are_not_painted_over(scenes: Profile, tmp_path: Path) -> None:
    write_dataset(scenes.dataset)
    with pytest.raises(DatasetError, match="holds images that this package did not paint"):
        provide_dataset(scenes, tmp_path)


def test_a_part_of_the_data_is_warned_of_and_written_down(cityscapes: Profile, tmp_path: Path) -> None:
    write_frame(cityscapes.dataset, "train", "aachen_000000_000019")
    write_frame(cityscapes.dataset, "train", "lindau_000000_000019")
    write_frame(cityscapes.dataset, "val", "frankfurt_000000_000294")
    with pytest.warns(UserWarning, match="(train|val) (has|holds)") as warned:
        found = provide_dataset(cityscapes, tmp_path)
    assert found["warnings"] == [
        "train has 2 frames, 3 are expected",
        "train holds 1 frames of other splits: lindau_000000_000019 belongs to val",
        "val has 1 frames, 2 are expected",
    ]
    assert [str(warning.message) for warning in warned] == found["warnings"]
    assert json.loads(json.dumps(found)) == found


def test_whole_data_is_not_warned_of(scenes: Profile, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert provide_dataset(scenes, tmp_path)["warnings"] == []


def test_what_macos_leaves_is_not_in_the_way_of_painting(scenes: Profile, tmp_path: Path) -> None:
    city = scenes.dataset / "leftImg8bit" / "train" / "alpha"
    city.mkdir(parents=True)
    (city / ".DS_Store").write_bytes(b"Mac OS X")
    assert provide_dataset(scenes, tmp_path)["frames"] == {"train": 1, "val": 1}
