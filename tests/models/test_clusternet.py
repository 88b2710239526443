import pytest
import torch

from thesis_lib.models import ClusterNet, PSPNet

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


def test_the_partition_of_channels_needs_images(pspnet: PSPNet) -> None:
    with pytest.raises(ValueError, match="needs images"):
        ClusterNet.from_pspnet(pspnet, n_clusters=9, axis="channels")


def test_an_unknown_fusion_is_refused() -> None:
    with pytest.raises(ValueError, match="concat, replace"):
        ClusterNet(backbone="resnet18", fusion="add")
