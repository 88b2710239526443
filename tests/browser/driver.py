"""JupyterLab and Voila on 127.0.0.1, and a browser that uses it as a reader would."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
BIN = Path(sys.executable).parent
NOTEBOOK = ".jp-NotebookPanel:not(.lm-mod-hidden)"
SETTINGS = {"@jupyterlab/apputils-extension:themes": {"adaptive-theme": True}}
"""JupyterLab is dark where the browser is."""
PAGE = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
STARTED = (
    "(notebook) => [...document.querySelectorAll(`${notebook} .jp-InputPrompt`)]"
    ".some((prompt) => /\\[[*\\d]/.test(prompt.innerText))"
)
"""Whether a cell is running, or has run."""
ATTEMPTS = 3
TEMPLATES = Path(__file__).parents[2] / "notebooks" / "dashboard"
"""Of Voila: its own waits for icons from a CDN, for good where that does not answer."""


@dataclass(frozen=True)
class Server:
    """Where something is served, and the token that it asks for."""

    address: str
    token: str

    def url(self, path: str) -> str:
        """Of a page, with the token; a notebook's is "lab/tree/<file>"."""
        return f"{self.address}/{path}?token={self.token}"


class Browser(NamedTuple):
    """A page, and what went wrong in it: uncaught exceptions and errors on its console."""

    page: "Page"
    errors: list[str]


@contextmanager
def serve_lab(root: Path) -> Iterator[Server]:
    """JupyterLab on the notebooks of a folder, with settings of its own."""
    command = [str(BIN / "jupyter-lab"), "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.root_dir={root}", "--ServerApp.port_retries=0"]
    with _serve(command, "--ServerApp.port={}", "--IdentityProvider.token={}", root) as server:
        yield server


@contextmanager
def serve_dashboard(notebook: Path) -> Iterator[Server]:
    """What `make dashboard` serves: what a notebook shows, without its cells. Its page is the address itself."""
    if not (BIN / "voila").exists():
        pytest.skip("voila is not installed")
    command = [str(BIN / "voila"), notebook.name, "--no-browser", "--Voila.ip=127.0.0.1", "--Voila.port_retries=0"]
    command += ["--VoilaExporter.exclude_markdown=True", "--template=local"]
    command += ["--MappingKernelManager.cull_idle_timeout=300", "--MappingKernelManager.cull_interval=30"]
    with _serve(command, "--port={}", "--token={}", notebook.parent) as server:
        yield server


@contextmanager
def _serve(command: list[str], port_option: str, token_option: str, cwd: Path) -> Iterator[Server]:
    port, token = _free_port(), secrets.token_hex(16)
    with TemporaryDirectory(prefix="jupyter-", ignore_cleanup_errors=True) as home:
        log = Path(home, "log")
        with log.open("w") as output:
            options = [port_option.format(port), token_option.format(token)]
            process = subprocess.Popen(
                [*command, *options], env=_environment(Path(home)), cwd=cwd, stdout=output, stderr=output
            )
            try:
                _wait_for(f"http://127.0.0.1:{port}/", process, log)
                yield Server(f"http://127.0.0.1:{port}", token)
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _environment(home: Path) -> dict[str, str]:
    """The user's own settings, workspaces and kernels play no part."""
    config = home / "config" / "labconfig"
    config.mkdir(parents=True)
    (config / "default_setting_overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    (config / "page_config.json").write_text(json.dumps(PAGE), encoding="utf-8")
    names = ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTERLAB_SETTINGS_DIR")
    own = {name: str(home / name.lower()) for name in (*names, "JUPYTERLAB_WORKSPACES_DIR")}
    own["JUPYTER_PATH"] = str(TEMPLATES)
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **own, "JUPYTER_CONFIG_DIR": str(config.parent), "PATH": path}


def _wait_for(address: str, process: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except urllib.error.HTTPError:
            return  # it answers, if only that it wants a token
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{address} does not answer:\n{log.read_text()[-3000:]}")


def find_chromium() -> str:
    """The browser of this machine. Without one a test is skipped, or fails where REQUIRE_BROWSER is set, as nightly."""
    for name in CHROMIUMS:
        if program := shutil.which(name):
            return program
    missing = f"no browser: none of {', '.join(CHROMIUMS)} is on the PATH. To get one: apt install chromium"
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


@contextmanager
def browser(width: int = 1400, height: int = 1600, *, dark: bool = False) -> Iterator[Browser]:
    """Chromium without a window, with one page; see `find_chromium`."""
    program = find_chromium()
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=FLAGS)
        scheme = "dark" if dark else "light"
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        page = context.new_page()
        errors: list[str] = []
        listen(page, errors)
        try:
            yield Browser(page, errors)
        finally:
            chromium.close()


def listen(page: "Page", errors: list[str]) -> None:
    """Write down what goes wrong in a page."""
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)


def open_notebook(page: "Page", url: str) -> None:
    """Until its kernel is idle; again where the kernel's websocket is refused, as it sometimes is."""
    from playwright.sync_api import Error

    for attempt in range(ATTEMPTS):
        try:
            page.goto(f"{url}&reset", wait_until="domcontentloaded")
            page.wait_for_selector(f"{NOTEBOOK} .jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=30_000)
            return
        except Error:
            if attempt == ATTEMPTS - 1:
                raise


def run_all(page: "Page") -> None:
    """Every cell of the notebook that is open, by the menu; again where the kernel never heard of it."""
    from playwright.sync_api import TimeoutError

    for attempt in range(ATTEMPTS):
        choose_menu(page, "Run", "Run All Cells")
        try:
            page.wait_for_function(STARTED, arg=NOTEBOOK, timeout=8_000)
            return
        except TimeoutError:
            if attempt == ATTEMPTS - 1:
                raise


def choose_menu(page: "Page", menu: str, item: str) -> None:
    """An item of JupyterLab's menu bar."""
    page.click(f"li.lm-MenuBar-item:has-text('{menu}')")
    page.click(f"li.lm-Menu-item:has-text('{item}') >> nth=0")
