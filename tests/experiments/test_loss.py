import math

import torch
from torch.nn.functional import cross_entropy

from thesis_lib.experiments.loss import enet_weights, hard_pixels, labelled_weight, segmentation_loss


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


def test_hard_pixels_are_those_that_are_improbable() -> None:
    logits = torch.zeros(1, 2, 1, 4)
    logits[0, 0, 0] = torch.tensor([4.0, 0.5, -1.0, -5.0])
    labels = torch.zeros(1, 1, 4, dtype=torch.int64)
    assert hard_pixels(logits, labels, 0.7, 1).flatten().tolist() == [255, 0, 0, 0]  # 0.98, 0.62, 0.27, 0.007
    assert hard_pixels(logits, labels, 0.1, 1).flatten().tolist() == [255, 255, 255, 0]


def test_the_hardest_pixels_count_where_none_is_improbable() -> None:
    logits = torch.tensor([5.0, 6.0, 7.0, 8.0]).view(1, 1, 1, 4) * torch.tensor([1.0, -1.0]).view(1, 2, 1, 1)
    labels = torch.tensor([[[0, 0, 0, 255]]])
    assert hard_pixels(logits, labels, 0.5, 2).flatten().tolist() == [0, 0, 255, 255]


def test_hard_pixels_of_an_unlabelled_batch_are_none() -> None:
    assert (hard_pixels(torch.randn(1, 3, 2, 2), torch.full((1, 2, 2), 255), 0.7, 10) == 255).all()


def test_parts_of_a_batch_weigh_what_is_labelled_in_them() -> None:
    torch.manual_seed(0)
    logits, labels, weights = torch.randn(2, 5, 8, 8), torch.randint(0, 5, (2, 8, 8)), torch.rand(5) + 0.1
    labels[0, :6] = 255
    parts = [segmentation_loss(logits[i : i + 1], labels[i : i + 1], weights) for i in range(2)]
    shares = [labelled_weight(labels[i], 5, weights) / labelled_weight(labels, 5, weights) for i in range(2)]
    whole = sum(part * share for part, share in zip(parts, shares, strict=True))
    torch.testing.assert_close(whole, segmentation_loss(logits, labels, weights))
