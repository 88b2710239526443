"""Provenance of a figure: commit, profile, data and checkpoints."""

import hashlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from thesis_lib.experiments import Profile
from thesis_lib.files import file_digest
from thesis_lib.paths import PROJECT


@dataclass(frozen=True)
class Provenance:
    """Provenance that every figure carries in its metadata."""

    commit: str
    """Of the project; "-dirty" where files differ from it, "unknown" outside of git."""
    profile: str
    profile_digest: str
    """sha256 of all the profile's values, overrides included."""
    data_digest: str
    """sha256 over names and bytes of the data set."""
    checkpoints: Mapping[str, str]
    """sha256 of the checkpoint of each model."""

    def to_json(self) -> str:
        """Provenance as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)


def collect_provenance(profile: Profile, *, data_digest: str, checkpoints: Mapping[str, Path]) -> Provenance:
    """Collect the provenance of a run from its results."""
    return Provenance(
        commit=current_commit(),
        profile=profile.name,
        profile_digest=hashlib.sha256(profile.model_dump_json().encode()).hexdigest(),
        data_digest=data_digest,
        checkpoints={name: file_digest(path) for name, path in checkpoints.items()},
    )


def current_commit() -> str:
    """Commit of the working tree, marked if it has changes; those in figures/, which runs write, do not count."""
    command = ["git", "-C", str(PROJECT), "status", "--porcelain", "--", ".", ":!figures"]
    try:
        head = subprocess.run(
            ["git", "-C", str(PROJECT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
        changes = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("-dirty" if changes.stdout.strip() else "")
