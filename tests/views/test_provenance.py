"""Where a figure says it comes from."""

import json
import subprocess
from pathlib import Path

import pytest

from thesis_lib.experiments import Profile, load_profile
from thesis_lib.views import provenance as module
from thesis_lib.views.provenance import Provenance, collect_provenance, current_commit

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""SHA-256 of "abc", the first example of FIPS 180."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one commit."""
    root = tmp_path / "project"
    (root / "figures").mkdir(parents=True)
    (root / "code.py").write_text("1")
    (root / "figures" / "a.png").write_text("1")
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "first"]):
        subprocess.run(["git", "-C", str(root), *command], check=True)
    monkeypatch.setattr(module, "PROJECT", root)
    return root


def head(root: Path) -> str:
    return subprocess.run(
        ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()


def origin(profile: Profile, checkpoint: Path) -> Provenance:
    return collect_provenance(profile, data_digest="b" * 64, checkpoints={"PSPNet": checkpoint})


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    file = tmp_path / "best.pt"
    file.write_bytes(b"abc")
    return file


def test_the_origin_names_profile_data_and_checkpoint(checkpoint: Path) -> None:
    found = origin(load_profile("smoke"), checkpoint)
    assert (found.profile, found.data_digest, found.checkpoints) == ("smoke", "b" * 64, {"PSPNet": ABC})


def test_an_override_changes_the_profiles_digest(checkpoint: Path) -> None:
    plain, again, changed = (
        origin(load_profile("smoke", overrides), checkpoint).profile_digest
        for overrides in ([], [], ["model.n_clusters=7"])
    )
    assert plain == again != changed


def test_the_origin_is_one_line_of_json_in_a_fixed_order(provenance: Provenance) -> None:
    text = provenance.to_json()
    assert "\n" not in text
    assert text == json.dumps(json.loads(text), sort_keys=True)


def test_a_clean_tree_gives_its_commit(project: Path) -> None:
    assert current_commit() == head(project)


@pytest.mark.parametrize("name", ["code.py", "new.py"])
def test_a_changed_or_new_file_is_told(project: Path, name: str) -> None:
    (project / name).write_text("2")
    assert current_commit() == f"{head(project)}-dirty"


def test_the_figures_themselves_do_not_make_the_tree_dirty(project: Path) -> None:
    (project / "figures" / "a.png").write_text("2")
    (project / "figures" / "b.png").write_text("2")
    assert current_commit() == head(project)


def test_outside_of_git_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(module, "PROJECT", tmp_path)
    assert current_commit() == "unknown"


def test_without_git_installed_the_commit_is_unknown(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert current_commit() == "unknown"
