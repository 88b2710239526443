"""Spectral clustering layer: a feature map replaced by the prototypes of its clusters."""

from typing import Literal, get_args

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn.functional import one_hot

from thesis_lib.clustering import KMeans, SpectralClustering
from thesis_lib.clustering.checks import check_points
from thesis_lib.clustering.neighbor_graph import NEIGHBORS
from thesis_lib.clustering.reduction import center, random_pca
from thesis_lib.clustering.spectral import GraphName

Axis = Literal["pixels", "channels"]
Method = Literal["spectral", "kmeans"]


class ClusterLayer(nn.Module):
    """Replace features by the means of their clusters.

    axis="pixels": the h w pixels of each image are clustered as points in R^C, and each pixel gets the mean feature
    of its cluster. Gradients flow through the means; the labels carry none.

    axis="channels": the C maps are clustered as points in R^(h w), and the maps of a cluster are averaged. The next
    layer relies on the order of the k maps, so there is one partition for all images: computed jointly from a set
    of them by `calibrate`, and kept in the state dict. If `calibrate` was not called, the first batch is used.

    Args:
        n_clusters: k.
        axis: "pixels" or "channels", which of them are the points.
        method: "spectral" (Ng, Jordan and Weiss, 2001), or "kmeans" on the same reduced points, the study's control.
        graph, neighbors, sigma, reduce, seed: as for `SpectralClustering`.
        position: weight of a pixel's coordinates beside its features, see `pixel_points`; for axis="pixels" only.

    Raises:
        ValueError: an unknown axis or method, or fewer than one cluster.
    """

    partition: Tensor  # (C,) int64, the cluster of each channel; empty until calibrated

    def __init__(
        self,
        n_clusters: int = 40,
        *,
        axis: Axis = "pixels",
        method: Method = "spectral",
        graph: GraphName = "neighbors",
        neighbors: int = NEIGHBORS,
        sigma: float | str = "local",
        reduce: int | None = 64,
        position: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value, choices in (("axis", axis, get_args(Axis)), ("method", method, get_args(Method))):
            if value not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
        if n_clusters < 1:
            raise ValueError(f"n_clusters must be at least 1, not {n_clusters}")
        self.n_clusters, self.axis, self.method = n_clusters, axis, method
        self.graph, self.neighbors, self.sigma, self.reduce = graph, neighbors, sigma, reduce
        self.position, self.seed = position, seed
        self.register_buffer("partition", torch.empty(0, dtype=torch.int64))

    def extra_repr(self) -> str:
        """Options of the layer, as print(model) shows them."""
        names = ("n_clusters", "axis", "method", "graph", "neighbors", "sigma", "reduce", "position")
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)

    def out_channels(self, channels: int) -> int:
        """Number of channels of the clustered map, for `channels` input channels."""
        return channels if self.axis == "pixels" else self.n_clusters

    def forward(self, features: Tensor) -> Tensor:
        """Replace features (B, C, h, w) by prototypes (B, C, h, w), or, for axis="channels", by means (B, k, h, w).

        Raises:
            ValueError: features that are not floating-point maps, fewer pixels (channels) than clusters, NaN where
                the features are clustered, or another number of channels than the layer was calibrated on.
        """
        if self.axis == "pixels":
            return prototypes(features, self.pixel_labels(features), self.n_clusters)
        if not len(self.partition):
            self.calibrate(features)
        check_maps(features)
        if features.shape[1] != len(self.partition):
            raise ValueError(
                f"the layer was calibrated on {len(self.partition)} channels and is given {features.shape[1]}; "
                "calibrate it on these, or take a new layer"
            )
        means = _averaging(self.partition, self.n_clusters).to(features)  # (k, C)
        return torch.einsum("kc,bchw->bkhw", means, features)

    @torch.no_grad()
    def pixel_labels(self, features: Tensor) -> Tensor:
        """Cluster the pixels of each image on its own: (B, C, h, w) -> labels (B, h, w) int64.

        Raises:
            ValueError: a map with fewer pixels than clusters, or NaN features.
        """
        check_maps(features)
        labels = self._label(pixel_points(features, self.position))  # (B, h w)
        return labels.unflatten(1, features.shape[-2:])

    @torch.no_grad()
    def calibrate(self, features: Tensor) -> None:
        """Partition the channels jointly over a set of feature maps (N, C, h, w).

        Every channel is standardised over the set, so that two maps are close when they are correlated. A later call
        numbers its clusters so that as many channels as possible keep their number.

        Raises:
            ValueError: fewer channels than clusters, or NaN features.
        """
        check_maps(features)
        maps = features.transpose(0, 1).flatten(1)  # (C, N h w)
        found = self._label(standardized_channels(maps)[None])[0]  # (C,)
        if len(self.partition) == len(found):
            found = match_labels(found, self.partition, self.n_clusters)
        self.partition = found

    @torch.no_grad()
    @torch.compiler.disable
    def _label(self, points: Tensor) -> Tensor:
        """Cluster points (B, n, d) into labels (B, n) int64, outside torch.compile: an eigenproblem gains nothing."""
        if self.method == "kmeans":
            check_points(points, self.n_clusters)
            with torch.autocast(points.device.type, enabled=False):  # same precision as the spectral clustering
                reduced = random_pca(points, self.reduce, seed=self.seed)(points)  # (B, n, reduce)
                return KMeans(self.n_clusters, seed=self.seed)(reduced)[0]
        clustering = SpectralClustering(
            self.n_clusters,
            graph=self.graph,
            neighbors=self.neighbors,
            sigma=self.sigma,
            reduce=self.reduce,
            seed=self.seed,
        )
        return clustering(points).labels

    def _load_from_state_dict(self, state: dict[str, Tensor], prefix: str, *args: object) -> None:
        """Load a state dict after resizing `partition`: C entries in a calibrated layer, none in a new one."""
        if (stored := state.get(prefix + "partition")) is not None:
            self.partition = self.partition.new_empty(stored.shape)
        super()._load_from_state_dict(state, prefix, *args)


def check_maps(features: Tensor) -> None:
    """Refuse features that are not non-empty maps (B, C, h, w) of floating-point numbers.

    Means of integer features would be truncated to integers.

    Raises:
        ValueError: another shape, or integers.
    """
    if features.ndim != 4 or not features.numel():
        raise ValueError(
            f"features must be maps (batch, channels, height, width), each at least 1, not {tuple(features.shape)}"
        )
    if not features.is_floating_point():
        raise ValueError(f"features must be floating-point numbers, not {features.dtype}: call .float() first")


def standardized_channels(maps: Tensor) -> Tensor:
    """Centre every channel and scale it to length 1, so that correlated channels are close.

    Args:
        maps: (C, m), the values of each channel at the m pixels of all images together.

    Returns:
        (C, m) float32; a constant channel becomes 0.
    """
    exact = maps.double()  # (C, m); centring in float32 leaves only rounding noise of a channel far from 0
    centred = exact - exact.mean(1, keepdim=True)
    rounding = 1e-12 * exact.norm(dim=1, keepdim=True) + 1e-300  # (C, 1)
    return (centred / torch.maximum(centred.norm(dim=1, keepdim=True), rounding)).float()


def pixel_points(features: Tensor, position: float = 0.0) -> Tensor:
    """Turn the pixels of maps (B, C, h, w) into points (B, h w, C), or (B, h w, C + 2) with coordinates appended.

    Args:
        position: weight of the coordinates (row, column) beside the features: both are centred and scaled to mean
            square length 1, then the coordinates are multiplied by it. With 0 the features are left unchanged.
    """
    points = features.flatten(2).mT  # (B, h w, C)
    if not position:
        return points
    points = points.to(torch.promote_types(points.dtype, torch.float32))
    rows, columns = (torch.arange(side).to(points) for side in features.shape[-2:])
    place = torch.cartesian_prod(rows, columns).expand(len(points), -1, 2)  # (B, h w, 2)
    return torch.cat([_standardized(points), position * _standardized(place)], -1)


def _standardized(points: Tensor) -> Tensor:
    """Centre points (B, n, d) and scale them to mean square length 1; identical points become 0."""
    centred = center(points).centred(points)
    size = centred.square().sum(2).mean(1).sqrt()[:, None, None]  # (B, 1, 1)
    rounding = 4 * torch.finfo(points.dtype).eps * points.square().sum(2).mean(1).sqrt()[:, None, None]
    return torch.where(size <= rounding, 0.0, centred / size)  # NaN stays NaN, and is refused


def prototypes(features: Tensor, labels: Tensor, k: int | None = None) -> Tensor:
    """Replace every pixel by the mean feature of its cluster: (B, C, h, w) and labels (B, h, w) -> (B, C, h, w).

    The result does not depend on how the clusters are numbered, and is differentiable in the features.

    Args:
        k: the number of clusters; None looks for the largest label.
    """
    # bfloat16 cannot count beyond 256 members, so the means are computed in float32 at least
    exact = torch.promote_types(features.dtype, torch.float32)
    with torch.autocast(features.device.type, enabled=False):
        numbers = torch.arange(int(labels.max()) + 1 if k is None else k, device=labels.device)
        members = (labels.flatten(1)[..., None] == numbers).to(exact)  # (B, h w, k)
        means = features.flatten(2).to(exact) @ members / members.sum(1, keepdim=True).clamp(min=1)  # (B, C, k)
        return (means @ members.mT).unflatten(2, features.shape[-2:]).to(features.dtype)


def match_labels(labels: Tensor, reference: Tensor, k: int) -> Tensor:
    """Renumber labels (n,) to agree with reference (n,) on as many points as possible (Kuhn, 1955)."""
    overlap = one_hot(labels, k).T @ one_hot(reference, k)  # (k, k)
    ours, theirs = linear_sum_assignment(overlap.cpu().numpy(), maximize=True)
    renamed = torch.empty(k, dtype=torch.int64, device=labels.device)
    renamed[torch.as_tensor(ours, device=labels.device)] = torch.as_tensor(theirs, device=labels.device)
    return renamed[labels]


def _averaging(partition: Tensor, k: int) -> Tensor:
    """Matrix (k, C) whose rows average the channels of each cluster; the row of an empty cluster is 0."""
    members = one_hot(partition, k).T.float()  # (k, C)
    return members / members.sum(1, keepdim=True).clamp(min=1)
