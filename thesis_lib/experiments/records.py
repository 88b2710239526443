"""Files of a training: checkpoints, log, TensorBoard folder and pictures."""

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LOG_COLUMNS = ("epoch", "step", "loss", "main_loss", "rate", "seconds", "miou")


@dataclass(frozen=True)
class TrainingFiles:
    """Paths of the files in a training's folder."""

    folder: Path

    @property
    def last(self) -> Path:
        """Path of the latest checkpoint, from which training resumes."""
        return self.folder / "last.pt"

    @property
    def board(self) -> Path:
        """Folder of TensorBoard's event files."""
        return self.folder / "board"

    @property
    def pictures(self) -> Path:
        """Folder with a picture of a prediction after each validation."""
        return self.folder / "pictures"

    def remove(self) -> None:
        """Delete all files of an earlier training."""
        for file in (self.last, self.best, self.log):
            file.unlink(missing_ok=True)
        for folder in (self.board, self.pictures):
            shutil.rmtree(folder, ignore_errors=True)

    def remove_partial(self) -> None:
        """Delete the partial files of a killed process."""
        for partial in self.folder.glob("*.tmp"):
            partial.unlink()

    @property
    def best(self) -> Path:
        """Path of the checkpoint with the highest validation mIoU."""
        return self.folder / "best.pt"

    @property
    def log(self) -> Path:
        """Path of the CSV log: one line per step, with the mIoU in the line of the step it was measured after."""
        return self.folder / "log.csv"


def read_log(path: Path) -> dict[str, np.ndarray]:
    """Read a log's columns, each (steps,) float64; mIoU is NaN where it was not measured."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {column: np.array([float(row[column] or "nan") for row in rows]) for column in LOG_COLUMNS}
