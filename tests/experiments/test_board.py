from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.experiments.child import small_pspnet
from thesis_lib.data import Cityscapes
from thesis_lib.data.labels import COLORS
from thesis_lib.experiments import Profile, fit
from thesis_lib.experiments.board import PICTURE_HEIGHT
from thesis_lib.experiments.records import read_log

Make = Callable[..., Profile]


def test_tensorboard_gets_the_log(small_profile: Make, tmp_path: Path) -> None:
    files = fit(small_pspnet(), small_profile(), tmp_path / "run")
    board, log = EventAccumulator(str(files.folder / "board")).Reload(), read_log(files.log)
    np.testing.assert_allclose([event.value for event in board.Scalars("loss")], log["loss"], rtol=1e-6)
    scores = [event.value for event in board.Scalars("mIoU in validation")]
    np.testing.assert_allclose(scores, log["miou"][~np.isnan(log["miou"])], rtol=1e-6)
    assert len(board.Images("validation")) == 2


def test_a_validation_leaves_a_picture_of_image_truth_and_prediction(small_profile: Make, tmp_path: Path) -> None:
    profile = small_profile()
    files = fit(small_pspnet(), profile, tmp_path / "run")
    pictures = sorted((files.folder / "pictures").iterdir())
    assert [picture.name for picture in pictures] == ["000002.png", "000004.png"]
    shown = cv2.imread(str(pictures[-1]))[..., ::-1]
    image, labels = Cityscapes(profile.dataset, "val").read(0)
    width = round(PICTURE_HEIGHT * image.shape[2] / image.shape[1])
    assert shown.shape == (PICTURE_HEIGHT, 3 * width, 3)
    truth = cv2.resize(COLORS[labels.numpy()], (width, PICTURE_HEIGHT), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(shown[:, width : 2 * width], truth)
