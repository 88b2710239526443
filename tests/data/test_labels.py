import numpy as np
from cityscapesscripts.helpers import labels as official

from thesis_lib.data.labels import CLASS_NAMES, COLORS, IGNORE, LABEL_TO_TRAIN, LABELS, NUM_CLASSES, TRAIN_TO_LABEL


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
