import math

import torch
from torch.nn.functional import cross_entropy

from thesis_lib.experiments.loss import enet_weights, segmentation_loss


def test_the_loss_is_the_mean_over_labelled_pixels() -> None:
    logits = torch.randn(2, 19, 8, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.randint(0, 19, (2, 8, 8), generator=torch.Generator().manual_seed(0))
    labels[0, :4] = 255
    torch.testing.assert_close(segmentation_loss(logits, labels), cross_entropy(logits, labels, ignore_index=255))
    assert segmentation_loss(logits, torch.full((2, 8, 8), 255)) == 0


def test_weighted_loss_is_torchs_own() -> None:
    torch.manual_seed(0)
    logits, labels, weights = torch.randn(2, 5, 8, 8), torch.randint(0, 5, (2, 8, 8)), torch.rand(5) + 0.1
    labels[0, :3] = 255
    expected = cross_entropy(logits, labels, weights, ignore_index=255)
    torch.testing.assert_close(segmentation_loss(logits, labels, weights), expected)


def test_enet_weights_favour_rare_classes_and_keep_the_scale_of_the_loss() -> None:
    pixels = torch.tensor([900, 90, 10, 0])
    weights = enet_weights(pixels)
    assert weights.diff().gt(0).all()
    torch.testing.assert_close((weights * pixels).sum() / pixels.sum(), torch.tensor(1.0))
    torch.testing.assert_close(weights[0] / weights[1], torch.tensor(math.log(1.11) / math.log(1.92)))
