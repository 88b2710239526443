"""Cityscapes, and every data set in its layout, as a PyTorch Dataset whose samples depend on nothing but a seed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler
from torchvision import tv_tensors

from thesis_lib.data.errors import DatasetError
from thesis_lib.data.images import read_image, read_label, to_train_ids
from thesis_lib.data.lists import Pair, pairs_of

Transform = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class Cityscapes(Dataset):
    """Images and labels of a split, as a PyTorch Dataset.

    `dataset[i]` gives an image (3, H, W), uint8 RGB, and its trainIds (H, W), uint8 with 255 for "ignore", as
    tv_tensors, or what `transform` makes of them. `dataset[epoch, i]` is the sample with the augmentation of an epoch:
    all random draws of the transform are a function of (seed, epoch, i), whichever worker makes it, in any order.

    Args:
        root: of the layout: leftImg8bit/ and gtFine/ lie in it, perhaps with train_set.txt and val_set.txt.
        split: "train", "val", or any other with a <split>_set.txt.
        transform: of (image, mask), such as `train_transform`.
        seed: of the augmentation.
        limit: the first so many pairs only.

    Raises:
        DatasetError: at construction when there are no images; at access for a damaged or unfit file.
    """

    def __init__(
        self,
        root: str | Path,
        split: str,
        *,
        transform: Transform | None = None,
        seed: int = 0,
        limit: int | None = None,
    ) -> None:
        self.root = Path(root)
        self.split = split
        self.transform = transform
        self.seed = seed
        self.pairs: list[Pair] = pairs_of(self.root, split)[:limit]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, index = key if isinstance(key, tuple) else (0, key)
        image, mask = self.read(index)
        if self.transform is None:
            return image, mask
        with _random_state(self.seed, epoch, index):
            return self.transform(image, mask)

    def read(self, index: int) -> tuple[tv_tensors.Image, tv_tensors.Mask]:
        """Read an image and its label as they are on disk."""
        pair = self.pairs[index]
        image, label = read_image(pair.image), read_label(pair.label)
        if image.shape[:2] != label.shape:
            raise DatasetError(
                f"{pair.image} is {image.shape[1]}x{image.shape[0]}, its label {pair.label.name} is "
                f"{label.shape[1]}x{label.shape[0]}.\nOne of them is not the original: unpack both again."
            )
        mask = torch.from_numpy(to_train_ids(label, pair.label))
        return tv_tensors.Image(torch.from_numpy(image).permute(2, 0, 1)), tv_tensors.Mask(mask)


class EpochSampler(Sampler[tuple[int, int]]):
    """Sampler of (epoch, index) pairs, in an order that depends on (seed, epoch) alone.

    Args:
        length: of the data set.
        seed: of the order.
        batch: samples that all processes together take at a time, a multiple of their number.
        share: (index, number) of processes; of every batch, each has its part, in the order of the whole.

    Attributes:
        epoch: of the next iteration.
        start: samples of that epoch to leave out, for they were seen before an interruption.
    """

    def __init__(self, length: int, *, seed: int = 0, batch: int = 1, share: tuple[int, int] = (0, 1)) -> None:
        self.length = length
        self.seed = seed
        self.batch = batch
        self.index, self.number = share
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        left = self.length - self.start
        return left if self.number == 1 else left // self.batch * self.batch // self.number

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.length)
        order = order[self.start :]
        if self.number > 1:
            whole = order[: len(order) // self.batch * self.batch]
            order = whole.reshape(-1, self.number, self.batch // self.number)[:, self.index].ravel()
        return ((self.epoch, int(index)) for index in order)


@contextmanager
def _random_state(*key: int) -> Iterator[None]:
    """Seed torch's CPU generator inside the block, and restore it afterwards; CUDA's is not touched."""
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))
    try:
        yield
    finally:
        torch.set_rng_state(before)
