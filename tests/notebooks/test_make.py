"""The Makefile: what runs again after what, whatever the project's folder is called; with a stand-in for Python."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.pipeline.project import Project, copy_project
from thesis_lib.paths import NOTEBOOKS

STAND_IN = """
import json, os, sys
from pathlib import Path
with open(os.environ["ASKED"], "a") as asked:
    asked.write(json.dumps(sys.argv[1:]) + "\\n")
given = sys.argv[1:]
if given[0] == "notebooks/run.py":
    target = Path("build") / given[given.index("profile") + 1] / "notebooks" / f"{given[1]}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("")
elif given[:3] == ["-m", "thesis_lib.experiments", "data"]:
    if given[given.index("--set") + 1] == "training.epoch=1":
        sys.exit("training.epoch is not a key of a profile")
    output = Path(given[given.index("--output") + 1])
    lines = Path("notebooks/profiles", given[3] + ".toml").read_text().splitlines()
    values = " ".join(line.partition("#")[0].strip() for line in lines).strip() + given[given.index("--set") + 1]
    output.parent.mkdir(parents=True, exist_ok=True)
    for file, text in ((output, os.environ.get("IMAGES", "")), (output.with_name("values.json"), values)):
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
"""
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("0[1-6]*.ipynb"))
ALL = ("01", "02", "03", "04", "05", "06")
STRANGE = "it's a $HOME (of) [all] {sorts} & more; #1 é"


class Asked:
    """A copy of the project whose Python only notes what it is asked."""

    def __init__(self, folder: Path, name: str) -> None:
        self.project = copy_project(folder / name)
        self.notes = folder / "asked"
        (folder / "python.py").write_text(STAND_IN)
        self.python = f"PYTHON={sys.executable} {folder / 'python.py'}"

    def make(self, *arguments: str, **variables: str) -> list[list[str]]:
        """What Python was asked by a `make` that must succeed."""
        self.notes.write_text("")
        command = ("make", "--old-file=.venv/ready", self.python, *arguments)
        done = self.project.run(*command, ASKED=str(self.notes), **variables)
        assert done.returncode == 0, done.stderr
        self.said = done.stdout
        return [json.loads(line) for line in self.notes.read_text().splitlines()]

    def notebooks(self, *arguments: str, **variables: str) -> tuple[str, ...]:
        """The notebooks that `make figures` runs."""
        asked = self.make("figures", *arguments, **variables)
        return tuple(one[1][:2] for one in asked if one[0] == "notebooks/run.py")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    made = Asked(tmp_path_factory.mktemp("make"), STRANGE)
    assert made.notebooks() == ALL
    return made


def change(project: Project, name: str) -> None:
    with (project.root / name).open("a") as file:
        file.write("# changed\n")


def test_a_newer_file_of_the_same_content_changes_nothing(asked: Asked) -> None:
    for path in asked.project.root.rglob("*"):
        if path.is_file() and not path.is_relative_to(asked.project.root / "build"):
            os.utime(path)
    assert asked.make("figures") == []
    assert asked.said == "figures/demo/ is up to date\n"


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ("README.md", ()),
        ("notebooks/profiles/smoke.toml", ()),
        ("notebooks/profiles/demo.toml", ()),  # a comment
        ("streets/src/streets/paint/__init__.py", ()),  # the same images
        ("notebooks/01_data_exploration.ipynb", ("01", "06")),
        ("notebooks/04_evaluation.ipynb", ("04", "06")),
        ("notebooks/06_figures.ipynb", ("06",)),
        ("thesis_lib/views/style.py", ("06",)),
        ("thesis_lib/clustering/kmeans.py", ("02", "03", "04", "05", "06")),
        ("thesis_lib/models/pspnet.py", ("02", "03", "04", "05", "06")),
        ("thesis_lib/experiments/study.py", ("02", "03", "04", "05", "06")),
        ("thesis_lib/data/labels.py", ALL),
    ],
)
def test_a_change_runs_again_what_depends_on_it_and_nothing_else(
    asked: Asked, changed: str, again: tuple[str, ...]
) -> None:
    change(asked.project, changed)
    assert asked.notebooks() == again
    assert asked.notebooks() == ()


def test_other_images_are_another_run(asked: Asked) -> None:
    change(asked.project, "streets/src/streets/paint/__init__.py")
    assert asked.notebooks(IMAGES="other") == ALL


def test_another_value_of_the_profile_is_another_run(asked: Asked) -> None:
    profile = asked.project.root / "notebooks" / "profiles" / "demo.toml"
    changed = re.sub(r"\nepochs = \d+", r"\nepochs = 1234", profile.read_text(), count=1)
    profile.write_text(changed)
    assert asked.notebooks() == ALL


def test_other_values_are_another_run_and_come_as_they_were_typed(asked: Asked) -> None:
    given = """model.backbone="resnet18" data.root="it's \\n there, $HOME `x`;" """.replace("$", "$$")
    assert asked.notebooks(f"SET={given}") == ALL
    assert asked.notebooks(f"SET={given}") == ()
    typed = given.replace("$$", "$")
    for one in asked.make("figures", "SET=") + asked.make("figures", f"SET={given}"):
        text = one[one.index("overrides" if "overrides" in one else "--set") + 1]
        assert text in ("", typed)


def test_a_slip_of_the_pen_loses_nothing(asked: Asked) -> None:
    asked.make("figures")
    done = asked.project.run(
        "make", "--old-file=.venv/ready", asked.python, "figures", "SET=training.epoch=1", ASKED=str(asked.notes)
    )
    assert done.returncode != 0
    assert "training.epoch is not a key" in done.stderr
    planned = asked.project.run("make", "--dry-run", "--old-file=.venv/ready", asked.python, "figures")
    assert "run.py" not in planned.stdout, planned.stdout
    assert asked.project.planned("PROFILE=demo", "SET=training.epochs=1") == [*NAMES]
    assert asked.make("figures") == []


def test_a_word_asks_for_new_trainings_and_the_earlier_are_kept_aside(asked: Asked) -> None:
    asked.make("figures")
    run = asked.project.root / "build" / "demo"
    for name in ("pretrained", "pretrained-1a2b3c4d", "study/pspnet-0"):
        (run / name).mkdir(parents=True, exist_ok=True)
        (run / name / "last.pt").write_text(name)
    assert asked.notebooks("FRESH=1") == ("03", "04", "05", "06")
    assert not list(run.glob("pretrained*")) + list(run.glob("study"))
    kept = sorted(path.read_text() for path in (run / "earlier").rglob("last.pt"))
    assert kept == ["pretrained", "pretrained-1a2b3c4d", "study/pspnet-0"]
    assert asked.notebooks() == ()


def test_nothing_else_touches_trainings(asked: Asked) -> None:
    kept = asked.project.root / "build" / "demo" / "pretrained" / "last.pt"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("hours of eight GPUs")
    change(asked.project, "thesis_lib/models/pspnet.py")
    asked.make("figures", "SET=training.epochs=3")
    for arguments in (("train", "NPROC=8"), ("train", "MODEL=pretrained", "RESUME=1"), ("data",), ("figures",)):
        assert not [one for one in asked.make(*arguments) if "--no-resume" in one]
    assert kept.read_text() == "hours of eight GPUs"


@pytest.mark.parametrize("target", ["data", "figures", "train", "lab", "dashboard", "test", "clean", "help"])
def test_every_target_works_in_a_folder_of_any_name(asked: Asked, target: str) -> None:
    asked.make(target, "MODEL=it's", "ARCHIVES=/some where/it's")
    for one in asked.make("-B", target, "MODEL=it's", "ARCHIVES=/some where/it's"):
        if "--archives" in one:
            assert one[one.index("--archives") + 1] == "/some where/it's"
        if "--model" in one:
            assert one[one.index("--model") + 1] == "it's"


def test_python_is_that_of_the_project_alone(tmp_path: Path, asked: Asked) -> None:
    """Variables that lead elsewhere are taken back before anything is started."""
    look = tmp_path / "look.py"
    look.write_text("import json, os, sys; json.dump(dict(os.environ), open(sys.argv[-1], 'w'))")
    names = ("PYTHONHOME", "PYTHONSTARTUP", "PYTHONOPTIMIZE", "MPLBACKEND", "MATPLOTLIBRC", "JUPYTER_PATH")
    done = asked.project.run(
        "make",
        "--old-file=.venv/ready",
        f"PYTHON={sys.executable} -E {look} {tmp_path / 'seen'} ;:",
        "lab",
        **dict.fromkeys([*names, "PYTHONPATH"], "/elsewhere"),
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads((tmp_path / "seen").read_text())
    assert not {name for name in names if "elsewhere" in seen.get(name, "")}
    assert seen["PYTHONPATH"] == f"{asked.project.root}:{asked.project.root}/streets/src"
    assert seen["JUPYTER_PREFER_ENV_PATH"] == "1"


@pytest.mark.parametrize(
    "profile", ["", "a b", "..", "../other", "a/b", ".", "/", "it's", "a;b", "a%", "$$(x)", "`x`", "#"]
)
@pytest.mark.parametrize("target", ["clean", "figures"])
def test_a_name_that_leads_elsewhere_removes_nothing(asked: Asked, profile: str, target: str) -> None:
    done = asked.project.run("make", target, f"PROFILE={profile}")
    assert done.returncode != 0
    assert "PROFILE is the name of a file" in done.stderr
    assert (asked.project.root / "Makefile").is_file()
    assert (asked.project.root / "build").is_dir()
