"""What trainings leave on disk."""

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LOG_COLUMNS = ("epoch", "step", "loss", "main_loss", "rate", "seconds", "miou")


@dataclass(frozen=True)
class TrainingFiles:
    """What a training leaves in its folder."""

    folder: Path

    @property
    def last(self) -> Path:
        """The latest checkpoint, to go on from."""
        return self.folder / "last.pt"

    @property
    def board(self) -> Path:
        """What TensorBoard shows."""
        return self.folder / "board"

    @property
    def pictures(self) -> Path:
        """A prediction after each validation."""
        return self.folder / "pictures"

    def remove(self) -> None:
        """All of an earlier training."""
        for file in (self.last, self.best, self.log):
            file.unlink(missing_ok=True)
        for folder in (self.board, self.pictures):
            shutil.rmtree(folder, ignore_errors=True)

    def remove_partial(self) -> None:
        """What a killed process was writing."""
        for partial in self.folder.glob("*.tmp"):
            partial.unlink()

    @property
    def best(self) -> Path:
        """The checkpoint with the highest mIoU in validation."""
        return self.folder / "best.pt"

    @property
    def log(self) -> Path:
        """One line a step; mIoU stands in the line of the step it was measured after."""
        return self.folder / "log.csv"


def read_log(path: Path) -> dict[str, np.ndarray]:
    """The columns of a log; mIoU is NaN where it was not measured."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {column: np.array([float(row[column] or "nan") for row in rows]) for column in LOG_COLUMNS}
