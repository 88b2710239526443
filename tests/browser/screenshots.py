"""The pictures of the inspector in the README: `python -m tests.browser.screenshots`, after `make figures`."""

import time
from typing import Any

from tests.browser.driver import browser, open_notebook, run_all, serve_lab
from tests.browser.widget import point, select, wait_drawn
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
                settle(page)
                page.evaluate("() => { document.querySelector('.ci-main canvas').focus(); }")
                for _ in range(8):
                    page.keyboard.press("ArrowRight")
                shoot(page, folder / f"overview_{theme}.png")
                page.mouse.click(*point(page, 0.5, 0.75))
                shoot(page, folder / f"pixel_{theme}.png")
                if not dark:
                    page.keyboard.press("Escape")
                    others(page, folder)
                assert not errors, errors


def others(page: Any, folder: Any) -> None:
    """Channels, and two pictures clustered jointly."""
    select(page, "axis", "channels")
    settle(page)
    page.mouse.click(*point(page, 0.1, 0.1, ".ci-gallery canvas"))
    shoot(page, folder / "channels.png")
    select(page, "axis", "pixels")
    settle(page)
    page.click("button:has-text('compare')")
    settle(page)
    page.locator("button:has-text('▶')").last.click()
    settle(page)
    page.click("text=clustered jointly")
    settle(page)
    page.mouse.click(*point(page, 0.5, 0.75))
    shoot(page, folder / "jointly.png")


def settle(page: Any) -> None:
    """Until everything is computed and drawn, after a choice that has had its time to begin."""
    time.sleep(1)
    wait_drawn(page, 120)


def shoot(page: Any, path: Any) -> None:
    """The widget alone."""
    time.sleep(1)
    page.locator(OUTPUT).first.screenshot(path=path)


if __name__ == "__main__":
    main()
