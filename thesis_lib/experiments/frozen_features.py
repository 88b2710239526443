"""Features of a frozen backbone, computed once and kept: what is trained behind it needs no image again."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from thesis_lib.data import Cityscapes
from thesis_lib.experiments.keys import key_digest, split_digest, weights_digest
from thesis_lib.experiments.processes import this_process
from thesis_lib.experiments.profiles import Profile
from thesis_lib.experiments.progress import progress_bar
from thesis_lib.experiments.step import TrainingError
from thesis_lib.files import replacing
from thesis_lib.models import PSPNet
from thesis_lib.models.pspnet import held_in_eval

LABEL_STRIDE = 4
"""Of the kept labels, every so many rows and columns: half the stride of the features, whose logits are enlarged."""
BATCH = 4
"""Crops per forward pass of the backbone."""


class FrozenFeatures(Dataset):
    """Features of layer 4 of several augmented views of every training frame, memory-mapped, with their labels.

    `dataset[epoch, i]` gives the features (C, h, w), float32, of view epoch % views of frame i, and its trainIds
    (H / LABEL_STRIDE, W / LABEL_STRIDE), uint8.

    Args:
        features: .npy of (views, frames, C, h, w) float16.
        labels: .npy of (views, frames, H, W) uint8.
    """

    def __init__(self, features: Path, labels: Path) -> None:
        self.features, self.labels = (np.load(file, mmap_mode="r") for file in (features, labels))

    def __len__(self) -> int:
        return self.features.shape[1]

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, index = key if isinstance(key, tuple) else (0, key)
        view = epoch % len(self.features)
        return (
            torch.from_numpy(self.features[view, index].astype(np.float32)),
            torch.from_numpy(self.labels[view, index].copy()),
        )


def keep_features(model: PSPNet, train: Cityscapes, profile: Profile) -> FrozenFeatures:
    """Compute the features of a profile's `training.views`, unless they are there already.

    Args:
        model: whose backbone is used, in eval mode.
        train: the training split with the profile's augmentation; view v is that of epoch v.

    Returns:
        Features in build/<profile>/features, under the digest of the backbone's weights, the frames and the
        augmentation. All are written before any has its name, so that an interrupted call leaves none.

    Raises:
        TrainingError: a network that does not align corners.
    """
    settings = profile.training
    if not model.align_corners:
        raise TrainingError(
            "the network enlarges without aligning corners, on which kept features rest (is model.checkpoint one of "
            "mmsegmentation?).\nSet training.views = 0."
        )
    augmentation = settings.model_dump(mode="json", include={"crop", "scale", "rotate", "seed"})
    key = augmentation | {
        "views": settings.views,
        "stride": LABEL_STRIDE,
        "train": split_digest(profile, "train"),
        "backbone": weights_digest(model.backbone.state_dict()),
        "semantics": model.config["semantics"],
    }
    folder = profile.results / "features"
    files = tuple(folder / f"{key_digest(key)}-{part}.npy" for part in ("features", "labels"))
    team = this_process()
    if team.is_main_process and not all(file.exists() for file in files):
        _compute(model, train, settings.views, *files)
    team.wait_for_everyone()
    return FrozenFeatures(*files)


@torch.inference_mode()
def _compute(model: PSPNet, train: Cityscapes, views: int, features: Path, labels: Path) -> None:
    """Write the features and labels of all views of all frames."""
    frames = len(train)
    with (
        held_in_eval(model),
        replacing(labels) as partial_labels,
        replacing(features) as partial,
        progress_bar("Features", views * frames, disable=not this_process().is_main_process) as bar,
    ):
        shapes = [tensor.shape for tensor in _features(model, [train[0, 0]])]
        kept = [
            np.lib.format.open_memmap(file, "w+", dtype, (views, frames, *shape[1:]))
            for file, dtype, shape in zip((partial, partial_labels), (np.float16, np.uint8), shapes, strict=True)
        ]
        for view in range(views):
            for start in range(0, frames, BATCH):
                some = range(start, min(start + BATCH, frames))
                for memory, found in zip(kept, _features(model, [train[view, index] for index in some]), strict=True):
                    memory[view, some.start : some.stop] = found.cpu().numpy()
                bar.update(len(some))
        for memory in kept:
            memory.flush()


def _features(model: PSPNet, samples: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Features (B, C, h, w) float16 and labels (B, H, W) of samples of the training split."""
    device = next(model.parameters()).device
    images, masks = (torch.stack(part) for part in zip(*samples, strict=True))
    maps = model.backbone(images.to(device, memory_format=torch.channels_last))[3]
    return maps.half(), masks[:, ::LABEL_STRIDE, ::LABEL_STRIDE]
