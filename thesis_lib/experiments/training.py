"""Training by the recipe of hszhao/semseg (tool/train.py): SGD, poly rate, new modules at ten times the rate."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from thesis_lib.data import Cityscapes, EpochSampler
from thesis_lib.data.labels import CLASS_NAMES
from thesis_lib.data.statistics import class_pixels
from thesis_lib.data.transforms import train_transform
from thesis_lib.experiments.board import Board
from thesis_lib.experiments.calibration import calibrate_channels
from thesis_lib.experiments.evaluation import evaluate
from thesis_lib.experiments.frozen_features import keep_features
from thesis_lib.experiments.keys import Key, recipe, split_digest, validation
from thesis_lib.experiments.loss import enet_weights
from thesis_lib.experiments.processes import check_shares, new_accelerator
from thesis_lib.experiments.profiles import Profile
from thesis_lib.experiments.progress import progress_bar
from thesis_lib.experiments.records import LOG_COLUMNS, TrainingFiles
from thesis_lib.experiments.step import Step, TrainingError, hold_frozen_batch_norms
from thesis_lib.files import write_table
from thesis_lib.models import CheckpointError, PSPNet, read_checkpoint, save_checkpoint

SHOWN = 5
"""Differences listed in the message on a checkpoint of another training."""


def fit(
    model: PSPNet, profile: Profile, folder: str | Path, *, resume: bool = False, title: str = "Training"
) -> TrainingFiles:
    """Train a model as a profile says, and keep the last and the best checkpoint and a log.

    Under torchrun, `accelerate launch` or accelerate's notebook_launcher, every process calls this with the same
    arguments: each takes its part of every batch, and the main process writes the files.

    Args:
        model: trained in place.
        folder: for the files; those of an earlier training are deleted unless `resume`.
        resume: whether to go on from the folder's last checkpoint, if there is one; resume is bit-exact.
        title: text before the progress bar.

    Raises:
        TrainingError: a loss that is NaN or infinite, a batch size that the images or processes do not allow, or a
            network without Cityscapes' 19 classes.
        CheckpointError: the checkpoint to resume from is of another model, other data or another recipe.
    """
    with deterministic_algorithms(profile.training.deterministic):
        return Trainer(model, profile, TrainingFiles(Path(folder)), title).run(resume=resume)


class Trainer:
    """State of one training; all randomness is seeded by (seed, epoch, step, index), which makes resume bit-exact."""

    def __init__(self, model: PSPNet, profile: Profile, files: TrainingFiles, title: str) -> None:
        self.profile, self.files, self.title = profile, files, title
        self.accelerator = new_accelerator()
        settings, ranks = profile.training, self.accelerator.num_processes
        check_trainable(model)
        check_shares(settings, self.accelerator)
        self.train, self.val = datasets(profile, model)
        calibrate_channels(model, self.train)
        weights = None
        if settings.class_weights == "enet":
            weights = enet_weights(torch.from_numpy(class_pixels(self.train).sum(0)))
        self.step = Step(model, settings, weights, self.accelerator)
        share = (self.accelerator.process_index, ranks)
        self.sampler = EpochSampler(len(self.train), seed=settings.seed, batch=settings.batch_size, share=share)
        batches = len(self.sampler) // (settings.batch_size // ranks)
        self.steps = min(batches, settings.max_steps or batches)
        if not self.steps:
            raise TrainingError(
                f"{len(self.train)} images make no batch of {settings.batch_size}: lower training.batch_size"
            )
        self.board: Board | None = None
        self.epoch, self.best = 0, -1.0
        self.validated: Key | None = None
        self.rows: list[dict[str, Any]] = []

    def run(self, *, resume: bool) -> TrainingFiles:
        """Train the remaining epochs, and return the files."""
        self._start(resume)
        loader = self._loader()
        if self.accelerator.is_main_process:
            self.board = Board(self.files, steps=len(self.rows))
        epochs = self.profile.training.epochs
        left = epochs * self.steps - len(self.rows)
        with progress_bar(self.title, left, disable=not self.accelerator.is_main_process) as bar:
            while self.epoch < epochs:
                self._run_epoch(loader, bar)
                self.epoch += 1
                if self.epoch % self.profile.training.validate_every == 0 or self.epoch == epochs:
                    self._validate()
                self._save(self.files.last)
        if self.board is not None:
            self.board.close()
        self.accelerator.wait_for_everyone()
        return self.files

    def _loader(self) -> DataLoader:
        """Load this process's part of every batch: images, or features of the backbone as it now is."""
        settings, model = self.profile.training, self.step.model
        return DataLoader(
            keep_features(model, self.train, self.profile) if settings.views else self.train,
            batch_size=settings.batch_size // self.accelerator.num_processes,
            sampler=self.sampler,
            num_workers=self.profile.data.workers,
            worker_init_fn=one_thread,
            persistent_workers=self.profile.data.workers > 0,
            pin_memory=self.accelerator.device.type == "cuda",
            drop_last=True,
        )

    def _run_epoch(self, loader: DataLoader, bar: tqdm) -> None:
        settings = self.profile.training
        self.step.model.train()
        hold_frozen_batch_norms(self.step.model)
        done = len(self.rows) - self.epoch * self.steps
        self.sampler.epoch, self.sampler.start = self.epoch, done * settings.batch_size
        begin = time.monotonic()
        for images, labels in limited(loader, self.steps - done):
            number = len(self.rows)
            # dropout depends on the step alone, and on the process, which has other images
            torch.manual_seed(step_seed(settings.seed, number, self.accelerator.process_index))
            rate = self._set_rate(number)
            loss, main = self._take(images, labels)
            seconds, begin = time.monotonic() - begin, time.monotonic()
            row = {"epoch": self.epoch, "step": number, "loss": loss, "main_loss": main}
            self.rows.append(row | {"rate": rate, "seconds": seconds})
            if self.board is not None:
                self.board.step(self.rows[-1], settings.batch_size)
            bar.set_postfix_str(self._news(loss, seconds), refresh=False)
            bar.update()
            left = (self.epoch + 1) * self.steps - len(self.rows)
            if settings.save_every and left and len(self.rows) % settings.save_every == 0:
                self._save(self.files.last)

    def _take(self, images: Tensor, labels: Tensor) -> tuple[float, float]:
        try:
            return self.step(images, labels)
        except TrainingError as error:
            raise TrainingError(
                f"{error} at step {len(self.rows)} of {self.files.folder.name}.\n"
                f"Lower training.rate (now {self.profile.training.rate}), or go back: the last checkpoint is kept."
            ) from None

    def _news(self, loss: float, seconds: float) -> str:
        """Text beside the progress bar: loss, images per second, best mIoU and, on CUDA, peak memory."""
        news = [f"loss {loss:.3f}", f"{self.profile.training.batch_size / seconds:.1f} images/s"]
        if self.best >= 0:
            news.append(f"mIoU {self.best:.3f}")
        if self.accelerator.device.type == "cuda":
            news.append(f"{torch.cuda.max_memory_allocated() / 1e9:.1f} GB")
        return ", ".join(news)

    def _set_rate(self, number: int) -> float:
        """Set and return the learning rate by the poly rule, rate (1 - step / steps)^power."""
        settings = self.profile.training
        rate = settings.rate * (1 - number / (settings.epochs * self.steps)) ** settings.power
        for group in self.step.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        return rate

    def _validate(self) -> None:
        """Measure the validation mIoU without mirroring at the first scale, and keep the best checkpoint."""
        protocol = self.profile.evaluation.quick()
        title = f"{self.title}: validation"
        miou = evaluate(self.step.trained, self.val, protocol, title=title, accelerator=self.accelerator).miou
        self.rows[-1]["miou"], self.validated = miou, validation(self.profile)
        if self.board is not None:
            self.board.validation(self.step.trained, self.val, protocol, step=len(self.rows), miou=miou)
        if miou > self.best:
            self.best = miou
            self._save(self.files.best)

    def _start(self, resume: bool) -> None:
        if self.accelerator.is_main_process:
            self.files.remove_partial()
            if not resume:
                self.files.remove()
        self.accelerator.wait_for_everyone()
        if resume and self.files.last.exists():
            self._restore(read_checkpoint(self.files.last))

    def _restore(self, content: dict[str, Any]) -> None:
        """Restore the state of a checkpoint.

        Raises:
            CheckpointError: its model, recipe or data differ in what determines the result.
        """
        config = {f"model.{key}": value for key, value in self.step.model.config.items()}
        wanted = config | self._plan()
        found = {f"model.{key}": value for key, value in content["config"].items()} | content.get("plan", {})
        changed = [key for key in wanted | found if wanted.get(key) != found.get(key)]
        if changed:
            told = ", ".join(f"{key} = {found.get(key)} (now {wanted.get(key)})" for key in changed[:SHOWN])
            raise CheckpointError(
                f"{self.files.last} is of another training: {told}{', ...' if len(changed) > SHOWN else ''}.\n"
                "Start anew without resume, or in another folder."
            )
        self.step.restore(content)
        self.epoch, self.rows, self.validated = content["epoch"], content["rows"], content.get("validated")
        if self.validated == validation(self.profile):  # scores of other frames or protocols do not compare
            self.best = content["best"]

    def _save(self, path: Path) -> None:
        if not self.accelerator.is_main_process:
            return
        state = {"epoch": self.epoch, "best": self.best, "rows": self.rows, "validated": self.validated}
        save_checkpoint(path, self.step.trained, plan=self._plan(), **state, **self.step.state())
        write_table(self.files.log, LOG_COLUMNS, self.rows)

    def _plan(self) -> dict[str, Any]:
        return recipe(self.profile.training) | {"steps": self.steps, "data": split_digest(self.profile, "train")}


def check_trainable(model: PSPNet) -> None:
    """Refuse to train a network that does not have the 19 classes of Cityscapes.

    Raises:
        TrainingError: another number of classes.
    """
    classes = model.config["num_classes"]
    if classes != len(CLASS_NAMES):
        raise TrainingError(
            f"the network has {classes} classes, the data has the {len(CLASS_NAMES)} of Cityscapes.\n"
            f"Build it with num_classes={len(CLASS_NAMES)}, or start from weights that were trained on them."
        )


def datasets(profile: Profile, model: PSPNet) -> tuple[Cityscapes, Cityscapes]:
    """Open the training split with the profile's augmentation, and the validation split without."""
    settings, normal = profile.training, {"mean": model.backbone.mean, "std": model.backbone.std}
    transform = train_transform(settings.crop, scale=settings.scale, rotate=settings.rotate, **normal)
    train = Cityscapes(profile.dataset, "train", transform=transform, seed=settings.seed, limit=profile.data.train)
    return train, Cityscapes(profile.dataset, "val", limit=profile.data.val)


@contextmanager
def deterministic_algorithms(wanted: bool) -> Iterator[None]:
    """Switch on torch's deterministic algorithms, if wanted, with cuBLAS's workspace; restore the switch on exit."""
    before = torch.are_deterministic_algorithms_enabled()
    if wanted:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(wanted or before)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def step_seed(seed: int, step: int, process: int = 0) -> int:
    """Seed of one step of a training on one process."""
    return int(np.random.SeedSequence([seed, step, process]).generate_state(1)[0])


def one_thread(_: int) -> None:
    """Let a loader's process decode and warp with one thread of OpenCV's: there are as many processes as wanted."""
    cv2.setNumThreads(0)  # not 1, which waits for the threads of the pool to end, and a fork has copied none of them


def limited(loader: DataLoader, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the first `steps` batches of a loader."""
    yield from (batch for _, batch in zip(range(steps), loader, strict=False))
