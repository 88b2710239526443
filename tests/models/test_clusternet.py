from copy import deepcopy

import pytest
import torch

from thesis_lib.models import ClusterLayer, ClusterNet, PSPNet

IMAGES = torch.randn(2, 3, 65, 97, generator=torch.Generator().manual_seed(0))
KINDS = [(axis, fusion) for axis in ("pixels", "channels") for fusion in ("concat", "replace")]


@pytest.fixture(scope="module")
def pspnet() -> PSPNet:
    torch.manual_seed(0)
    model = PSPNet(backbone="resnet18")
    model(IMAGES)
    return model.eval()


@pytest.mark.parametrize(("axis", "fusion"), KINDS)
def test_it_gives_logits_and_every_weight_learns(axis: str, fusion: str) -> None:
    model = ClusterNet(backbone="resnet18", n_clusters=9, axis=axis, fusion=fusion)
    logits = model(IMAGES)
    assert logits["out"].shape == logits["aux"].shape == (2, 19, 65, 97)
    (logits["out"].square().mean() + logits["aux"].square().mean()).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_the_pyramid_reads_originals_and_prototypes() -> None:
    model = ClusterNet(backbone="resnet18", n_clusters=9).eval()
    features = torch.randn(1, 512, 9, 13)
    fused = model.refine(features)
    assert torch.equal(fused[:, :512], features)
    assert torch.equal(fused[:, 512:], model.cluster(features))


@pytest.mark.parametrize("axis", ["pixels", "channels"])
def test_concat_from_a_pspnet_starts_as_the_pspnet(pspnet: PSPNet, axis: str) -> None:
    model = ClusterNet.from_pspnet(pspnet, IMAGES, n_clusters=9, axis=axis).eval()
    with torch.no_grad():
        for name, logits in model(IMAGES).items():
            torch.testing.assert_close(logits, pspnet(IMAGES)[name], atol=1e-5, rtol=0)


def test_the_new_channels_learn_although_they_start_at_zero(pspnet: PSPNet) -> None:
    model = ClusterNet.from_pspnet(pspnet, n_clusters=9)
    model(IMAGES)["out"].square().mean().backward()
    gradient = model.head[0].weight.grad
    assert gradient is not None
    assert gradient[:, 512:1024].abs().max() > 0


def test_replacing_all_channels_by_themselves_changes_nothing(pspnet: PSPNet) -> None:
    """With as many clusters as channels every channel is a cluster, and the weights follow it to its new place."""
    model = ClusterNet.from_pspnet(pspnet, IMAGES, n_clusters=512, axis="channels", fusion="replace").eval()
    if len(model.cluster.partition.unique()) < 512:
        pytest.skip("two channels fell together")
    with torch.no_grad():
        torch.testing.assert_close(model.logits(IMAGES), pspnet.logits(IMAGES), atol=1e-4, rtol=0)


@pytest.mark.parametrize("k", [2, 9, 100])
def test_means_of_channels_take_over_the_weights_of_their_members(pspnet: PSPNet, k: int) -> None:
    """Where the maps of a cluster are alike, their mean says all: the network computes what the PSPNet does."""
    model = ClusterNet.from_pspnet(pspnet, IMAGES, n_clusters=k, axis="channels", fusion="replace").eval()
    partition = model.cluster.partition
    assert len(partition.unique()) > 1
    means = torch.randn(2, k, 9, 13, generator=torch.Generator().manual_seed(0))
    features = means[:, partition]
    with torch.no_grad():
        torch.testing.assert_close(model.decode(features), pspnet.decode(features), atol=1e-4, rtol=1e-4)


def test_prototypes_take_over_the_weights_of_their_pixels(pspnet: PSPNet) -> None:
    """Where the pixels of a cluster are alike, their prototype is each of them."""
    model = ClusterNet.from_pspnet(pspnet, n_clusters=6, fusion="replace", reduce=None).eval()
    kinds = 5 * torch.randn(6, 512, generator=torch.Generator().manual_seed(0))
    features = kinds[torch.arange(8 * 12) % 6].T.reshape(1, 512, 8, 12)
    with torch.no_grad():
        torch.testing.assert_close(model.cluster(features), features, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(model.decode(features), pspnet.decode(features), atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("axis", "fusion"), KINDS)
def test_it_has_the_precision_of_its_pspnet(pspnet: PSPNet, dtype: torch.dtype, axis: str, fusion: str) -> None:
    exact = deepcopy(pspnet).to(dtype)
    model = ClusterNet.from_pspnet(exact, IMAGES, n_clusters=9, axis=axis, fusion=fusion)
    assert {value.dtype for value in model.state_dict().values() if value.is_floating_point()} == {dtype}
    if dtype == torch.float64 and fusion == "concat":
        with torch.no_grad():
            found, expected = model.eval().logits(IMAGES.double()), exact.logits(IMAGES.double())
        torch.testing.assert_close(found, expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("axis", ["pixels", "channels"])
def test_its_pspnet_stays_as_it_was(pspnet: PSPNet, axis: str) -> None:
    given = deepcopy(pspnet).train()
    given.backbone.layer0.eval()  # as frozen batch norms are
    modes = [module.training for module in given.modules()]
    before = {key: value.clone() for key, value in given.state_dict().items()}
    model = ClusterNet.from_pspnet(given, IMAGES, n_clusters=9, axis=axis)
    assert [module.training for module in given.modules()] == modes
    assert all(torch.equal(value, before[key]) for key, value in given.state_dict().items())
    assert not {id(parameter) for parameter in model.parameters()} & {id(parameter) for parameter in given.parameters()}


def test_the_partition_of_channels_needs_images(pspnet: PSPNet) -> None:
    with pytest.raises(ValueError, match="needs images"):
        ClusterNet.from_pspnet(pspnet, n_clusters=9, axis="channels")


def test_an_unknown_fusion_is_refused() -> None:
    with pytest.raises(ValueError, match="concat, replace"):
        ClusterNet(backbone="resnet18", fusion="add")


def test_by_default_it_is_the_network_of_the_thesis_around_the_layer_by_default() -> None:
    model = ClusterNet(backbone="resnet18")
    assert (model.cluster.n_clusters, model.cluster.axis, model.refine.fusion) == (40, "pixels", "concat")
    assert model.cluster.extra_repr() == ClusterLayer().extra_repr()


def test_its_options_reach_the_layer_and_the_pspnet() -> None:
    options = {"method": "kmeans", "graph": "full", "neighbors": 7, "sigma": 0.5, "reduce": 3, "position": 2.0}
    model = ClusterNet(backbone="resnet18", n_clusters=9, semantics="mmseg", align_corners=True, **options)
    layer = {name: getattr(model.cluster, name) for name in options}
    assert layer == options
    assert model.config | options == model.config
    pspnet = PSPNet(backbone="resnet18", semantics="mmseg", align_corners=True)
    assert model.config | pspnet.config == model.config
    assert repr(model.backbone) == repr(pspnet.backbone)
