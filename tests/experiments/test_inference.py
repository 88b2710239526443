import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from thesis_lib.experiments.inference import predict, predict_probabilities
from thesis_lib.experiments.profiles import Evaluation
from thesis_lib.models import PSPNet


@pytest.fixture(scope="module")
def model() -> PSPNet:
    torch.manual_seed(0)
    model = PSPNet(num_classes=5, backbone="resnet18")
    model(torch.randn(4, 3, 65, 65))
    return model.eval()


class Pointwise(nn.Module):
    """A "network" that sees one pixel at a time, so that windows and mirroring cannot matter."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 3, generator=torch.Generator().manual_seed(0)))
        self.config = {"num_classes": 4}
        self.backbone = nn.Module()
        self.backbone.mean, self.backbone.std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        return torch.einsum("kc,bchw->bkhw", self.weight, images)


def image(height: int, width: int) -> torch.Tensor:
    return torch.randint(0, 256, (3, height, width), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def whole(model: nn.Module, picture: torch.Tensor) -> torch.Tensor:
    mean, std = (torch.tensor(value).view(3, 1, 1) for value in (model.backbone.mean, model.backbone.std))
    with torch.no_grad():
        return model.logits(((picture / 255 - mean) / std)[None])[0].softmax(0)


def test_one_window_is_the_network_itself(model: PSPNet) -> None:
    picture = image(64, 96)
    found = predict_probabilities(model, picture, Evaluation(window=(64, 96), flip=False))
    torch.testing.assert_close(found, whole(model, picture), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(40, 50), (64, 96), (100, 131), (33, 200)])
def test_windows_cover_the_image_and_their_mean_is_even(size: tuple[int, int]) -> None:
    picture, network = image(*size), Pointwise()
    found = predict_probabilities(network, picture, Evaluation(window=(48, 64), flip=True))
    torch.testing.assert_close(found, whole(network, picture), atol=1e-5, rtol=0)


def test_mirroring_averages_both_ways(model: PSPNet) -> None:
    picture = image(64, 96)
    straight, mirrored = whole(model, picture), whole(model, picture.flip(-1)).flip(-1)
    found = predict_probabilities(model, picture, Evaluation(window=(64, 96), flip=True))
    torch.testing.assert_close(found, (straight + mirrored) / 2, atol=1e-5, rtol=0)


def test_scales_are_averaged_at_full_size() -> None:
    picture, network = image(64, 96), Pointwise()
    found = predict_probabilities(network, picture, Evaluation(window=(32, 48), scales=(0.5, 1.0), flip=False))
    mean, std = (torch.tensor(value).view(3, 1, 1) for value in (network.backbone.mean, network.backbone.std))
    small = interpolate(((picture / 255 - mean) / std)[None], (32, 48), mode="bilinear")
    with torch.no_grad():
        half = interpolate(network.logits(small).softmax(1), (64, 96), mode="bilinear")[0]
    torch.testing.assert_close(found, (half + whole(network, picture)) / 2, atol=1e-5, rtol=0)


def test_probabilities_sum_to_one(model: PSPNet) -> None:
    found = predict_probabilities(model, image(70, 90), Evaluation(window=(48, 48), scales=(0.75, 1.0)))
    torch.testing.assert_close(found.sum(0), torch.ones(70, 90))


def test_a_prediction_is_the_most_probable_class(model: PSPNet) -> None:
    picture, protocol = image(64, 64), Evaluation(window=(48, 48))
    assert torch.equal(predict(model, picture, protocol), predict_probabilities(model, picture, protocol).argmax(0))


def test_whole_images_need_no_windows(model: PSPNet) -> None:
    picture, protocol = image(64, 96), Evaluation.model_validate({"protocol": "whole"})
    torch.testing.assert_close(
        predict_probabilities(model, picture, protocol), whole(model, picture), atol=1e-5, rtol=0
    )
