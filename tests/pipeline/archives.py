"""Cityscapes' two zips with their official names and layout, a few painted streets in place of the photographs."""

from pathlib import Path

from tests.data.frames import write_archives
from thesis_lib.data import write_scenes

FRAMES = {
    "train": ("aachen_000000_000019", "bochum_000000_000313", "hamburg_000000_000042", "zurich_000000_000019"),
    "val": ("frankfurt_000000_000294", "lindau_000000_000019", "munster_000000_000019"),
    "test": ("berlin_000000_000019",),
}
"""Names that the real data set has too; its zips also hold the test split."""


def write_official_archives(folder: Path, scratch: Path) -> Path:
    """leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip in `folder`, of frames of 1024 x 2048."""
    train, val, test = (FRAMES[split] for split in ("train", "val", "test"))
    names = write_scenes(scratch / "painted", train=len(train), val=len(val) + len(test), progress=False)
    targets = [(split, frame) for split, frames in FRAMES.items() for frame in frames]
    for name, (split, frame) in zip(names, targets, strict=True):
        for path in (scratch / "painted").glob(f"*/*/*/{name}_*"):
            kind = path.parents[2].name
            target = scratch / "official" / kind / split / frame.split("_")[0] / path.name.replace(name, frame)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
    return write_archives(scratch / "official", folder)
