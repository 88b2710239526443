from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torchvision import tv_tensors

from tests.data.frames import SIZE, palette_image, write_dataset, write_frame
from thesis_lib.data import Cityscapes, DatasetError, EpochSampler
from thesis_lib.data.labels import LABEL_TO_TRAIN
from thesis_lib.data.lists import write_lists
from thesis_lib.data.transforms import train_transform

NORMAL = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_dataset(tmp_path, train=6)


def augmented(root: Path) -> Cityscapes:
    return Cityscapes(root, "train", transform=train_transform((40, 40), **NORMAL), seed=3)


def test_a_sample_is_the_file_with_its_labels_as_train_ids(root: Path) -> None:
    dataset = Cityscapes(root, "train")
    image, mask = dataset[1]
    pair = dataset.pairs[1]
    assert isinstance(image, tv_tensors.Image)
    assert isinstance(mask, tv_tensors.Mask)
    assert np.array_equal(image.permute(1, 2, 0), cv2.imread(str(pair.image))[..., ::-1])
    assert np.array_equal(mask, LABEL_TO_TRAIN[cv2.imread(str(pair.label), cv2.IMREAD_UNCHANGED)])


def test_train_ids_on_disk_are_taken_as_they_are(root: Path) -> None:
    label = Cityscapes(root, "train").pairs[0].label
    ids = LABEL_TO_TRAIN[cv2.imread(str(label), cv2.IMREAD_UNCHANGED)]
    cv2.imwrite(str(label).replace("labelIds", "labelTrainIds"), ids)
    for file in write_lists(root):
        file.write_text(
            file.read_text().replace("alpha_000000_000019_gtFine_labelIds", "alpha_000000_000019_gtFine_labelTrainIds")
        )
    assert np.array_equal(Cityscapes(root, "train")[0][1], ids)


def test_the_order_is_that_of_the_names_not_of_the_file_system(tmp_path: Path) -> None:
    for frame in ("gamma_000002_000019", "alpha_000001_000019", "beta_000000_000019"):
        write_frame(tmp_path, "train", frame)
    frames = [pair.frame for pair in Cityscapes(tmp_path, "train").pairs]
    assert frames == ["alpha_000001_000019", "beta_000000_000019", "gamma_000002_000019"]


def test_a_limit_takes_the_first(root: Path) -> None:
    assert len(Cityscapes(root, "train", limit=2)) == 2


def test_augmentation_is_a_function_of_seed_epoch_and_index(root: Path) -> None:
    dataset = augmented(root)
    image, mask = dataset[2, 4]
    torch.manual_seed(99)
    dataset[0, 1]
    again_image, again_mask = dataset[2, 4]
    assert torch.equal(image, again_image)
    assert torch.equal(mask, again_mask)
    assert not torch.equal(image, dataset[3, 4][0])


def test_augmentation_leaves_the_global_generator_alone(root: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    augmented(root)[0, 0]
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_do_not_depend_on_the_workers(root: Path, workers: int) -> None:
    dataset, sampler = augmented(root), EpochSampler(6, seed=1)
    sampler.epoch = 7
    loader = DataLoader(dataset, batch_size=3, sampler=sampler, num_workers=workers)
    expected = [dataset[key][0] for key in sampler]
    assert torch.equal(torch.cat([images for images, _ in loader]), torch.stack(expected))


def test_every_epoch_has_its_own_order_of_all_samples() -> None:
    sampler = EpochSampler(20, seed=0)
    orders = []
    for epoch in (0, 1, 0):
        sampler.epoch = epoch
        orders.append([index for _, index in sampler])
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[1]) == list(range(20))


def test_a_truncated_image_is_an_error_not_black(root: Path) -> None:
    image = Cityscapes(root, "train").pairs[0].image
    image.write_bytes(image.read_bytes()[:-200])
    with pytest.raises(DatasetError, match="alpha_000000_000019_leftImg8bit.png .* is damaged"):
        Cityscapes(root, "train")[0]


def test_a_label_of_another_size_is_refused(root: Path) -> None:
    label = Cityscapes(root, "train").pairs[0].label
    cv2.imwrite(str(label), np.zeros((10, 20), np.uint8))
    with pytest.raises(DatasetError, match=f"is {SIZE[1]}x{SIZE[0]}, its label .* is 20x10"):
        Cityscapes(root, "train")[0]


def test_a_colour_picture_is_no_label(root: Path) -> None:
    palette_image(Cityscapes(root, "train").pairs[0].label)
    with pytest.raises(DatasetError, match="48x96x3 uint8 values where one 8-bit label per pixel"):
        Cityscapes(root, "train")[0]


def test_a_label_200_is_refused(root: Path) -> None:
    label = Cityscapes(root, "train").pairs[0].label
    cv2.imwrite(str(label), np.full(SIZE, 200, np.uint8))
    with pytest.raises(DatasetError, match=r"holds the values \[200\] where labelIds \(0 to 33\)"):
        Cityscapes(root, "train")[0]


def test_label_ids_under_the_name_of_train_ids_are_refused(root: Path) -> None:
    label = Cityscapes(root, "train").pairs[0].label
    renamed = Path(str(label).replace("labelIds", "labelTrainIds"))
    cv2.imwrite(str(renamed), np.full(SIZE, 26, np.uint8))
    file = root / "train_set.txt"
    file.write_text(f"{Cityscapes(root, 'train').pairs[0].image.relative_to(root)} {renamed.relative_to(root)}\n")
    with pytest.raises(DatasetError, match="They look like labelIds"):
        Cityscapes(root, "train")[0]
