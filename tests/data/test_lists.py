from pathlib import Path

import pytest

from tests.data.frames import write_dataset
from thesis_lib.data import DatasetError
from thesis_lib.data.lists import pairs_of, read_list, write_lists


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
