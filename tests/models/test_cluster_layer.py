from typing import Any

import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from torch import nn

from thesis_lib.clustering import KMeans, SpectralClustering
from thesis_lib.clustering.reduction import random_pca
from thesis_lib.models import ClusterLayer
from thesis_lib.models.cluster_layer import match_labels, pixel_points, prototypes, standardized_channels


@pytest.fixture
def features() -> torch.Tensor:
    return torch.randn(2, 12, 9, 11, generator=torch.Generator().manual_seed(0))


def test_a_prototype_is_the_mean_of_its_members(features: torch.Tensor) -> None:
    labels = torch.randint(0, 5, (2, 9, 11), generator=torch.Generator().manual_seed(1))
    clustered = prototypes(features, labels)
    for image in range(2):
        for cluster in range(5):
            members = labels[image] == cluster
            mean = features[image][:, members].mean(1)
            torch.testing.assert_close(clustered[image][:, members], mean[:, None].expand(-1, int(members.sum())))


def test_prototypes_do_not_depend_on_the_names_of_the_clusters(features: torch.Tensor) -> None:
    labels = torch.randint(0, 5, (2, 9, 11), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(prototypes(features, labels), prototypes(features, 4 - labels))


def test_gradients_flow_through_the_prototypes() -> None:
    features = torch.randn(1, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(0, 3, (1, 4, 4), generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(lambda maps: prototypes(maps, labels), features)


def test_the_prototype_of_a_lonely_pixel_is_the_pixel(features: torch.Tensor) -> None:
    labels = torch.zeros(2, 9, 11, dtype=torch.int64)
    labels[:, 4, 4] = 1
    torch.testing.assert_close(prototypes(features, labels)[:, :, 4, 4], features[:, :, 4, 4])


def test_half_precision_counts_large_clusters_exactly() -> None:
    features = torch.ones(1, 2, 40, 40, dtype=torch.bfloat16)
    assert (prototypes(features, torch.zeros(1, 40, 40, dtype=torch.int64)) == 1).all()


@pytest.mark.parametrize("method", ["spectral", "kmeans"])
def test_pixels_keep_the_shape_and_take_k_values(features: torch.Tensor, method: str) -> None:
    layer = ClusterLayer(6, method=method)
    clustered = layer(features)
    assert clustered.shape == features.shape
    assert layer.out_channels(12) == 12
    for image in clustered:
        assert len(image.flatten(1).T.unique(dim=0)) <= 6


def test_each_image_is_clustered_by_itself(features: torch.Tensor) -> None:
    layer = ClusterLayer(6)
    torch.testing.assert_close(layer(features)[1:], layer(features[1:]))


def test_labels_carry_no_gradient_and_features_do(features: torch.Tensor) -> None:
    features.requires_grad_()
    ClusterLayer(6)(features).square().sum().backward()
    assert features.grad is not None
    assert features.grad.abs().sum() > 0


@pytest.mark.parametrize("axis", ["pixels", "channels"])
@pytest.mark.parametrize("method", ["spectral", "kmeans"])
def test_the_gradient_of_the_whole_layer_is_that_of_differences(axis: str, method: str) -> None:
    features = torch.randn(2, 7, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    layer = ClusterLayer(4, axis=axis, method=method)
    layer(features)
    assert torch.autograd.gradcheck(layer, features.requires_grad_())


@pytest.mark.parametrize("axis", ["pixels", "channels"])
def test_a_compiled_layer_is_the_layer(features: torch.Tensor, axis: str) -> None:
    layer = ClusterLayer(6, axis=axis)
    layer.calibrate(features)
    gradients, maps = [], []
    for run in (layer, torch.compile(layer, backend="aot_eager")):
        given = features.clone().requires_grad_()
        maps.append(run(given))
        maps[-1].square().sum().backward()
        gradients.append(given.grad)
    torch.testing.assert_close(*maps)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("method", ["spectral", "kmeans"])
def test_autocast_changes_no_label(features: torch.Tensor, method: str) -> None:
    layer = ClusterLayer(6, method=method, reduce=5)
    labels = layer.pixel_labels(features)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer.pixel_labels(features), labels)
        assert layer(features).dtype == features.dtype


@pytest.mark.parametrize("axis", ["pixels", "channels"])
def test_the_only_cluster_has_the_mean_of_all(features: torch.Tensor, axis: str) -> None:
    mean = features.mean((2, 3) if axis == "pixels" else 1, keepdim=True)
    clustered = ClusterLayer(1, axis=axis)(features)
    torch.testing.assert_close(clustered, mean.expand_as(clustered), atol=1e-6, rtol=0)


def correlated_channels() -> tuple[torch.Tensor, torch.Tensor]:
    """12 maps, each one of 3 patterns times a positive factor plus a little noise: (4, 12, 8, 8), pattern (12,)."""
    generator = torch.Generator().manual_seed(0)
    pattern = torch.arange(12) % 3
    maps = torch.randn(4, 3, 8, 8, generator=generator)[:, pattern]
    factor = torch.rand(12, generator=generator)[:, None, None] * 9 + 1
    return factor * maps + 0.05 * torch.randn(4, 12, 8, 8, generator=generator), pattern


def test_channels_that_are_correlated_are_merged_whatever_their_scale() -> None:
    features, pattern = correlated_channels()
    layer = ClusterLayer(3, axis="channels")
    layer.calibrate(features)
    for one in range(3):
        assert len(layer.partition[pattern == one].unique()) == 1
    assert len(layer.partition.unique()) == 3


def test_a_channel_is_standardised_by_itself_and_a_constant_one_is_zero() -> None:
    """However large: what rounding leaves of a constant is no pattern, and the size of one channel is not another's."""
    noise = torch.randn(999, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points = standardized_channels(torch.stack([torch.full_like(noise, 1e8 + 0.1), 1e15 * noise, noise]))
    assert points[0].norm() < 1e-3
    torch.testing.assert_close(points[1:].norm(dim=1), torch.ones(2))


def test_standardized_channels_have_their_correlations_for_products() -> None:
    maps = torch.randn(5, 200, generator=torch.Generator().manual_seed(0))
    maps[1] = 1000 + maps[0] / 8
    maps[2:4] = torch.tensor([[0.0], [0.1]])
    points = standardized_channels(maps)
    varying = [0, 1, 4]
    torch.testing.assert_close(
        points[varying] @ points[varying].T, torch.corrcoef(maps[varying].double()).float(), atol=1e-5, rtol=0
    )
    assert not points[2:4].any()  # constant channels; the mean of 0.1 is rounded
    faint = standardized_channels(1e-9 * maps[[4]].double() + 1)
    assert faint.norm() == pytest.approx(1, abs=1e-6)


def test_channel_clusters_are_means_of_their_maps() -> None:
    features, _ = correlated_channels()
    layer = ClusterLayer(3, axis="channels")
    clustered = layer(features)
    assert clustered.shape == (4, 3, 8, 8)
    for cluster in range(3):
        torch.testing.assert_close(clustered[:, cluster], features[:, layer.partition == cluster].mean(1))


def test_the_partition_stays_until_it_is_refreshed() -> None:
    features, _ = correlated_channels()
    layer = ClusterLayer(3, axis="channels")
    layer(features)
    before = layer.partition.clone()
    layer(torch.randn(2, 12, 8, 8))
    assert torch.equal(layer.partition, before)


def test_a_refreshed_partition_keeps_its_names() -> None:
    features, _ = correlated_channels()
    layer = ClusterLayer(3, axis="channels")
    layer.calibrate(features)
    layer.partition = (layer.partition + 1) % 3  # the same partition under other names
    before = layer.partition.clone()
    layer.calibrate(features)
    assert torch.equal(layer.partition, before)


def test_matching_agrees_with_as_many_as_it_can() -> None:
    labels, reference = torch.tensor([2, 2, 2, 0, 0, 1, 1, 1]), torch.tensor([0, 0, 0, 1, 1, 2, 2, 1])
    assert match_labels(labels, reference, 3).tolist() == [0, 0, 0, 1, 1, 2, 2, 2]


def test_the_partition_is_part_of_the_state() -> None:
    features, _ = correlated_channels()
    layer, other = ClusterLayer(3, axis="channels"), nn.ModuleDict({"layer": ClusterLayer(3, axis="channels")})
    layer.calibrate(features)
    other.load_state_dict({f"layer.{key}": value for key, value in layer.state_dict().items()})
    torch.testing.assert_close(other["layer"](features), layer(features))


@pytest.mark.parametrize("options", [{"axis": "rows"}, {"method": "dbscan"}])
def test_bad_options_are_refused(options: dict) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        ClusterLayer(4, **options)
    with pytest.raises(ValueError, match="at least 1, not 0"):
        ClusterLayer(0)


def test_its_options_are_told_when_it_is_printed() -> None:
    told = repr(ClusterLayer(7, method="kmeans", position=0.5))
    assert told.startswith("ClusterLayer(n_clusters=7, axis='pixels', method='kmeans', graph=")
    assert "position=0.5" in told


every_layer = pytest.mark.parametrize(
    "options",
    [{"axis": axis, "method": method} for axis in ("pixels", "channels") for method in ("spectral", "kmeans")]
    + [{"position": 1.0}, {"position": 1.0, "method": "kmeans"}],
)


@every_layer
def test_more_clusters_than_points_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="40 clusters were asked of 12 points"):
        ClusterLayer(40, **options)(torch.zeros(1, 12, 3, 4))


@every_layer
@pytest.mark.parametrize("shape", [(0, 8, 6, 6), (2, 0, 6, 6), (2, 8, 0, 6), (8, 6, 6)])
def test_features_that_are_no_maps_are_refused(options: dict[str, Any], shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="features must be maps"):
        ClusterLayer(3, **options)(torch.rand(shape))


@every_layer
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool, torch.complex64])
def test_means_are_taken_of_floating_point_numbers_alone(options: dict[str, Any], dtype: torch.dtype) -> None:
    with pytest.raises(ValueError, match=f"not {dtype}"):
        ClusterLayer(3, **options)((torch.rand(2, 8, 6, 6) * 9).to(dtype))


@every_layer
@pytest.mark.parametrize("channels", [12, 100])  # more than 64 are reduced first
def test_nan_features_are_refused(options: dict[str, Any], channels: int) -> None:
    features = torch.randn(2, channels, 9, 11, generator=torch.Generator().manual_seed(0))
    features[0, 0, 0, 0] = float("nan")
    with pytest.raises(ValueError, match="NaN or infinite"):
        ClusterLayer(4, **options)(features)


def test_a_calibrated_layer_refuses_other_channels_and_can_be_calibrated_on_them(features: torch.Tensor) -> None:
    layer = ClusterLayer(3, axis="channels")
    layer.calibrate(features)
    with pytest.raises(ValueError, match="calibrated on 12 channels and is given 7"):
        layer(features[:, :7])
    layer.calibrate(features[:, :7])
    assert layer(features[:, :7]).shape == (2, 3, 9, 11)


def test_positions_stand_beside_features_with_their_weight() -> None:
    features = 7 * torch.randn(2, 5, 6, 9, generator=torch.Generator().manual_seed(0)) + 3
    assert torch.equal(pixel_points(features), features.flatten(2).mT)
    points = pixel_points(features, 0.5)
    assert points.shape == (2, 54, 7)
    square = points.square().sum(1) / 54
    torch.testing.assert_close(square[:, :5].sum(1), torch.ones(2))
    torch.testing.assert_close(square[:, 5:].sum(1), torch.full((2,), 0.25))
    place = points[0, :, 5:].unflatten(0, (6, 9))
    torch.testing.assert_close(place[1, 1] - place[0, 0], place[5, 8] - place[4, 7])  # one unit down and to the right
    assert place[0, 1, 1] > place[0, 0, 1]


def test_a_calibrated_layer_refuses_what_are_no_maps(features: torch.Tensor) -> None:
    layer = ClusterLayer(3, axis="channels")
    layer.calibrate(features)
    for wrong in (features[0], features[:0], features.long()):
        with pytest.raises(ValueError, match="features must be"):
            layer(wrong)


def test_places_are_exact_beside_features_of_half_precision() -> None:
    features = torch.randn(1, 3, 2, 300, generator=torch.Generator().manual_seed(0)).bfloat16()
    points = pixel_points(features, 1.0)
    assert points.dtype == torch.float32
    assert torch.equal(points, pixel_points(features.float(), 1.0))


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_pixels_that_are_all_the_same_have_their_places_alone(value: float) -> None:
    points = pixel_points(torch.full((1, 3, 6, 9), value), 1.0)
    torch.testing.assert_close(points[..., :3], torch.zeros(1, 54, 3))
    assert len(points.unique(dim=1)[0]) == 54


def test_positions_keep_like_things_apart_that_lie_apart() -> None:
    columns = torch.arange(24).expand(1, 1, 12, 24).float()
    stripes = torch.where((columns // 8) % 2 == 1, 1.0, 0.0)  # the left and the right third look the same
    noise = 0.05 * torch.randn(1, 6, 12, 24, generator=torch.Generator().manual_seed(0))
    features = torch.cat([stripes, torch.zeros(1, 5, 12, 24)], 1) + noise
    thirds = (torch.arange(24) // 8).expand(12, 24).flatten()
    aris = [
        adjusted_rand_score(thirds, ClusterLayer(3, position=weight).pixel_labels(features).flatten())
        for weight in (0.0, 1.0)
    ]
    assert aris[1] > 0.95 > aris[0]


@pytest.mark.parametrize(("option", "value"), [("graph", "full"), ("neighbors", 8), ("sigma", 0.5), ("reduce", 3)])
def test_the_layers_options_reach_its_clustering(option: str, value: Any) -> None:
    features = torch.randn(1, 5, 12, 24, generator=torch.Generator().manual_seed(0))
    points = features.flatten(2).mT[0]
    expected = SpectralClustering(6, **{option: value})(points).labels.view(12, 24)
    assert torch.equal(ClusterLayer(6, **{option: value}).pixel_labels(features)[0], expected)
    assert not torch.equal(ClusterLayer(6).pixel_labels(features)[0], expected)


def test_the_control_is_k_means_on_the_reduced_points() -> None:
    features = torch.randn(1, 5, 12, 24, generator=torch.Generator().manual_seed(0))
    points = features.flatten(2).mT
    for seed in (0, 1):
        reduced = random_pca(points, 3, seed=seed)(points)
        expected = KMeans(6, seed=seed)(reduced)[0].view(1, 12, 24)
        assert torch.equal(ClusterLayer(6, method="kmeans", reduce=3, seed=seed).pixel_labels(features), expected)


@pytest.mark.parametrize("method", ["spectral", "kmeans"])
def test_another_seed_is_another_start(method: str) -> None:
    features = torch.randn(1, 5, 12, 24, generator=torch.Generator().manual_seed(0))
    first, again, other = (ClusterLayer(6, method=method, seed=seed).pixel_labels(features) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
