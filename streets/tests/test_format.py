"""Synthetic streets: Cityscapes' own tools read them, every class is there, errors are clear."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.helpers.labels import labels as LABELS
from cityscapesscripts.helpers.labels import name2label
from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
from cityscapesscripts.preparation.json2labelImg import createLabelImage
from PIL import Image

from streets import CITIES, StreetsError, files, paint_scene, write_scenes

SIZE = (128, 256)
CLASSES = [label.id for label in LABELS if not label.ignoreInEval]
CLASS_NAMES = [label.name for label in LABELS if not label.ignoreInEval]
SUFFIXES = ("labelIds.png", "instanceIds.png", "color.png", "polygons.json")
REAL_CITIES = {
    "aachen", "bochum", "bremen", "cologne", "darmstadt", "dusseldorf", "erfurt", "hamburg", "hanover",
    "jena", "krefeld", "monchengladbach", "strasbourg", "stuttgart", "tubingen", "ulm", "weimar", "zurich",
    "frankfurt", "lindau", "munster", "berlin", "bielefeld", "bonn", "leverkusen", "mainz", "munich",
}  # fmt: skip


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The default data set, small, and its frames' names."""
    root = tmp_path_factory.mktemp("streets")
    return root, write_scenes(root, size=SIZE, workers=1)


def truth(root: Path, name: str, suffix: str) -> Path:
    """The ground-truth file of a frame."""
    return next(root.glob(f"gtFine/*/{name.split('_')[0]}/{name}_gtFine_{suffix}"))


def annotation(root: Path, name: str) -> Annotation:
    """The polygons of a frame, as cityscapesscripts reads them."""
    read = Annotation()
    read.fromJsonFile(str(truth(root, name, "polygons.json")))
    return read


def split_of(name: str) -> str:
    """train or val, by the frame's town."""
    return next(split for split, cities in CITIES.items() if name.split("_")[0] in cities)


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def shares(root: Path, names: list[str]) -> np.ndarray:
    """(19,) share of each class among the labelled pixels of some frames."""
    counts = np.zeros(256, np.int64)
    for name in names:
        labels = np.asarray(Image.open(truth(root, name, "labelIds.png")))
        counts += np.bincount(labels.ravel(), minlength=256)
    return counts[CLASSES] / counts[CLASSES].sum()


def test_the_tree_is_laid_out_as_cityscapes_is(streets: tuple[Path, list[str]]) -> None:
    root, names = streets
    expected = set()
    for name in names:
        split, city = split_of(name), name.split("_")[0]
        expected.add(f"leftImg8bit/{split}/{city}/{name}_leftImg8bit.png")
        expected |= {f"gtFine/{split}/{city}/{name}_gtFine_{suffix}" for suffix in SUFFIXES}
    assert set(contents(root)) == expected
    assert [split_of(name) for name in names] == ["train"] * 8 + ["val"] * 4


def test_pictures_have_cityscapes_modes_and_sizes(streets: tuple[Path, list[str]]) -> None:
    root, names = streets
    modes = {"labelIds.png": "L", "instanceIds.png": "I;16", "color.png": "RGBA"}
    for name, (suffix, mode) in itertools.product(names, modes.items()):
        with Image.open(truth(root, name, suffix)) as picture:
            assert (picture.mode, picture.size) == (mode, SIZE[::-1])
    for path in root.glob("leftImg8bit/*/*/*.png"):
        with Image.open(path) as picture:
            assert (picture.mode, picture.size) == ("RGB", SIZE[::-1])


@pytest.mark.parametrize(
    ("suffix", "official"),
    [
        ("labelIds.png", lambda read: createLabelImage(read, "ids")),
        ("instanceIds.png", lambda read: createInstanceImage(read, "ids")),
        ("color.png", lambda read: createLabelImage(read, "color")),
    ],
)
def test_the_official_scripts_draw_the_same_pixels(
    streets: tuple[Path, list[str]], suffix: str, official: Callable[[Annotation], Image.Image]
) -> None:
    root, names = streets
    for name in names:
        drawn = np.asarray(official(annotation(root, name)))
        assert np.array_equal(drawn, np.asarray(Image.open(truth(root, name, suffix)))), name


def test_polygons_have_whole_vertices_inside_the_frame(streets: tuple[Path, list[str]]) -> None:
    root, names = streets
    for name in names:
        read = annotation(root, name)
        assert (read.imgHeight, read.imgWidth) == SIZE
        vertices = np.array([point for thing in read.objects for point in thing.polygon])
        assert vertices.dtype.kind == "i"
        assert (vertices >= 0).all()
        assert (vertices < SIZE[::-1]).all()


def test_every_frame_shows_the_hood_and_the_borders(streets: tuple[Path, list[str]]) -> None:
    root, names = streets
    for name in names:
        labels = np.asarray(Image.open(truth(root, name, "labelIds.png")))
        assert labels[-4, SIZE[1] // 2] == name2label["ego vehicle"].id
        assert (labels[0] == name2label["out of roi"].id).all()
        seen = {thing.label for thing in annotation(root, name).objects}
        assert {"ego vehicle", "rectification border", "out of roi", "road", "sky"} <= seen


@pytest.mark.parametrize("size", [(24, 48), (128, 256), (256, 512), (1024, 2048)])
def test_the_rectification_border_repeats_the_pixels_beside_it(size: tuple[int, int]) -> None:
    frame = paint_scene(size=size, seed=1, split="val")
    border = frame.labels == name2label["rectification border"].id
    wide = int(border.any(0).sum())
    assert border[:, :wide].mean() > 0.8
    assert not border[:, wide:].any()
    inside = frame.image[:, wide : 2 * wide].astype(float)
    assert abs(frame.image[:, :wide].mean() - inside.mean()) < 3
    assert (frame.image[:, :wide] == frame.image[:, wide : wide + 1]).all()


@pytest.mark.parametrize("split", ["train", "val"])
def test_all_classes_are_in_each_split(streets: tuple[Path, list[str]], split: str) -> None:
    root, names = streets
    share = shares(root, [name for name in names if split_of(name) == split])
    assert not [CLASS_NAMES[k] for k in np.flatnonzero(share == 0)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_four_frames_of_a_split_hold_the_rare_classes(seed: int) -> None:
    frames = [paint_scene(size=SIZE, seed=seed, split="val", index=index) for index in range(4)]
    seen = {outline.label for frame in frames for outline in frame.outlines}
    assert {
        "train",
        "bus",
        "truck",
        "motorcycle",
        "rider",
        "wall",
        "fence",
        "terrain",
        "traffic light",
    } <= seen


def test_classes_have_a_long_tail(streets: tuple[Path, list[str]]) -> None:
    share = dict(zip(CLASS_NAMES, shares(*streets), strict=True))
    assert max(share, key=share.__getitem__) == "road"
    assert share["road"] + share["building"] + share["vegetation"] > 0.55
    rare = (
        "wall",
        "fence",
        "traffic light",
        "traffic sign",
        "rider",
        "truck",
        "bus",
        "train",
        "motorcycle",
        "bicycle",
    )
    assert all(share[name] < 0.05 for name in rare)


def test_towns_of_the_splits_differ_from_each_other_and_from_real_ones() -> None:
    assert not set(CITIES["train"]) & set(CITIES["val"])
    assert not REAL_CITIES & {city for cities in CITIES.values() for city in cities}


def test_no_two_frames_are_alike(streets: tuple[Path, list[str]]) -> None:
    root, _ = streets
    pictures = [cv2.imread(str(path)).astype(int) for path in sorted(root.glob("leftImg8bit/*/*/*.png"))]
    for one, other in itertools.combinations(pictures, 2):
        assert np.abs(one - other).mean() > 8


def test_bytes_depend_on_neither_workers_nor_repetition(tmp_path: Path) -> None:
    options = {"train": 3, "val": 2, "size": (64, 128), "seed": 5}
    names = write_scenes(tmp_path / "one", workers=1, **options)
    assert write_scenes(tmp_path / "two", workers=2, **options) == names
    first = contents(tmp_path / "one")
    assert contents(tmp_path / "two") == first
    write_scenes(tmp_path / "one", workers=2, **options)
    assert contents(tmp_path / "one") == first


def test_a_frame_does_not_depend_on_the_others(tmp_path: Path) -> None:
    write_scenes(tmp_path, train=2, val=0, size=(64, 128), workers=1)
    alone = paint_scene(size=(64, 128), split="train", index=1)
    written = cv2.imread(str(next(tmp_path.glob(f"leftImg8bit/train/{CITIES['train'][1]}/*.png"))))
    assert np.array_equal(written[..., ::-1], alone.image)


def test_another_seed_is_another_street() -> None:
    one, other = (paint_scene(size=(64, 128), seed=seed) for seed in (0, 1))
    assert (one.labels != other.labels).mean() > 0.1


def test_a_small_frame_shows_the_same_scene_as_a_large_one() -> None:
    large, small = (paint_scene(size=size, index=2).labels for size in ((256, 512), (128, 256)))
    assert (large[1::2, 1::2] == small).mean() > 0.85


def test_labels_and_picture_agree_at_the_edges() -> None:
    frame = paint_scene(size=(256, 512), index=2)
    gray = cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY).astype(float)
    change = np.abs(np.diff(gray, axis=1))
    border = np.diff(frame.labels.astype(int), axis=1) != 0
    border[:, :8] = border[:, -8:] = False
    strength = {shift: np.roll(change, shift, axis=1)[border].mean() for shift in range(-5, 6)}
    assert abs(max(strength, key=strength.__getitem__)) <= 1
    assert strength[0] > 2 * change.mean()


@pytest.mark.parametrize("size", [(24, 48), (97, 201), (100, 100), (33, 190)])
def test_any_size_is_painted(size: tuple[int, int]) -> None:
    frame = paint_scene(size=size, index=1)
    assert frame.image.shape == (*size, 3)
    assert frame.image.dtype == np.uint8
    assert frame.instances.shape == frame.labels.shape == size
    assert np.isin(frame.labels, CLASSES).mean() > 0.5


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"train": -1}, "train=-1"),
        ({"val": 1.5}, "val=1.5"),
        ({"train": True}, "train=True"),
        ({"train": 0, "val": 0}, "nothing to write"),
        ({"size": (0, 10)}, "size="),
        ({"size": (2048, 1024)}, "size="),
        ({"size": 256}, "size=256"),
        ({"size": (64.0, 128.0)}, "size="),
        ({"seed": -3}, "seed=-3"),
        ({"workers": 0}, "workers=0"),
    ],
)
def test_bad_arguments_are_named_and_write_nothing(tmp_path: Path, options: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        write_scenes(tmp_path / "new", **{"size": (64, 128), **options})  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("options", [{"split": "test"}, {"index": -1}, {"seed": 0.5}])
def test_paint_scene_names_bad_arguments(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        paint_scene(size=(64, 128), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_unusable_root_ends_with_one_clear_error(tmp_path: Path, workers: int) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(StreetsError, match="could not be written"):
        write_scenes(blocked, train=2, val=0, size=(32, 64), workers=workers)
    assert blocked.read_text() == "in the way"


def test_a_full_disk_leaves_no_half_written_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_bytes

    def fail_on_the_picture(path: Path, content: bytes) -> int:
        if "leftImg8bit" not in path.name:
            return write(path, content)
        write(path, content[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.Path, "write_bytes", fail_on_the_picture)
    with pytest.raises(StreetsError, match="No space left"):
        write_scenes(tmp_path, train=1, val=0, size=(32, 64), workers=1)
    assert not [path for path in contents(tmp_path) if path.endswith(".tmp") or "leftImg8bit.png" in path]


def test_nothing_is_printed_where_there_is_no_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_scenes(tmp_path, train=1, val=0, size=(32, 64), workers=1)
    assert capfd.readouterr() == ("", "")


def test_opencv_keeps_its_threads(tmp_path: Path) -> None:
    before = cv2.getNumThreads()
    write_scenes(tmp_path, train=1, val=0, size=(32, 64), workers=1)
    assert cv2.getNumThreads() == before
