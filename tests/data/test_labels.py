import numpy as np
from cityscapesscripts.helpers import labels as official

from thesis_lib.data.labels import (
    CLASS_NAMES,
    COLORS,
    IGNORE,
    INSTANCES,
    LABEL_TO_TRAIN,
    LABELS,
    NUM_CLASSES,
    NUM_LABELS,
    TRAIN_TO_LABEL,
)


def test_the_table_is_the_official_one() -> None:
    assert list(LABELS) == official.labels


def test_there_are_the_nineteen_classes_of_the_benchmark() -> None:
    assert NUM_CLASSES == 19
    assert [official.name2label[name].trainId for name in CLASS_NAMES] == list(range(19))


def test_every_label_maps_to_its_train_id_or_to_ignore() -> None:
    for label in official.labels:
        if label.id >= 0:
            assert LABEL_TO_TRAIN[label.id] == (label.trainId if not label.ignoreInEval else IGNORE)
    assert (LABEL_TO_TRAIN[34:] == IGNORE).all()


def test_there_and_back_is_the_identity_on_the_classes() -> None:
    ids = np.arange(NUM_CLASSES)
    assert (LABEL_TO_TRAIN[TRAIN_TO_LABEL[ids]] == ids).all()
    assert TRAIN_TO_LABEL[IGNORE] == 0


def test_colours_are_the_official_ones() -> None:
    for train_id in range(NUM_CLASSES):
        assert tuple(COLORS[train_id]) == official.trainId2label[train_id].color


def test_tables_have_a_place_for_every_byte_and_no_more() -> None:
    assert LABEL_TO_TRAIN.shape == TRAIN_TO_LABEL.shape == (256,)
    assert COLORS.shape == (256, 3)
    assert not COLORS[NUM_CLASSES:].any()


def test_label_ids_and_instances_are_numbered_as_in_the_files() -> None:
    """cityscapesscripts' json2instanceImg: id * 1000 + number; labelIds are 0 to 33."""
    assert NUM_LABELS == 34
    assert INSTANCES == 1000
