"""A network of averages that runs in no time, pictures of blocks, and features with planted clusters."""

from io import BytesIO
from typing import Any

import cv2
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from thesis_lib.models.backbones import Backbone
from thesis_lib.views import ClusterInspector
from thesis_lib.views.inspector.analysis.studio import Studio
from thesis_lib.views.inspector.state.view import View

SIZE = (32, 64)
"""At which the network sees a picture: 32 points in layer 4, 128 in layer 1."""
VIEW = View(picture="image/0", network="averages", size=SIZE, anchor=6, k=6)


class Averages(Backbone):
    """Mean colours to the powers 1 to 4 at strides 4, 8, 8 and 8, and how often they were asked for."""

    channels = (12, 12, 12, 12)
    mean = std = (0.5, 0.5, 0.5)

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))
        self.calls = 0

    def forward(self, images: Tensor, depth: int = 4) -> list[Tensor]:
        self.calls += 1
        powers = torch.cat([(images * self.scale) ** power for power in (1, 2, 3, 4)], 1)
        return [avg_pool2d(powers, stride) for stride in (4, 8, 8, 8)[:depth]]


def blocks(seed: int = 0, size: tuple[int, int] = (64, 128)) -> np.ndarray:
    """8 x 16 blocks of random colours."""
    small = np.random.default_rng(seed).integers(0, 256, (8, 16, 3), np.uint8)
    return cv2.resize(small, size[::-1], interpolation=cv2.INTER_NEAREST)


def encoded(image: np.ndarray | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file."""
    file = BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, kind, **options)
    return file.getvalue()


def planted(
    clusters: int = 6, grid: tuple[int, int] = (8, 16), spread: float = 0.1, seed: int = 0
) -> tuple[Tensor, np.ndarray]:
    """Features (16, h, w) around as many centres, and which one each pixel is of, (h w,)."""
    generator = torch.Generator().manual_seed(seed)
    truth = torch.arange(grid[0] * grid[1]) % clusters
    centers = 2 * torch.randn(clusters, 16, generator=generator)
    points = centers[truth] + spread * torch.randn(len(truth), 16, generator=generator)
    return points.T.reshape(16, *grid).contiguous(), truth.numpy()


def studio(count: int = 2, **options: Any) -> Studio:
    """Of the averages and so many pictures."""
    return Studio({"averages": Averages()}, [blocks(seed) for seed in range(count)], size=SIZE, **options)


def inspector(count: int = 3, **shown: Any) -> ClusterInspector:
    """Of the averages and so many pictures, all computed."""
    images = [blocks(seed) for seed in range(count)]
    made = ClusterInspector({"averages": Averages()}, images, **{"size": SIZE, "k": 6} | shown)
    made.wait()
    return made


def empty_figure(*_: object) -> Figure:
    """In place of a panel, which takes a second to draw."""
    return Figure(figsize=(1, 1))
