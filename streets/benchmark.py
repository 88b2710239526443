"""Seconds that a frame takes on one core, by size: `python streets/benchmark.py`."""

import statistics
import time

import cv2

from streets import paint_scene


def seconds(size: tuple[int, int], index: int) -> float:
    """Processor time of one frame."""
    start = time.process_time()
    paint_scene(size=size, seed=1, index=index)
    return time.process_time() - start


def main() -> None:
    """Print the median of 16 frames, textures made before, for each size."""
    cv2.setNumThreads(1)
    for size in ((256, 512), (512, 1024), (1024, 2048)):
        seconds(size, 0)
        print(f"{size[0]} x {size[1]}: {statistics.median(seconds(size, index) for index in range(16)):.2f} s")


if __name__ == "__main__":
    main()
