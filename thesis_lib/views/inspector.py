"""Sliders over the clusters of any image."""

from collections.abc import Sequence

import cv2
import ipywidgets as widgets
import numpy as np

from thesis_lib.clustering import Clusters, SpectralClustering
from thesis_lib.clustering.affinity import Sigma
from thesis_lib.data import Cityscapes
from thesis_lib.experiments.features import LAYERS, as_points, layer_features, principal_maps, resize_image
from thesis_lib.models.backbones import Backbone
from thesis_lib.views.clustering_figures import feature_colors, paint_clusters

MOST = 80
"""Clusters at the right end of the slider."""


class ClusterInspector:
    """A panel that shows the clusters of one image's features: frame, layer, k and opacity by sliders.

    `ClusterInspector(backbone, images).panel` is a widget. One decomposition per frame and layer serves every k.

    Args:
        backbone: whose layers are clustered.
        images: a data set, or RGB images (H, W, 3) uint8.
        size: (height, width) at which the network sees them.
        sigma, reduce: of `SpectralClustering`.
    """

    def __init__(
        self,
        backbone: Backbone,
        images: Cityscapes | Sequence[np.ndarray],
        *,
        size: tuple[int, int] = (256, 512),
        sigma: Sigma = "local",
        reduce: int | None = 64,
    ) -> None:
        self.backbone, self.images, self.size = backbone, images, size
        self.sigma, self.reduce = sigma, reduce
        self._decomposed: dict[tuple[int, int], tuple[Clusters, np.ndarray]] = {}
        style = {"continuous_update": False}
        self.frame = widgets.IntSlider(0, 0, len(images) - 1, description="frame", **style)
        self.layer = widgets.ToggleButtons(options=LAYERS, value=4, description="layer", style={"button_width": "3em"})
        self.k = widgets.IntSlider(10, 2, MOST, description="k")
        self.opacity = widgets.FloatSlider(0.7, min=0, max=1, step=0.05, description="opacity")
        self.picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
        self.status = widgets.HTML()
        for control in (self.frame, self.layer, self.k, self.opacity):
            control.observe(self._draw, "value")
        controls = widgets.HBox(
            [self.frame, self.layer, self.k, self.opacity], layout=widgets.Layout(flex_flow="row wrap")
        )
        self.panel = widgets.VBox([controls, self.picture, self.status])
        self._draw()

    def image(self, frame: int) -> np.ndarray:
        """The RGB image of a frame at the network's size, (height, width, 3)."""
        found = (
            self.images.read(frame)[0].permute(1, 2, 0).numpy()
            if isinstance(self.images, Cityscapes)
            else self.images[frame]
        )
        return resize_image(found, self.size)

    def labels(self) -> np.ndarray:
        """The clusters that are shown, (h, w).

        Raises:
            ValueError: more clusters than the layer has pixels.
        """
        clusters, components = self._decompose(self.frame.value, self.layer.value)
        if self.k.value > (most := len(clusters.eigenvalues)):
            raise ValueError(
                f"{self.k.value} clusters cannot be made of the {most} pixels of layer {self.layer.value}: "
                f"choose k of at most {most}, a finer layer or a larger size"
            )
        return clusters.cut(self.k.value).labels.reshape(components.shape[1:]).numpy()

    def _decompose(self, frame: int, layer: int) -> tuple[Clusters, np.ndarray]:
        if (frame, layer) not in self._decomposed:
            self.status.value = "clustering ..."
            features = layer_features(self.backbone, self.image(frame), self.size)[LAYERS.index(layer)]
            points = as_points(features)
            clustering = SpectralClustering(min(MOST, len(points)), sigma=self.sigma, reduce=self.reduce)
            self._decomposed[frame, layer] = clustering(points), principal_maps(features)
        return self._decomposed[frame, layer]

    def _draw(self, *_: object) -> None:
        image = self.image(self.frame.value)
        try:
            labels = self.labels()
        except ValueError as error:
            self._show(image, str(error))
            return
        clusters, components = self._decompose(self.frame.value, self.layer.value)
        painted = paint_clusters(labels, feature_colors(labels, components), self.size)
        k, found = self.k.value, len(np.unique(labels))
        self._show(
            cv2.addWeighted(painted, self.opacity.value, image, 1 - self.opacity.value, 0),
            f"{labels.size} pixels in {found} clusters; eigenvalue {k} is {clusters.eigenvalues[k - 1]:.3f}",
        )

    def _show(self, picture: np.ndarray, status: str) -> None:
        self.picture.value = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
        self.status.value = status
