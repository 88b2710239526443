"""Checks for frames that a split lacks, and for frames in the wrong split."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from thesis_lib.data import official
from thesis_lib.data.scenes import CITIES

HOMES = {
    **{city: split for split, cities in official.FRAMES.items() for city in cities},
    **dict.fromkeys(official.TEST_CITIES, "test"),
    **{city: split for split, cities in CITIES.items() for city in cities},
}
"""The split of every city of Cityscapes and of the painted streets."""


def city_of(frame: str) -> str:
    """City in a frame's name, such as aachen in aachen_000000_000019."""
    return frame.split("_")[0]


def misplaced(split: str, frames: Iterable[str]) -> list[str]:
    """Describe each frame whose city belongs to another split, a line each, in the order of the names."""
    homes = {frame: HOMES.get(city_of(frame), split) for frame in sorted(frames)}
    return [f"{frame} belongs to {home}" for frame, home in homes.items() if home != split]


def is_cityscapes(split: str, frames: Iterable[str]) -> bool:
    """Whether a frame is of a city that Cityscapes has in the split."""
    return any(city_of(frame) in official.FRAMES[split] for frame in frames)


def missing_by_city(split: str, frames: Iterable[str]) -> list[str]:
    """Describe each city that does not have the published number of frames, a line each."""
    found, expected = Counter(map(city_of, frames)), official.FRAMES[split]
    return [
        f"{city}: {found[city]} frames, {expected.get(city, 0)} expected"
        for city in sorted(found.keys() | expected.keys())
        if found[city] != expected.get(city, 0)
    ]


def shortcomings(frames: Mapping[str, Collection[str]], wanted: Mapping[str, int]) -> list[str]:
    """Describe what is wrong with the frames that a training is given, a line each.

    Args:
        frames: names by split.
        wanted: how many each split should have.
    """
    lines = []
    for split, names in frames.items():
        if len(names) < wanted[split]:
            lines.append(f"{split} has {len(names)} frames, {wanted[split]} are expected")
        if strange := misplaced(split, names):
            lines.append(f"{split} holds {len(strange)} frames of other splits: {strange[0]}")
    return [*lines, *twice(frames)]


def twice(frames: Mapping[str, Collection[str]]) -> list[str]:
    """Describe the frames that splits share, in one line: what is trained on would be scored on."""
    counts = Counter(name for names in frames.values() for name in set(names))
    shared = sorted(name for name, count in counts.items() if count > 1)
    return [f"{len(shared)} frames lie in more than one split: {shared[0]}"] if shared else []
