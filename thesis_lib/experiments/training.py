"""Training with the recipe of hszhao/semseg (tool/train.py): SGD, poly rate, new modules at ten times the rate."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from thesis_lib.data import Cityscapes, EpochSampler
from thesis_lib.data.statistics import class_pixels
from thesis_lib.data.transforms import train_transform
from thesis_lib.experiments.evaluation import evaluate
from thesis_lib.experiments.loss import enet_weights, hard_pixels, labelled_weight, segmentation_loss
from thesis_lib.experiments.profiles import Profile, Training
from thesis_lib.experiments.progress import Bar, progress_bar
from thesis_lib.experiments.records import LOG_COLUMNS, TrainingFiles, write_table
from thesis_lib.models import CheckpointError, PSPNet, read_checkpoint, save_checkpoint


class TrainingError(RuntimeError):
    """Training cannot go on."""


def fit(
    model: PSPNet, profile: Profile, folder: str | Path, *, resume: bool = False, title: str = "Training"
) -> TrainingFiles:
    """Train a model as a profile says, and keep the last and the best checkpoint and a log.

    Args:
        model: changed in place.
        folder: of the files; emptied of an earlier training's unless `resume`.
        resume: go on from the last checkpoint that the folder holds; the result is that of an uninterrupted run.

    Raises:
        TrainingError: the loss is NaN.
        CheckpointError: the checkpoint to resume from is of another model or another number of epochs.
    """
    return Trainer(model, profile, TrainingFiles(Path(folder)), title).run(resume=resume)


class Trainer:
    """The state of one training: nothing in it is random but by (seed, epoch, step, index)."""

    def __init__(self, model: PSPNet, profile: Profile, files: TrainingFiles, title: str) -> None:
        self.model, self.profile, self.files, self.title = model, profile, files, title
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model.to(self.device).to(memory_format=torch.channels_last)
        settings = profile.training
        freeze(model.backbone, settings.frozen)
        self.train, self.val = datasets(profile, model)
        self.class_weights = None
        if settings.class_weights == "enet":
            pixels = torch.from_numpy(class_pixels(self.train).sum(0))
            self.class_weights = enet_weights(pixels).to(self.device)
        self.sampler = EpochSampler(len(self.train), seed=settings.seed)
        self.loader = DataLoader(
            self.train,
            batch_size=settings.batch_size,
            sampler=self.sampler,
            num_workers=profile.data.workers,
            persistent_workers=profile.data.workers > 0,
            drop_last=True,
        )
        self.steps = min(len(self.loader), settings.max_steps or len(self.loader))
        if not self.steps:
            raise TrainingError(
                f"{len(self.train)} images make no batch of {settings.batch_size}: lower training.batch_size"
            )
        self.optimizer = build_optimizer(model, settings)
        self.logits = torch.compile(self._logits) if settings.compile else self._logits
        self.average: Any = None
        self.epoch, self.best = 0, -1.0
        self.rows: list[dict[str, Any]] = []

    def run(self, *, resume: bool) -> TrainingFiles:
        """All epochs that are left."""
        self._start(resume)
        epochs = self.profile.training.epochs
        with progress_bar(self.title, epochs * self.steps - len(self.rows)) as bar:
            while self.epoch < epochs:
                self._run_epoch(bar)
                self.epoch += 1
                if self.epoch % self.profile.training.validate_every == 0 or self.epoch == epochs:
                    self._validate()
                self._save(self.files.last)
        return self.files

    def _run_epoch(self, bar: Bar) -> None:
        settings = self.profile.training
        self.model.train()
        hold_frozen_batch_norms(self.model)
        done = len(self.rows) - self.epoch * self.steps
        self.sampler.epoch, self.sampler.start = self.epoch, done * settings.batch_size
        begin = time.monotonic()
        for images, labels in limited(self.loader, self.steps - done):
            step = len(self.rows)
            torch.manual_seed(step_seed(settings.seed, step))  # dropout: a function of the step
            rate = self._set_rate(step)
            loss, main = self._step(images, labels)
            seconds, begin = time.monotonic() - begin, time.monotonic()
            row = {"epoch": self.epoch, "step": step, "loss": loss, "main_loss": main, "rate": rate, "seconds": seconds}
            self.rows.append(row)
            bar.advance(self._news(loss, seconds))
            left = (self.epoch + 1) * self.steps - len(self.rows)
            if settings.save_every and left and len(self.rows) % settings.save_every == 0:
                self._save(self.files.last)

    def _step(self, images: Tensor, labels: Tensor) -> tuple[float, float]:
        """One change of the weights; a batch may go through the network in parts, whose gradients add up."""
        settings = self.profile.training
        labels = labels.to(self.device).long()
        whole = labelled_weight(labels, self.model.config["num_classes"], self.class_weights).clamp(min=1e-12)
        self.optimizer.zero_grad(set_to_none=True)
        sums = torch.zeros(2, device=self.device)
        parts = images.chunk(settings.accumulate), labels.chunk(settings.accumulate)
        for image_part, label_part in zip(*parts, strict=True):
            own = labelled_weight(label_part, self.model.config["num_classes"], self.class_weights)
            losses = self._losses(image_part.to(self.device, memory_format=torch.channels_last), label_part)
            losses = own / whole * losses
            if not torch.isfinite(losses[0]):
                raise TrainingError(
                    f"the loss is {losses[0].item()} at step {len(self.rows)} of {self.files.folder.name}.\n"
                    f"Lower training.rate (now {settings.rate}), or go back: checkpoints up to here are kept."
                )
            losses[0].backward()
            sums += losses.detach()
        self.optimizer.step()
        if settings.ema is not None:
            self.average = self.average or _average(self.model, settings.ema)
            self.average.update_parameters(self.model)
        loss, main = sums.tolist()
        return loss, main

    def _losses(self, images: Tensor, labels: Tensor) -> Tensor:
        """The loss and its main part, (2,)."""
        settings = self.profile.training
        with torch.autocast(self.device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
            logits = self.logits(images)
        losses = {name: self._loss(value, labels) for name, value in logits.items()}
        main = losses["out"]
        return torch.stack([main + settings.aux_weight * losses["aux"] if "aux" in losses else main, main.detach()])

    def _logits(self, images: Tensor) -> dict[str, Tensor]:
        return self.model(images) if self.profile.training.aux_weight else {"out": self.model.logits(images)}

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        settings = self.profile.training
        if settings.ohem is not None:
            labels = hard_pixels(logits, labels, settings.ohem, settings.ohem_least * len(labels))
        return segmentation_loss(logits, labels, self.class_weights)

    def _news(self, loss: float, seconds: float) -> str:
        """For the line that shows the progress."""
        news = [f"loss {loss:.3f}", f"{self.profile.training.batch_size / seconds:.1f} images/s"]
        if self.best >= 0:
            news.append(f"mIoU {self.best:.3f}")
        if self.device.type == "cuda":
            news.append(f"{torch.cuda.max_memory_allocated() / 1e9:.1f} GB")
        return ", ".join(news)

    @property
    def trained(self) -> PSPNet:
        """The network that is validated and used: the average of the weights, where one is kept."""
        return self.model if self.average is None else self.average.module

    def _set_rate(self, step: int) -> float:
        """The poly rule: rate (1 - step / steps)^power."""
        settings = self.profile.training
        rate = settings.rate * (1 - step / (settings.epochs * self.steps)) ** settings.power
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        return rate

    def _validate(self) -> None:
        """mIoU of whole images without mirroring: quick, for choosing the best epoch."""
        protocol = self.profile.evaluation.model_copy(
            update={"flip": False, "scales": self.profile.evaluation.scales[:1]}
        )
        miou = evaluate(self.trained, self.val, protocol, title=f"{self.title}: validation").miou
        self.rows[-1]["miou"] = miou
        if miou > self.best:
            self.best = miou
            self._save(self.files.best)

    def _start(self, resume: bool) -> None:
        self.files.remove_partial()
        if resume and self.files.last.exists():
            self._restore(read_checkpoint(self.files.last))
            return
        for file in (self.files.last, self.files.best, self.files.log):
            file.unlink(missing_ok=True)

    def _restore(self, content: dict[str, Any]) -> None:
        plan = self._plan()
        if content["config"] != self.model.config or content.get("plan") != plan:
            raise CheckpointError(
                f"{self.files.last} is of another training ({content['config']}, {content.get('plan')}), not of "
                f"{self.model.config}, {plan}.\nStart anew without resume, or in another folder."
            )
        self.model.load_state_dict(content["state_dict"])
        if (decay := self.profile.training.ema) is not None:
            self.average = _average(self.model, decay)
            self.average.n_averaged.fill_(len(content["rows"]))
            self.model.load_state_dict(content["trained"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.epoch, self.best, self.rows = content["epoch"], content["best"], content["rows"]

    def _save(self, path: Path) -> None:
        state = {"optimizer": self.optimizer.state_dict(), "epoch": self.epoch, "best": self.best, "rows": self.rows}
        if self.average is not None:
            state["trained"] = self.model.state_dict()
        save_checkpoint(path, self.trained, plan=self._plan(), **state)
        write_table(self.files.log, LOG_COLUMNS, self.rows)

    def _plan(self) -> dict[str, Any]:
        return self.profile.training.model_dump(mode="json") | {"steps": self.steps}


def datasets(profile: Profile, model: PSPNet) -> tuple[Cityscapes, Cityscapes]:
    """The training split with a profile's augmentation, and the validation split as it is."""
    settings, normal = profile.training, {"mean": model.backbone.mean, "std": model.backbone.std}
    transform = train_transform(settings.crop, scale=settings.scale, rotate=settings.rotate, **normal)
    train = Cityscapes(profile.dataset, "train", transform=transform, seed=settings.seed, limit=profile.data.train)
    return train, Cityscapes(profile.dataset, "val", limit=profile.data.val)


def build_optimizer(model: PSPNet, settings: Training) -> torch.optim.SGD:
    """SGD with two groups: the backbone, and the new modules at `head_factor` times its rate."""
    new = [parameter for module in model.new_modules() for parameter in module.parameters()]
    old = [parameter for parameter in model.backbone.parameters() if parameter.requires_grad]
    groups = [{"params": old, "factor": 1.0}, {"params": new, "factor": settings.head_factor}]
    return torch.optim.SGD(
        [group for group in groups if group["params"]],
        lr=settings.rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )


def _average(model: PSPNet, decay: float) -> Any:
    """The exponential moving average of a model's weights; statistics of batch norms and partitions are the latest."""
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))


def freeze(backbone: nn.Module, prefixes: tuple[str, ...]) -> None:
    """Take parameters out of the training by the beginnings of their names."""
    names = [name for name, _ in backbone.named_parameters()]
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in names):
            raise TrainingError(
                f"training.frozen names {prefix!r}, which no parameter of the backbone begins with: {names[:5]} ..."
            )
    for name, parameter in backbone.named_parameters():
        parameter.requires_grad_(not name.startswith(prefixes) if prefixes else True)


def hold_frozen_batch_norms(model: PSPNet) -> None:
    """Let batch norms of the backbone that are not trained keep their statistics."""
    for module in model.backbone.modules():
        if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
            module.eval()


def step_seed(seed: int, step: int) -> int:
    """A seed for each step of a training."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1)[0])


def limited(loader: DataLoader, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The first `steps` batches."""
    yield from (batch for _, batch in zip(range(steps), loader, strict=False))
