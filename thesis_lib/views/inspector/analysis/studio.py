"""Pictures and networks of the inspector, with a cache of what was computed of them."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import torch
from torch import Tensor

from thesis_lib.data import Cityscapes
from thesis_lib.device import run_device
from thesis_lib.experiments import Profile, load_profile, predict
from thesis_lib.experiments.profiles import Evaluation
from thesis_lib.experiments.records import TrainingFiles
from thesis_lib.exploration.features import layer_features, resize_image
from thesis_lib.models import PSPNet, build_backbone, load_checkpoint
from thesis_lib.models.backbones import Backbone
from thesis_lib.views.inspector.analysis.analysis import Analysis
from thesis_lib.views.inspector.analysis.shown import Shown
from thesis_lib.views.inspector.state.pictures import Gallery, PictureError, input_size
from thesis_lib.views.inspector.state.view import View

Network = Backbone | PSPNet
Say = Callable[[float, str], None]
"""Told how far a work is, 0 to 1, and in words what is done."""
LARGEST_INPUT = (512, 1024)
"""(height, width) at which a network sees a profile's frames; clustering 8,192 points takes about two seconds."""
WHOLE = Evaluation(window=None, stride_rate=1.0, flip=False)
"""A prediction beside the clusters: of the image as the features see it."""


class Studio:
    """Networks and pictures by name, and a cache of features, predictions and analyses.

    Args:
        networks: backbones, networks or files of checkpoints, which are read when they are first looked at.
        images: a data set, or RGB images (H, W, 3) uint8.
        size: (height, width) at which a network sees a picture; of one with other proportions, as many pixels.
        profile, overrides: that the networks and images come from, for views that are shown again by `of_profile`.
    """

    def __init__(
        self,
        networks: Mapping[str, Network | Path],
        images: Cityscapes | Sequence[np.ndarray],
        *,
        size: tuple[int, int],
        profile: str = "",
        overrides: str = "",
    ) -> None:
        self.networks = dict(networks)
        self.files = {name: found for name, found in networks.items() if isinstance(found, Path)}
        self.gallery = Gallery(images)
        self.size, self.profile, self.overrides = size, profile, overrides
        self.features = lru_cache(maxsize=8)(self._features)
        self.prediction = lru_cache(maxsize=6)(self._prediction)
        self._analyses: dict[tuple[object, ...], Analysis] = {}
        self._lock = RLock()

    @classmethod
    def of_profile(cls, profile: str, overrides: str = "") -> "Studio":
        """Make a studio of a profile's backbone, trained networks and frames."""
        return cls(**run_arguments(profile, overrides))

    def check(self, view: View) -> None:
        """Refuse a view of what is not there.

        Raises:
            PictureError: no such picture or network; with one that there is.
        """
        self._check_network(view.network)
        for name in filter(None, (view.picture, view.joint)):
            self.gallery.check(name)

    def _check_network(self, name: str) -> None:
        if name not in self.networks:
            raise PictureError(f"there is no network {name!r}: choose {', '.join(self.networks)}")

    def network(self, name: str) -> Network:
        """Return a network by name; a checkpoint is read once.

        Raises:
            PictureError: there is no such network.
        """
        self._check_network(name)
        found = self.networks[name]
        if isinstance(found, Path):
            found = self.networks[name] = load_checkpoint(found).to(run_device())
        return found

    def predicts(self, name: str) -> bool:
        """Whether a network has a head."""
        return isinstance(self.networks.get(name), (Path, PSPNet))

    def _features(self, network: str, picture: str, layer: int) -> Tensor:
        """Features (C, h, w) of one layer, by a pass of its own that aligns its cells with the image."""
        found, opened = self.network(network), self.gallery.open(picture)
        backbone = found.backbone if isinstance(found, PSPNet) else found
        return layer_features(backbone, opened.image, input_size(opened.image.shape[:2], self.size), layers=[layer])[0]

    def _prediction(self, network: str, picture: str) -> np.ndarray:
        """Predict trainIds (h, w), uint8, at the size at which the network sees the picture."""
        model, opened = self.network(network), self.gallery.open(picture)
        assert isinstance(model, PSPNet)
        resized = resize_image(opened.image, input_size(opened.image.shape[:2], self.size))
        image = torch.from_numpy(resized).permute(2, 0, 1)
        return predict(model.eval(), image, WHOLE).cpu().numpy().astype(np.uint8)

    def known(self, view: View) -> Analysis | None:
        """Return the analysis of a view if it is in the cache."""
        return self._analyses.get(view.clustered)

    def analysis(self, view: View, say: Say = lambda share, words: None) -> Analysis:
        """Compute the analysis that a view needs, or take it from the cache of the eight latest."""
        with self._lock:  # two panes may want the same
            return self._analysis(view, say)

    def _analysis(self, view: View, say: Say) -> Analysis:
        if (found := self._analyses.pop(view.clustered, None)) is None:
            names = [view.picture, *([view.joint] if view.joint else [])]
            features = []
            for number, name in enumerate(names):
                say(0.05 + 0.2 * number, "the network looks ...")
                features.append(self.features(view.network, name, view.layer))
            say(0.4, "eigenvectors ...")
            found = Analysis(features, view)
        found = self._analyses[view.clustered] = found.anchored(view.anchor)
        while len(self._analyses) > 8:
            self._analyses.pop(next(iter(self._analyses)))
        return found

    def show(self, view: View) -> Shown:
        """Compute all that a view shows.

        Raises:
            ValueError: more clusters than can be made of the points.

        Warns:
            UserWarning: what the clustering warned of.
        """
        analysis = self.analysis(view)
        if analysis.fault:
            warnings.warn(analysis.fault, stacklevel=2)
        prediction = self.prediction(view.network, view.shown) if self.predicts(view.network) else None
        return Shown(view, self.gallery.open(view.shown), analysis, analysis.labels(view.k), prediction)


def run_arguments(profile: str, overrides: str) -> dict[str, Any]:
    """Collect the arguments of `Studio` from a profile's run."""
    settings = load_profile(profile, overrides)
    model = settings.model
    backbone = build_backbone(model.backbone, model.weights, model.semantics).to(run_device())
    return {
        "networks": {model.backbone: backbone, **trained_networks(settings)},
        "images": Cityscapes(settings.dataset, "val", limit=settings.data.val),
        "size": min(settings.data.size, LARGEST_INPUT),
        "profile": profile,
        "overrides": overrides,
    }


def trained_networks(settings: Profile) -> dict[str, Path]:
    """Find the checkpoints of a run, by the names of their folders."""
    files = [TrainingFiles(folder) for folder in sorted(settings.results.glob("*/**/")) if folder.is_dir()]
    return {
        str(one.folder.relative_to(settings.results)): (one.best if one.best.exists() else one.last)
        for one in files
        if one.last.exists()
    }
