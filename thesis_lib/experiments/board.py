"""TensorBoard curves of a training, and a picture of a prediction after every validation."""

from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from thesis_lib.data import Cityscapes
from thesis_lib.data.labels import COLORS
from thesis_lib.device import run_device
from thesis_lib.experiments.inference import predict
from thesis_lib.experiments.profiles import Evaluation
from thesis_lib.experiments.records import TrainingFiles
from thesis_lib.models import PSPNet

PICTURE_HEIGHT = 256


class Board:
    """Writer of a training's TensorBoard folder, board/, and of its pictures/.

    Args:
        steps: number of steps taken so far; later ones in board/ stem from a killed process and are purged.
    """

    def __init__(self, files: TrainingFiles, *, steps: int) -> None:
        self.files = files
        self.writer: Any = SummaryWriter(str(files.board), purge_step=steps, flush_secs=10)

    def step(self, row: dict[str, Any], batch_size: int) -> None:
        """Write one row of the log: loss, rate, images per second and, on CUDA, peak memory in GB."""
        for name in ("loss", "main_loss", "rate"):
            self.writer.add_scalar(name, row[name], row["step"])
        self.writer.add_scalar("images per second", batch_size / row["seconds"], row["step"])
        if run_device().type == "cuda":
            self.writer.add_scalar("GPU memory, GB", torch.cuda.max_memory_allocated() / 1e9, row["step"])

    def validation(self, model: PSPNet, val: Cityscapes, protocol: Evaluation, *, step: int, miou: float) -> None:
        """Write the mIoU, and image, ground truth and prediction of the first validation frame."""
        self.writer.add_scalar("mIoU in validation", miou, step)
        picture = comparison(model, val, protocol)
        self.files.pictures.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(self.files.pictures / f"{step:06d}.png"), picture[..., ::-1])
        self.writer.add_image("validation", picture, step, dataformats="HWC")

    def close(self) -> None:
        """Flush everything to disk and close TensorBoard's file."""
        self.writer.close()


def comparison(model: PSPNet, val: Cityscapes, protocol: Evaluation) -> np.ndarray:
    """Put image, ground truth and prediction of the first frame side by side: (PICTURE_HEIGHT, ..., 3) uint8 RGB."""
    image, labels = val.read(0)
    was_training = model.training
    found = predict(model.eval(), image, protocol).cpu().numpy()
    model.train(was_training)
    parts = (image.permute(1, 2, 0).numpy(), COLORS[labels.numpy()], COLORS[found])
    size = (round(PICTURE_HEIGHT * image.shape[2] / image.shape[1]), PICTURE_HEIGHT)
    return np.hstack([cv2.resize(np.asarray(part), size, interpolation=cv2.INTER_AREA) for part in parts])
