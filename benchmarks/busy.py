"""The demo's steps on a machine where others work too: `python benchmarks/busy.py`.

Every step is timed beside 0, 1, 2 and 4 processes that never rest, with threads that soon sleep while they wait, as the
project sets them, and with threads that spin (OMP_WAIT_POLICY=active). Each measurement is a process of its own, for
OpenMP reads the policy once; the policies take turns. Medians of REPEATS; writes benchmarks/busy.json.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from budgets import machine

REPEATS, LIMIT = 5, 60.0
"""Measurements of a step, and seconds after which no more are made."""
BESIDE = (0, 1, 2, 4)
POLICIES: dict[str, dict[str, str]] = {"ours": {}, "active": {"OMP_WAIT_POLICY": "active"}}
HERE = Path(__file__).parent


def main() -> None:
    """Print a line for every number of busy processes and policy, and write them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--beside", type=int, nargs="*", default=BESIDE)
    parser.add_argument("--output", type=Path, default=HERE / "busy.json")
    given = parser.parse_args()
    if given.here:
        print(json.dumps(seconds()))
        return
    rows = []
    for count in given.beside:
        for policy in POLICIES:
            with busy(count):
                found = in_a_process(policy)
            rows.append({"beside": count, "policy": policy, "seconds": found})
            print(f"beside {count}, {policy}:", {step: round(value, 3) for step, value in found.items()}, flush=True)
    report = {"date": datetime.now(UTC).date().isoformat(), "machine": machine(), "repeats": REPEATS, "rows": rows}
    given.output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Processes that compute without end."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def in_a_process(policy: str) -> dict[str, float]:
    """Seconds of every step under a policy."""
    command = [sys.executable, __file__, "--here"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    environment |= POLICIES[policy]
    return json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout)


def seconds() -> dict[str, float]:
    """Median seconds of every step of the demo, here and now."""
    found = {}
    for name, step in steps().items():
        step()
        times: list[float] = []
        while len(times) < REPEATS and sum(times) < LIMIT:
            begin = time.perf_counter()
            step()
            times.append(time.perf_counter() - begin)
        found[name] = median(times)
    return found


def steps() -> dict[str, Callable[[], object]]:
    """What the demo does most, by name."""
    import thesis_lib  # noqa: F401, I001  # before torch, for it sets the policy
    import torch

    from thesis_lib.clustering import SpectralClustering
    from thesis_lib.data.scenes import paint_scene
    from thesis_lib.experiments import load_profile
    from thesis_lib.experiments.inference import predict
    from thesis_lib.experiments.processes import new_accelerator
    from thesis_lib.experiments.step import Step
    from thesis_lib.experiments.study import build_pspnet
    from thesis_lib.models import ClusterNet

    profile = load_profile("demo")
    frame = paint_scene(size=profile.data.size, seed=1, split="train", index=0)
    image, labels = torch.from_numpy(frame.image).permute(2, 0, 1), torch.from_numpy(frame.labels).long() % 19
    height, width = profile.training.crop
    crops = torch.stack([image[:, :height, start : start + width] for start in (0, 170, 340, 511)]).float() / 255
    crops = (crops - 0.45) / 0.225
    truth = torch.stack([labels[:height, start : start + width] for start in (0, 170, 340, 511)])
    pspnet = build_pspnet(profile)
    clusternet = ClusterNet.from_pspnet(pspnet, n_clusters=profile.model.n_clusters, **profile.model.layer)
    with torch.no_grad():
        points = pspnet.backbone(crops)[3].flatten(2).mT.contiguous()  # (4, 2145, 112)
    trained = {
        name: Step(model.train(), profile.training, None, new_accelerator())
        for name, model in (("PSPNet", pspnet), ("ClusterNet", clusternet))
    }
    clustering = SpectralClustering(profile.model.n_clusters, **profile.model.clustering)
    return {
        f"clustering {len(points)} maps of {points.shape[1]:,} points": lambda: clustering(points),
        "a training step of PSPNet": lambda: trained["PSPNet"](crops, truth),
        "a training step of ClusterNet": lambda: trained["ClusterNet"](crops, truth),
        "predicting a frame": lambda: predict(pspnet.eval(), image, profile.evaluation),
        "painting a frame": lambda: paint_scene(size=profile.data.size, seed=1, split="train", index=1),
    }


if __name__ == "__main__":
    main()
