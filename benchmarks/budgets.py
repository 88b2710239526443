"""What a clone costs: `python benchmarks/budgets.py [smoke|demo]` runs the two commands in a fresh copy and times them.

The copy is a clone of the last commit in a temporary folder; packages come from uv's cache where it has them. Writes
benchmarks/budgets-PROFILE.json: the machine, what was timed (a second call and a touched notebook too: what ran again
is listed), the most memory that all processes together held, the demo's mIoU and the size of its pictures.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

PROJECT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("profile", nargs="?", default="demo", choices=("smoke", "demo"))
    parser.add_argument("--keep-figures", action="store_true", help="take the clone's PNGs over into figures/")
    given = parser.parse_args()
    profile = given.profile
    with tempfile.TemporaryDirectory(prefix="clusternet-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", PROJECT, clone], check=True)
        environment = timed(clone, "make", "env")
        first = timed(clone, "make", "figures", f"PROFILE={profile}")
        second = timed(clone, "make", "figures", f"PROFILE={profile}")
        (clone / "notebooks/04_evaluation.ipynb").touch()
        touched = timed(clone, "make", "figures", f"PROFILE={profile}")
        report = {
            "what": f"make figures PROFILE={profile} in a fresh clone",
            "date": datetime.now(UTC).date().isoformat(),
            "commit": subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=clone, text=True).strip(),
            "machine": machine(),
            "environment": environment,
            "first": first,
            "second": second,
            "after touching 04_evaluation": touched,
            "miou": {name: score["miou"] for name, score in results(clone, profile).items()},
            "png_megabytes": sum(file.stat().st_size for file in (clone / "figures" / profile).glob("*.png")) / 1e6,
        }
        if given.keep_figures:
            keep(clone / "figures" / profile, PROJECT / "figures" / profile)
    text = json.dumps(report, indent=1)
    (PROJECT / f"benchmarks/budgets-{profile}.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def timed(folder: Path, *command: str) -> dict[str, Any]:
    """Seconds and the peak memory of a command, and the notebooks that ran in it with their times."""
    done = threading.Event()
    peak = [0]
    begin = time.monotonic()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        watch = threading.Thread(target=follow, args=(process.pid, peak, done))
        watch.start()
        output = process.stdout.read() if process.stdout else ""
        code = process.wait()
    done.set()
    watch.join()
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}:\n{output}")
    ran = dict(re.findall(r"\[\d/\d\] (\w+)  done in (\d+:\d+)", output))
    return {"seconds": round(time.monotonic() - begin, 1), "peak_gigabytes": round(peak[0] / 1e9, 2), "ran": ran}


def follow(pid: int, peak: list[int], done: threading.Event) -> None:
    """Keep the highest sum of the memory that belongs to each process of a tree alone (USS), twice a second."""
    while not done.wait(0.5):
        try:
            processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        peak[0] = max(peak[0], sum(memory(process) for process in processes))


def memory(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().uss
    except psutil.Error:
        return 0


def results(clone: Path, profile: str) -> dict[str, Any]:
    return json.loads((clone / "build" / profile / "scores.json").read_text(encoding="utf-8"))


def keep(made: Path, kept: Path) -> None:
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for file in [*made.glob("*.png"), made / "provenance.json"]:
        shutil.copy2(file, kept)


def machine() -> dict[str, Any]:
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else [platform.processor()]
    return {"processor": names[0], "cores": len(os.sched_getaffinity(0)), "system": platform.system()}


if __name__ == "__main__":
    main()
