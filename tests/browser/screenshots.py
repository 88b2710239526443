"""The pictures of the inspector in the README: `python -m tests.browser.screenshots`, after `make figures`."""

import time
from typing import Any

from tests.browser.driver import browser, open_notebook, run_all, serve_lab
from thesis_lib.paths import FIGURES, NOTEBOOKS

OUTPUT = ".jp-OutputArea-output:has(.ci)"


def main() -> None:
    """Write figures/inspector/*.png, in JupyterLab's light theme and in its dark one."""
    folder = FIGURES / "inspector"
    folder.mkdir(parents=True, exist_ok=True)
    with serve_lab(NOTEBOOKS) as server:
        for dark in (False, True):
            with browser(1500, 2200, dark=dark) as (page, errors):
                theme = "dark" if dark else "light"
                open_notebook(page, server.url("lab/tree/07_inspector.ipynb"))
                page.keyboard.press("Control+b")  # without the list of files
                run_all(page)
                page.wait_for_selector(".ci-main canvas", timeout=120_000)
                wait_until_idle(page)
                page.evaluate("() => { document.querySelector('.ci-main canvas').focus(); }")
                for _ in range(8):
                    page.keyboard.press("ArrowRight")
                shoot(page, folder / f"overview_{theme}.png")
                click(page, 0.5, 0.75)
                shoot(page, folder / f"pixel_{theme}.png")
                if not dark:
                    page.keyboard.press("Escape")
                    others(page, folder)
                assert not errors, errors


def others(page: Any, folder: Any) -> None:
    """Channels, and two pictures clustered jointly."""
    choose(page, "axis", "channels")
    box = page.locator(".ci-gallery canvas").bounding_box()
    page.mouse.click(box["x"] + 40, box["y"] + 40)
    shoot(page, folder / "channels.png")
    choose(page, "axis", "pixels")
    page.click("button:has-text('compare')")
    wait_until_idle(page)
    page.locator("button:has-text('▶')").last.click()
    wait_until_idle(page)
    page.click("text=clustered jointly")
    wait_until_idle(page)
    click(page, 0.5, 0.75)
    shoot(page, folder / "jointly.png")


def choose(page: Any, name: str, value: str) -> None:
    """An option of a drop-down list."""
    page.locator(f".widget-dropdown:has(label:text-is('{name}')) select").first.select_option(value)
    wait_until_idle(page)


def click(page: Any, across: float, down: float) -> None:
    """On the first picture, in shares of its sides."""
    box = page.locator(".ci-main canvas").first.bounding_box()
    page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])


def wait_until_idle(page: Any) -> None:
    """Until everything is computed and drawn."""
    time.sleep(1)
    end = time.monotonic() + 120
    while not all("first clusters after" in text for text in page.locator(".ci-status").all_inner_texts()):
        assert time.monotonic() < end
        time.sleep(0.3)
    time.sleep(1)


def shoot(page: Any, path: Any) -> None:
    """The widget alone."""
    time.sleep(1)
    page.locator(OUTPUT).first.screenshot(path=path)


if __name__ == "__main__":
    main()
