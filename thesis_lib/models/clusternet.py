"""ClusterNet: PSPNet with a spectral clustering layer right after the ResNet."""

from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from thesis_lib.clustering.neighbor_graph import NEIGHBORS
from thesis_lib.clustering.spectral import GraphName
from thesis_lib.models.cluster_layer import Axis, ClusterLayer, Method
from thesis_lib.models.pspnet import PSPNet, held_in_eval
from thesis_lib.models.semantics import SemanticsName

Fusion = Literal["concat", "replace"]


class ClusterFusion(nn.Module):
    """Clustered features, concatenated to the features they are computed from ("concat") or alone ("replace").

    Args:
        cluster: the layer that computes them.
        fusion: "concat", the thesis's, or "replace".

    Raises:
        ValueError: another fusion.
    """

    def __init__(self, cluster: ClusterLayer, fusion: Fusion) -> None:
        super().__init__()
        if fusion not in get_args(Fusion):
            raise ValueError(f"fusion must be one of {', '.join(get_args(Fusion))}, not {fusion!r}")
        self.cluster = cluster
        self.fusion = fusion

    def out_channels(self, channels: int) -> int:
        """Number of channels of the fused map, for `channels` input channels."""
        clustered = self.cluster.out_channels(channels)
        return channels + clustered if self.fusion == "concat" else clustered

    def forward(self, features: Tensor) -> Tensor:
        """Fuse features (B, C, h, w) with their clustered map: (B, out_channels(C), h, w)."""
        clustered = self.cluster(features)
        return torch.cat([features, clustered], dim=1) if self.fusion == "concat" else clustered


class ClusterNet(PSPNet):
    """PSPNet with a spectral clustering layer between the backbone and the pyramid pooling.

    Args:
        num_classes, backbone, weights, semantics, align_corners: as for `PSPNet`.
        n_clusters, axis, method, graph, neighbors, sigma, reduce, position: as for `ClusterLayer`; the thesis has 40
            clusters.
        fusion: "concat" (the thesis) or "replace".
    """

    def __init__(
        self,
        num_classes: int = 19,
        backbone: str = "resnet50",
        n_clusters: int = 40,
        axis: Axis = "pixels",
        fusion: Fusion = "concat",
        weights: str | Path | None = None,
        *,
        method: Method = "spectral",
        graph: GraphName = "neighbors",
        neighbors: int = NEIGHBORS,
        sigma: float | str = "local",
        reduce: int | None = 64,
        position: float = 0.0,
        semantics: SemanticsName = "torchvision",
        align_corners: bool | None = None,
    ) -> None:
        layer = {"method": method, "graph": graph, "neighbors": neighbors, "sigma": sigma, "reduce": reduce}
        cluster = ClusterLayer(n_clusters, axis=axis, position=position, **layer)  # type: ignore[arg-type]
        refine = ClusterFusion(cluster, fusion)
        super().__init__(
            num_classes, backbone, weights, semantics=semantics, align_corners=align_corners, refine=refine
        )
        self.config |= {"n_clusters": n_clusters, "axis": axis, "fusion": fusion, "position": position, **layer}

    @classmethod
    @torch.no_grad()
    def from_pspnet(cls, pspnet: PSPNet, images: Tensor | None = None, **options: Any) -> "ClusterNet":
        """Build a ClusterNet that starts from the weights of a trained PSPNet, on its device and of its dtype.

        With fusion="concat" the clustered channels start with weight 0, so that the logits are the PSPNet's until
        training changes them. With "replace", pixel prototypes inherit the weights of the features they replace, and
        the mean map of a cluster of channels inherits the sum of its members' weights. The PSPNet is not modified.

        Args:
            images: (N, 3, H, W), normalised, from which axis="channels" computes its partition.
            options: arguments of ClusterNet: n_clusters, axis, fusion, method, graph, neighbors, sigma, reduce,
                position.

        Raises:
            ValueError: axis="channels" without images.
        """
        kept = {key: pspnet.config[key] for key in ("num_classes", "backbone", "semantics", "align_corners")}
        own = next(pspnet.parameters())
        net = cls(**kept, **options).to(own.device, own.dtype)
        net.backbone.load_state_dict(pspnet.backbone.state_dict())
        if net.cluster.axis == "channels":
            if images is None:
                raise ValueError(
                    'axis="channels" needs images (N, 3, H, W) to partition the channels from: give images='
                )
            with held_in_eval(pspnet):
                net.cluster.calibrate(pspnet.backbone(images.to(own))[3])
        spread = net._spread(net.backbone.channels[3]).to(own)
        for new, old in ((net.pyramid, pspnet.pyramid), (net.head, pspnet.head), (net.aux, pspnet.aux)):
            new.load_state_dict(
                {key: _widen(old_value, new.state_dict()[key], spread) for key, old_value in old.state_dict().items()}
            )
        return net

    def _spread(self, channels: int) -> Tensor:
        """Matrix (fused, C): the share of each of C input channels' weights that each fused channel inherits."""
        cluster = self.cluster
        identity = torch.eye(channels, device=cluster.partition.device)
        if self.refine.fusion == "concat":
            return torch.cat([identity, identity.new_zeros(cluster.out_channels(channels), channels)])
        return identity if cluster.axis == "pixels" else one_hot(cluster.partition, cluster.n_clusters).T.float()

    @property
    def cluster(self) -> ClusterLayer:
        """The cluster layer inside the fusion."""
        return self.get_submodule("refine.cluster")  # type: ignore[return-value]


def _widen(weight: Tensor, target: Tensor, spread: Tensor) -> Tensor:
    """Spread a convolution's weights for its first C input channels over the fused channels.

    Args:
        weight: (O, C + rest, ...); returned as it is if it has the target's shape.
        spread: (fused, C).

    Returns:
        (O, fused + rest, ...).
    """
    if weight.shape == target.shape:
        return weight
    channels = spread.shape[1]
    spread_part = torch.einsum("fc,oc...->of...", spread, weight[:, :channels])  # (O, fused, ...)
    return torch.cat([spread_part, weight[:, channels:]], dim=1)
