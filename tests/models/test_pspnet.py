import pytest
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, batch_norm, conv2d, interpolate, relu

from thesis_lib.models import PSPNet
from thesis_lib.models.pspnet import average_regions


@pytest.fixture(scope="module")
def model() -> PSPNet:
    torch.manual_seed(0)
    model = PSPNet(backbone="resnet18")
    model(torch.randn(4, 3, 65, 65))  # batch norm statistics that are not 0 and 1
    return model.eval()


def conv_bn_relu(state: dict[str, Tensor], conv: str, norm: str, x: Tensor, padding: int) -> Tensor:
    statistics = (state[f"{norm}.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
    return relu(batch_norm(conv2d(x, state[f"{conv}.weight"], padding=padding), *statistics))


def test_the_decoder_is_that_of_the_paper(model: PSPNet) -> None:
    """Section 3.2: pool to 1, 2, 3, 6; reduce to a quarter; enlarge; concatenate; then semseg's cls and aux."""
    state, images = model.state_dict(), torch.randn(2, 3, 97, 129, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        features = model.backbone(images)
        parts = [features[3]]
        for index, bins in enumerate((1, 2, 3, 6)):
            branch = f"pyramid.branches.{index}"
            pooled = conv_bn_relu(state, f"{branch}.1", f"{branch}.2", adaptive_avg_pool2d(features[3], bins), 0)
            parts.append(interpolate(pooled, features[3].shape[-2:], mode="bilinear", align_corners=True))
        for name, x in (("head", torch.cat(parts, 1)), ("aux", features[2])):
            x = conv_bn_relu(state, f"{name}.0", f"{name}.1", x, 1)
            x = conv2d(x, state[f"{name}.4.weight"], state[f"{name}.4.bias"])
            expected = interpolate(x, images.shape[-2:], mode="bilinear", align_corners=True)
            found = model(images)["out" if name == "head" else "aux"]
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(64, 64), (97, 129), (33, 200)])
def test_logits_have_the_size_of_the_image(model: PSPNet, size: tuple[int, int]) -> None:
    with torch.no_grad():
        logits = model(torch.zeros(1, 3, *size))
    assert logits["out"].shape == logits["aux"].shape == (1, 19, *size)


def test_the_main_logits_alone_are_the_same(model: PSPNet) -> None:
    images = torch.randn(1, 3, 65, 65)
    with torch.no_grad():
        assert torch.equal(model.logits(images), model(images)["out"])


def test_resnet50_has_the_published_size_up_to_its_stem() -> None:
    """semseg's R50 has 49,080,038 parameters; its deep stem has 123,776 more than torchvision's 7x7."""
    deep_stem = (3 * 64 + 64 * 64 + 64 * 128) * 9 + 2 * (64 + 64 + 128)
    plain_stem = 3 * 64 * 49 + 2 * 64
    # layer1 reads 128 channels instead of 64, in its first 1x1 and in its shortcut
    wider_layer1 = 64 * 64 + 64 * 256
    parameters = sum(parameter.numel() for parameter in PSPNet().parameters())
    assert parameters == 49_080_038 - deep_stem + plain_stem - wider_layer1


def test_every_parameter_is_trained_once(model: PSPNet) -> None:
    new = {id(parameter) for module in model.new_modules() for parameter in module.parameters()}
    old = {id(parameter) for parameter in model.backbone.parameters()}
    assert not new & old
    assert new | old == {id(parameter) for parameter in model.parameters()}


@pytest.mark.parametrize("size", [(8, 8), (9, 17), (90, 90), (33, 65), (5, 6)])
@pytest.mark.parametrize("bins", [1, 2, 3, 6])
def test_averages_by_matrices_are_adaptive_pooling(size: tuple[int, int], bins: int) -> None:
    features = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(average_regions(features, bins), adaptive_avg_pool2d(features, bins))
