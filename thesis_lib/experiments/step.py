"""Training step: forward pass, loss, backward pass and update of the weights, on one process or several."""

from contextlib import nullcontext
from math import isfinite
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from thesis_lib.experiments.loss import hard_pixels, labelled_weight, segmentation_loss
from thesis_lib.experiments.profiles import Training
from thesis_lib.models import PSPNet

UNAVERAGED, UNAVERAGED_BEFORE = "unaveraged", "trained"
"""Key of the weights that the optimizer updates in a checkpoint with a moving average, and that of older ones."""


class TrainingError(RuntimeError):
    """A training that cannot start or go on."""


class Step:
    """Callable training step: `loss, main = Step(...)(images, labels)` for this process's part of a batch.

    Args:
        class_weights: (classes,) of the loss, or None.

    Attributes:
        optimizer: over the model's parameters.
        average: exponential moving average of the weights, created by the first step if the settings ask for one.
    """

    def __init__(
        self, model: PSPNet, settings: Training, class_weights: Tensor | None, accelerator: Accelerator
    ) -> None:
        self.settings, self.accelerator = settings, accelerator
        self.device = accelerator.device
        if accelerator.num_processes > 1 and self.device.type == "cuda":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        self.model = model.to(self.device).to(memory_format=torch.channels_last)
        freeze(model.backbone, settings.frozen)
        model.aux.requires_grad_(bool(settings.aux_weight))
        self.class_weights = None if class_weights is None else class_weights.to(self.device)
        self.optimizer = build_optimizer(model, settings)
        network = _Decoded(model) if settings.views else _Logits(model, auxiliary=bool(settings.aux_weight))
        self.network: Any = accelerator.prepare_model(torch.compile(network) if settings.compile else network)
        self.average: Any = None

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[float, float]:
        """Update the weights by one batch, of which every process has a part; `accumulate` divides parts further.

        Args:
            images: (B, 3, H, W), normalised; with `views`, their features of layer 4, (B, C, h, w).
            labels: (B, H, W) trainIds; with `views`, (B, 2 h - 1, 2 w - 1).

        Returns:
            The loss of the whole batch, and that of the main head alone.

        Raises:
            TrainingError: a loss that is NaN or infinite; the weights are then unchanged.
        """
        labels = labels.to(self.device, non_blocking=True).long()
        whole = self._sum(self._weight(labels)).clamp(min=1e-12)
        parts = list(zip(*(t.chunk(self.settings.accumulate) for t in (images, labels)), strict=True))
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros(2, device=self.device)
        for number, (some, their_labels) in enumerate(parts, start=1):
            alone = nullcontext() if number == len(parts) else self.accelerator.no_sync(self.network)
            with alone:
                losses = self._weight(their_labels) / whole * self._losses(some, their_labels)
                (losses[0] * self.accelerator.num_processes).backward()  # gradients are averaged over the processes
            total += losses.detach()
        loss, main = self._sum(total).tolist()
        if not isfinite(loss):
            raise TrainingError(f"the loss is {loss}")
        self.optimizer.step()
        if self.settings.ema is not None:
            self.average = self.average or averaged(self.model, self.settings.ema)
            self.average.update_parameters(self.model)
        return loss, main

    @property
    def trained(self) -> PSPNet:
        """Network that is validated and saved: the moving average of the weights if there is one, else the model."""
        return self.model if self.average is None else self.average.module

    def state(self) -> dict[str, Any]:
        """State that a checkpoint needs for bit-exact resume, beside the weights of `trained`.

        Returns:
            "optimizer", and, if a moving average is kept, "unaveraged": the weights that the optimizer updates.
        """
        state = {"optimizer": self.optimizer.state_dict()}
        return state if self.average is None else state | {UNAVERAGED: self.model.state_dict()}

    def restore(self, content: dict[str, Any]) -> None:
        """Restore weights, moving average and optimizer from a checkpoint's content."""
        self.model.load_state_dict(content["state_dict"])
        if self.settings.ema is not None:
            self.average = averaged(self.model, self.settings.ema)
            self.average.n_averaged.fill_(len(content["rows"]))
            self.model.load_state_dict(content[UNAVERAGED] if UNAVERAGED in content else content[UNAVERAGED_BEFORE])
        self.optimizer.load_state_dict(content["optimizer"])

    def _losses(self, images: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of the whole network and that of the main head alone, (2,)."""
        settings, device = self.settings, self.device
        with torch.autocast(device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
            logits = self.network(images.to(device, non_blocking=True, memory_format=torch.channels_last))
        losses = {name: self._loss(value, labels) for name, value in logits.items()}
        main = losses["out"]
        return torch.stack([main + settings.aux_weight * losses["aux"] if "aux" in losses else main, main.detach()])

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        settings = self.settings
        if settings.ohem is not None:
            labels = hard_pixels(logits, labels, settings.ohem, settings.ohem_least * len(labels))
        return segmentation_loss(logits, labels, self.class_weights)

    def _weight(self, labels: Tensor) -> Tensor:
        return labelled_weight(labels, self.model.config["num_classes"], self.class_weights)

    def _sum(self, values: Tensor) -> Tensor:
        """Sum values over all processes."""
        return self.accelerator.reduce(values, "sum")


class _Logits(nn.Module):
    """Wrapper whose forward gives the logits that training needs, as DDP and torch.compile only wrap forward."""

    def __init__(self, model: PSPNet, *, auxiliary: bool) -> None:
        super().__init__()
        self.model, self.auxiliary = model, auxiliary

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return self.model(images) if self.auxiliary else {"out": self.model.logits(images)}


class _Decoded(nn.Module):
    """Wrapper whose forward gives the logits of features (B, C, h, w), at twice their resolution."""

    def __init__(self, model: PSPNet) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        size = torch.Size(2 * side - 1 for side in features.shape[-2:])
        return {"out": self.model.enlarge(self.model.decode(features), size)}


def build_optimizer(model: PSPNet, settings: Training) -> torch.optim.Optimizer:
    """Build SGD, or AdamW of the same momentum (Loshchilov and Hutter, 2019), with two groups of parameters.

    These are the backbone, and the new modules at `head_factor` times its rate.
    """
    parts = (([model.backbone], 1.0), (model.new_modules(), settings.head_factor))
    groups: list[dict[str, Any]] = [
        {"params": [p for module in modules for p in module.parameters() if p.requires_grad], "factor": factor}
        for modules, factor in parts
    ]
    used = [group for group in groups if group["params"]]
    common: dict[str, Any] = {"lr": settings.rate, "weight_decay": settings.weight_decay}
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(used, betas=(settings.momentum, 0.999), **common)
    return torch.optim.SGD(used, momentum=settings.momentum, **common)


def averaged(model: PSPNet, decay: float) -> Any:
    """Exponential moving average of a model's parameters; buffers (batch-norm statistics, partition) are copied."""
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))


def freeze(backbone: nn.Module, prefixes: tuple[str, ...]) -> None:
    """Exclude a backbone's parameters from training by prefixes of their names.

    Raises:
        TrainingError: a prefix that no parameter's name begins with.
    """
    names = [name for name, _ in backbone.named_parameters()]
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in names):
            raise TrainingError(
                f"training.frozen has {prefix!r}, but no parameter of the backbone begins with it; "
                f"they are {names[:5]} ..."
            )
    for name, parameter in backbone.named_parameters():
        parameter.requires_grad_(not name.startswith(prefixes) if prefixes else True)


def hold_frozen_batch_norms(model: PSPNet) -> None:
    """Put the backbone's frozen batch norms into eval mode, so that their statistics stay."""
    for module in model.backbone.modules():
        if isinstance(module, _BatchNorm) and not module.weight.requires_grad:
            module.eval()
