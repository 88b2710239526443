"""Where cells look, measured: by the gradients of features to the pixels of pictures."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import torch
from sklearn.datasets import load_sample_images
from torch import Tensor

from thesis_lib.data.scenes import paint_scene
from thesis_lib.models.backbones import Backbone


def pictures() -> list[np.ndarray]:
    """Two photographs of scikit-learn (CC BY 2.0) and a painted street, RGB."""
    photographs = [cv2.resize(image, None, fx=1.2, fy=1.2) for image in load_sample_images().images]
    return [*photographs, paint_scene(size=(512, 1024), seed=5).image]


def crops(size: tuple[int, int], batches: int, backbone: Backbone) -> Iterator[Tensor]:
    """So many batches of 4 crops of each picture, (12, 3, *size), normalised."""
    random = np.random.default_rng(0)
    mean, std = np.array(backbone.mean), np.array(backbone.std)
    images = pictures() * 4
    for _ in range(batches):
        cut = []
        for image in images:
            y, x = (random.integers(0, have - want + 1) for have, want in zip(image.shape, size, strict=False))
            cut.append((image[y : y + size[0], x : x + size[1]] / 255 - mean) / std)
        yield torch.from_numpy(np.stack(cut)).float().permute(0, 3, 1, 2)


def measured_looks(backbone: Backbone, batches: Iterable[Tensor]) -> np.ndarray:
    """(4, 2): the mean (y, x) of the squared gradient of a middle cell's features, from its square's middle, by layer.

    A random combination of the channels stands for all: the square of its gradient is the sum of theirs, expected.
    """
    found, random = [], torch.Generator().manual_seed(0)
    for images in batches:
        images.requires_grad_()
        found.append([centroids(map_, images, random) for map_ in backbone.eval()(images)])
    return np.mean(found, 0).mean(1)


def centroids(features: Tensor, images: Tensor, random: torch.Generator) -> np.ndarray:
    """(B, 2) of the features (B, C, h, w) of one layer."""
    combination = torch.randn(features.shape[:2], generator=random)
    cell = [length // 2 for length in features.shape[-2:]]
    stride = round(images.shape[-1] / features.shape[-1])
    chosen = torch.einsum("bc,bc->", features[..., cell[0], cell[1]], combination)
    (gradient,) = torch.autograd.grad(chosen, images, retain_graph=True)
    energy = gradient.double().square().sum(1)
    energy = energy / energy.sum((1, 2), keepdim=True)
    means = [(energy.sum(3 - axis) * torch.arange(energy.shape[axis])).sum(1) for axis in (1, 2)]
    return torch.stack([mean - stride * at - (stride - 1) / 2 for mean, at in zip(means, cell, strict=True)], 1).numpy()
