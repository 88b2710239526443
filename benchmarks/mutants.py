"""Which changes of the code do the tests not notice? `python benchmarks/mutants.py [FILE ...]`

Every file is changed in one place at a time (a comparison, a number, a dropped keyword or statement, ...), and those of
its room's tests that run the changed line are run, the quickest first, until one fails. What survives is equivalent, or
shows what no test looks at. Writes benchmarks/mutants.json; what was killed is kept in build/mutants/ and not tried
again, what survived is.

Needs coverage (the extra "benchmark") and fork. Changes lie in memory alone: files stay as they are, and tests that
start a Python of their own see them unchanged. Not changed are texts, annotations and all but the first of chained
comparisons.
"""

import argparse
import ast
import copy
import hashlib
import importlib.machinery
import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import pytest

PROJECT = Path(__file__).resolve().parent.parent
KEPT = PROJECT / "build" / "mutants"
LAYERS = ("tests/models/test_clusternet.py", "tests/models/test_cluster_layer.py")
ROOMS = {
    "thesis_lib/clustering": ("tests/clustering", "tests/models/test_cluster_layer.py"),
    "thesis_lib/models/clusternet.py": LAYERS,
    "thesis_lib/models/cluster_layer.py": LAYERS,
    "thesis_lib/experiments/scores.py": ("tests/experiments/test_scores.py", "tests/experiments/test_evaluation.py"),
    "thesis_lib/data/labels.py": ("tests/data",),
}
"""What is changed, and the tests that have to notice."""
OPTIONS = ["-q", "-m", "not full and not browser", "-p", "no:cacheprovider", "--no-header", "-W", "ignore"]
SLACK = 40
"""Seconds that a child may take beyond five times its tests'."""

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


class Mutant(NamedTuple):
    """One change: of the `node`-th node of `ast.walk`, told in words."""

    line: int
    what: str
    node: int
    change: Callable[[Any], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="from the project's root (all files of all rooms)")
    parser.add_argument("--share", type=float, default=1.0, help="of the mutants, drawn by chance")
    parser.add_argument("--dearest", type=float, default=5.0, help="seconds: slower tests are left out")
    given = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # read by what is imported below
    os.chdir(PROJECT)
    sys.path.insert(0, str(PROJECT))
    for module in ("torch", "torchvision", "sklearn.cluster", "scipy.sparse.linalg", "cv2", "timm"):
        importlib.import_module(module)  # once, before the forks
    KEPT.mkdir(parents=True, exist_ok=True)
    for room, tests in ROOMS.items():
        files = sorted(Path(room).glob("*.py")) if Path(room).is_dir() else [Path(room)]
        chosen = [file for file in files if not given.files or str(file) in given.files]
        if chosen:
            known = trace(room, tests)
            for file in chosen:
                try_mutants(file, known, given.share, given.dearest)


def trace(room: str, tests: tuple[str, ...]) -> dict[str, Any]:
    """Run a room's tests once: {"times": seconds of each, "lines": file -> line -> the tests that run it}."""
    written = [
        file for test in tests for file in sorted(Path(test).rglob("*.py") if Path(test).is_dir() else [Path(test)])
    ]
    file = KEPT / f"{Path(room).stem}-{digest(*written)}.json"
    if not file.exists():
        cover = coverage.Coverage(data_file=None, include=[f"{PROJECT / room}{'/*' if Path(room).is_dir() else ''}"])
        watch = Traced(cover)

        def work() -> dict[str, Any]:
            cover.start()
            code = pytest.main([*OPTIONS, *tests], plugins=[watch])
            cover.stop()
            data = cover.get_data()
            lines = {str(Path(one).relative_to(PROJECT)): data.contexts_by_lineno(one) for one in data.measured_files()}
            return {"code": int(code), "times": watch.times, "lines": lines}

        found = in_child(work, 3600)
        if found["code"] != 0:
            raise SystemExit(f"the tests of {room} do not pass as they are: {found['code']}")
        file.write_text(json.dumps(found), encoding="utf-8")
    return json.loads(file.read_text(encoding="utf-8"))


class Traced:
    """The seconds of each test, and the test that coverage's lines belong to."""

    def __init__(self, cover: coverage.Coverage | None = None) -> None:
        self.cover, self.times = cover, dict[str, float]()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if self.cover is not None:
            self.cover.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.times[report.nodeid] = self.times.get(report.nodeid, 0.0) + report.duration


class Chosen:
    """Only the tests that are named, the quickest first."""

    def __init__(self, times: dict[str, float]) -> None:
        self.times = times

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((one for one in items if one.nodeid in self.times), key=lambda one: self.times[one.nodeid])


def try_mutants(file: Path, known: dict[str, Any], share: float, dearest: float) -> None:
    """Try all that were not tried before, and write what the file's tests say of them."""
    source = file.read_text(encoding="utf-8")
    tree, lines = ast.parse(source), source.splitlines()
    kept = KEPT / f"{file.stem}-{digest(file)}.jsonl"
    kept.touch()
    dead = {key for key, verdict in verdicts(kept).items() if verdict != "survived"}
    draw = random.Random(1)
    for mutant in [one for one in mutants(tree) if draw.random() < share]:
        key = f"{lines[mutant.line - 1].strip()} | {mutant.what} | {mutant.node}"
        if key in dead:
            continue
        times = tests_of(mutant, tree, known["lines"].get(str(file), {}), known["times"], dearest)
        verdict = "survived" if not times else run_mutant(file, changed(tree, mutant), times)
        with kept.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"key": key, "verdict": verdict}) + "\n")
        if verdict == "survived":
            print(f"{file}:{mutant.line}: {mutant.what}", flush=True)
    write_results(file, kept)


def write_results(file: Path, kept: Path) -> None:
    """The file's counts and survivors, beside those of the others."""
    results = PROJECT / "benchmarks" / "mutants.json"
    whole = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    found = verdicts(kept)
    counts = {verdict: list(found.values()).count(verdict) for verdict in ("killed", "timeout", "survived")}
    alive = [key.rpartition(" | ")[0] for key, verdict in found.items() if verdict == "survived"]
    whole[str(file)] = counts | {"survivors": alive}
    results.write_text(json.dumps(dict(sorted(whole.items())), indent=1) + "\n", encoding="utf-8")
    print(f"{file}: {counts}", flush=True)


def verdicts(kept: Path) -> dict[str, str]:
    """What became of every mutant, when it was last tried."""
    rows = [json.loads(one) for one in kept.read_text(encoding="utf-8").splitlines()]
    return {row["key"]: row["verdict"] for row in rows}


def digest(*files: Path) -> str:
    """Of files' bytes, short."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


def tests_of(
    mutant: Mutant, tree: ast.Module, lines: dict[str, list[str]], times: dict[str, float], dearest: float
) -> dict[str, float]:
    """The tests that run a mutant's statement, with their seconds; of a line that runs at import alone, all."""
    statements = [
        node for node in ast.walk(tree) if isinstance(node, ast.stmt) and first_of(node) <= mutant.line <= last_of(node)
    ]
    smallest = min(statements, key=lambda node: last_of(node) - first_of(node))
    last = mutant.line if hasattr(smallest, "body") else last_of(smallest)
    found = {test for line in range(smallest.lineno, last + 1) for test in lines.get(str(line), []) if test}
    found = found or {test for tests in lines.values() for test in tests if test} or set(times)
    return {test: times[test] for test in found if times.get(test, 0.0) <= dearest}


def first_of(node: ast.stmt) -> int:
    """Its first line, that of a decorator if it has one."""
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])


def last_of(node: ast.stmt) -> int:
    """Its last line."""
    return node.end_lineno or node.lineno


def run_mutant(file: Path, tree: ast.Module, times: dict[str, float]) -> str:
    """Run tests with a changed file: "killed", "timeout" or "survived"."""
    target, load = PROJECT / file, importlib.machinery.SourceFileLoader.get_code

    def get_code(self: Any, name: str) -> Any:
        path = self.get_filename(name)
        return compile(tree, path, "exec") if Path(path).resolve() == target else load(self, name)

    def work() -> dict[str, Any]:
        importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
        files = sorted({test.partition("::")[0] for test in times})
        return {"code": int(pytest.main([*OPTIONS, "-x", *files], plugins=[Chosen(times)]))}

    code = in_child(work, 5 * sum(times.values()) + SLACK)["code"]
    return "timeout" if code == "timeout" else "survived" if code in (0, 5) else "killed"


def in_child(work: Callable[[], dict[str, Any]], seconds: float) -> dict[str, Any]:
    """What a forked process finds, or {"code": "timeout"}, or {"code": "died"}."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        try:
            found = work()
        except BaseException as error:
            found = {"code": repr(error)}
        with os.fdopen(writer, "w") as pipe:
            json.dump(found, pipe)
        os._exit(0)
    os.close(writer)
    text, end = b"", time.monotonic() + seconds
    while select.select([reader], [], [], max(0.0, end - time.monotonic()))[0]:
        part = os.read(reader, 2**16)
        if not part:
            break
        text += part
    else:
        text = b'{"code": "timeout"}'
    os.close(reader)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(text or b'{"code": "died"}')


def changed(tree: ast.Module, mutant: Mutant) -> ast.Module:
    """A copy with one change."""
    copied = copy.deepcopy(tree)
    mutant.change(list(ast.walk(copied))[mutant.node])
    return ast.fix_missing_locations(copied)


def mutants(tree: ast.Module) -> list[Mutant]:
    """All changes of a file, from its first line to its last."""
    nodes = list(ast.walk(tree))
    annotations: set[int] = set()
    for node in nodes:
        for field in ("annotation", "returns"):
            if (annotation := getattr(node, field, None)) is not None:
                annotations.update(id(one) for one in ast.walk(annotation))
    found = [
        Mutant(line, what, number, change)
        for number, node in enumerate(nodes)
        if id(node) not in annotations
        for line, what, change in changes(node)
    ]
    return sorted(found, key=lambda mutant: mutant.line)


def changes(node: ast.AST) -> Iterator[tuple[int, str, Callable[[Any], None]]]:
    """(line, words, what changes a copy of the node) of all that can be changed in one node alone."""
    if isinstance(node, ast.Compare):
        for new in COMPARISONS.get(type(node.ops[0]), ()):
            words = f"{type(node.ops[0]).__name__} -> {new.__name__}"
            yield node.lineno, words, lambda one, new=new: one.ops.__setitem__(0, new())
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and (operator := ARITHMETIC.get(type(node.op))):
        words = f"{type(node.op).__name__} -> {operator.__name__}"
        yield node.lineno, words, lambda one: setattr(one, "op", operator())
    if isinstance(node, ast.BoolOp):
        other = ast.And if isinstance(node.op, ast.Or) else ast.Or
        yield node.lineno, f"-> {other.__name__}", lambda one: setattr(one, "op", other())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.lineno, "minus dropped", lambda one: setattr(one, "op", ast.UAdd())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.lineno, "not dropped", lambda one: setattr(one, "operand", ast.UnaryOp(ast.Not(), one.operand))
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        old = node.value
        value = not old if isinstance(old, bool) else old + 1 if isinstance(old, int) else 2 * old or 1.0
        yield node.lineno, f"{old} -> {value}", lambda one: setattr(one, "value", value)
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        for always in (True, False)[isinstance(node, ast.While) :]:
            words = f"condition -> {always}"
            yield node.test.lineno, words, lambda one, always=always: setattr(one, "test", ast.Constant(always))
    if isinstance(node, ast.Return) and node.value is not None:
        yield node.lineno, "returns None", lambda one: setattr(one, "value", ast.Constant(None))
    if isinstance(node, ast.Call):
        for number, keyword in enumerate(node.keywords):
            if keyword.arg:
                words = f"{keyword.arg}= dropped"
                yield keyword.value.lineno, words, lambda one, number=number: one.keywords.pop(number)
    if isinstance(node, (ast.FunctionDef, ast.If, ast.For, ast.While, ast.With)):
        for number, statement in enumerate(node.body):
            text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if isinstance(statement, (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise)) and not text:
                words = "statement dropped"
                yield statement.lineno, words, lambda one, number=number: one.body.__setitem__(number, ast.Pass())


if __name__ == "__main__":
    main()
