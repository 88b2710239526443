"""Small data sets in the Cityscapes layout, made of noise: for tests that look at files, not at streets."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

SIZE = (48, 96)


def write_frame(root: Path, split: str, frame: str, size: tuple[int, int] = SIZE, seed: int = 0) -> tuple[Path, Path]:
    """One image with its labelIds and instanceIds; returns the paths of the first two."""
    random = np.random.default_rng(seed)
    city = frame.split("_")[0]
    image = root / "leftImg8bit" / split / city / f"{frame}_leftImg8bit.png"
    label = root / "gtFine" / split / city / f"{frame}_gtFine_labelIds.png"
    for path in (image, label):
        path.parent.mkdir(parents=True, exist_ok=True)
    blocks = (size[1] // 12, size[0] // 12)
    ids = cv2.resize(random.integers(0, 34, blocks[::-1]).astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST)
    instances = np.where(ids >= 24, ids.astype(np.uint16) * 1000 + 1, ids).astype(np.uint16)
    cv2.imwrite(str(image), cv2.resize(random.integers(0, 256, (*blocks[::-1], 3)).astype(np.uint8), size[::-1]))
    cv2.imwrite(str(label), ids)
    cv2.imwrite(str(label).replace("labelIds", "instanceIds"), instances)
    return image, label


def write_dataset(root: Path, train: int = 3, val: int = 2, size: tuple[int, int] = SIZE) -> Path:
    """A whole data set; the cities are not Cityscapes'."""
    for split, city, count in (("train", "alpha", train), ("val", "beta", val)):
        for index in range(count):
            write_frame(root, split, f"{city}_{index:06d}_000019", size, seed=index)
    return root


def write_archives(source: Path, folder: Path) -> Path:
    """The data set at `source` as the two official zips, with the files that the real ones carry at the top."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in (("leftImg8bit_trainvaltest.zip", "leftImg8bit"), ("gtFine_trainvaltest.zip", "gtFine")):
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README", "readme")
            archive.writestr("license.txt", "license")
            for path in sorted((source / part).rglob("*")):
                archive.write(path, path.relative_to(source).as_posix())
    return folder


def palette_image(path: Path) -> None:
    """A colour picture where a label is expected."""
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(path)
