from pathlib import Path

import pytest

from tests.data.frames import write_dataset, write_frame
from thesis_lib.data import Cityscapes, DatasetError
from thesis_lib.data.lists import Pair, find_pairs, pairs_of, read_list, write_lists


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_dataset(tmp_path)


def test_the_lists_name_every_pair_in_the_order_of_the_names(root: Path) -> None:
    train, val = write_lists(root)
    lines = train.read_text().splitlines()
    assert lines[0] == (
        "leftImg8bit/train/alpha/alpha_000000_000019_leftImg8bit.png "
        "gtFine/train/alpha/alpha_000000_000019_gtFine_labelIds.png"
    )
    assert len(lines) == 3
    assert lines == sorted(lines)
    assert len(val.read_text().splitlines()) == 2


def test_without_a_list_the_tree_gives_the_same_pairs(root: Path) -> None:
    from_tree = pairs_of(root, "train")
    write_lists(root)
    assert pairs_of(root, "train") == from_tree


def test_comments_blank_lines_and_tabs_are_accepted(root: Path) -> None:
    image, label = (path.relative_to(root) for path in pairs_of(root, "train")[0])
    file = root / "train_set.txt"
    file.write_text(f"# chosen by hand\n\n  {image}\t\t{label}   # the first\n\n")
    assert [pair.frame for pair in read_list(file, root)] == ["alpha_000000_000019"]


def test_a_line_with_one_path_is_refused_with_its_number(root: Path) -> None:
    file = root / "train_set.txt"
    file.write_text("# one\nleftImg8bit/train/alpha/alpha_000000_000019_leftImg8bit.png\n")
    with pytest.raises(DatasetError, match=r"line 2: 1 path\(s\)"):
        pairs_of(root, "train")


def test_a_listed_file_that_is_missing_is_named(root: Path) -> None:
    file = root / "train_set.txt"
    file.write_text("no.png neither.png\n")
    with pytest.raises(DatasetError, match="line 1: .*no.png does not exist"):
        pairs_of(root, "train")


def test_an_empty_list_is_refused(root: Path) -> None:
    (root / "train_set.txt").write_text("# nothing yet\n")
    with pytest.raises(DatasetError, match="names no images"):
        pairs_of(root, "train")


def test_a_missing_data_set_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="make figures PROFILE=demo"):
        pairs_of(tmp_path, "train")


def test_an_image_without_label_is_named(root: Path) -> None:
    pairs_of(root, "val")[1].label.unlink()
    with pytest.raises(DatasetError, match="beta_000001_000019_leftImg8bit.png has no label"):
        pairs_of(root, "val")


@pytest.mark.parametrize(
    "city",
    ["new york", " a  b ", "a\tb", "a\nb", "bad #3", "#1", 'the "big" one', "a\\b", "münchen", "[red]", "a\x85b"],
)
def test_what_is_written_is_read_back(tmp_path: Path, city: str) -> None:
    write_frame(tmp_path, "train", f"{city}_000000_000019")
    found = find_pairs(tmp_path, "train")
    (file,) = write_lists(tmp_path, ["train"])
    assert pairs_of(tmp_path, "train") == read_list(file, tmp_path) == found
    assert len(Cityscapes(tmp_path, "train")) == 1


def test_a_name_that_is_no_text_is_read_back(tmp_path: Path) -> None:
    frame = b"a\xff_000000_000019".decode(errors="surrogateescape")
    write_frame(tmp_path / "text", "train", "a_000000_000019")
    for path in sorted((tmp_path / "text").rglob("*a_*")):
        to = tmp_path / "bytes" / path.parent.parent.relative_to(tmp_path / "text") / frame.split("_")[0]
        to.mkdir(parents=True, exist_ok=True)
        path.rename(to / path.name.replace("a_000000_000019", frame))
    write_lists(tmp_path / "bytes", ["train"])
    assert [pair.frame for pair in pairs_of(tmp_path / "bytes", "train")] == [frame]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lists_are_read_in_whatever_encoding_an_editor_saves(tmp_path: Path, encoding: str, newline: str) -> None:
    image, label = write_frame(tmp_path, "train", "münchen_000000_000019")
    line = f"{image.relative_to(tmp_path)} {label.relative_to(tmp_path)}{newline}"
    (tmp_path / "train_set.txt").write_bytes(f"# für später{newline}{line}".encode(encoding))
    assert pairs_of(tmp_path, "train") == [Pair(image, label)]


@pytest.mark.parametrize("separator", ["\t", " \t ", "\t\t"])
def test_paths_with_spaces_need_no_quotes_between_tabs(tmp_path: Path, separator: str) -> None:
    image, label = write_frame(tmp_path, "train", "new york_000000_000019")
    line = f" {image.relative_to(tmp_path)}{separator}{label.relative_to(tmp_path)}\t# by hand\n"
    (tmp_path / "train_set.txt").write_text(line)
    assert pairs_of(tmp_path, "train") == [Pair(image, label)]


def test_quotes_may_hold_backslashes_and_comments_quotes(root: Path) -> None:
    image, label = (path.relative_to(root) for path in pairs_of(root, "train")[0])
    (root / "train_set.txt").write_text(f'"{image}"  {label} # the "first"\n')
    assert [pair.frame for pair in pairs_of(root, "train")] == ["alpha_000000_000019"]
    (root / "train_set.txt").write_text('"a\\qb.png" c.png\n')
    with pytest.raises(DatasetError, match=r"a\\qb.png does not exist"):
        pairs_of(root, "train")


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_what_can_be_no_path_does_not_exist(root: Path, name: str) -> None:
    (root / "train_set.txt").write_text(f"{name}.png b.png\n")
    with pytest.raises(DatasetError, match="line 1: "):
        pairs_of(root, "train")


def test_what_macos_leaves_is_no_frame(root: Path) -> None:
    before = find_pairs(root, "train")
    city = before[0].image.parent
    for folder in (city, city.parent / "__MACOSX", city.parent / "._alpha", city.parent):
        folder.mkdir(exist_ok=True)
        (folder / f"._{before[0].image.name}").write_bytes(b"Mac OS X")
        (folder / ".DS_Store").write_bytes(b"Mac OS X")
    (city.parent / "__MACOSX" / before[0].image.name).write_bytes(b"Mac OS X")
    assert find_pairs(root, "train") == before
    write_lists(root)
    assert pairs_of(root, "train") == before


def test_an_empty_split_leaves_no_list_at_all(tmp_path: Path) -> None:
    write_dataset(tmp_path, train=3, val=0)
    with pytest.raises(DatasetError, match="leftImg8bit/val has no images"):
        write_lists(tmp_path)
    assert not list(tmp_path.glob("*_set.txt"))
