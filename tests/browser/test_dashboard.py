"""The inspector without a notebook around it, as `make dashboard` serves it."""

from pathlib import Path

import pytest

from tests.browser.driver import browser, serve_dashboard
from tests.browser.test_inspector import FIRST_K, write_notebook
from tests.browser.widget import move_k, pixels, wait_drawn

pytestmark = pytest.mark.browser


def test_the_dashboard_shows_the_widget_alone_and_only_with_the_token(tmp_path: Path):
    write_notebook(tmp_path / "inspector.ipynb")
    with browser() as (page, errors), serve_dashboard(tmp_path / "inspector.ipynb") as server:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{server.address}/?token=guessed")
        assert "/login" in page.url
        assert page.locator(".ci").count() == 0
        asked.clear()  # the page for logging in is Jupyter's
        page.goto(server.url(""))
        wait_drawn(page, 90)
        before = pixels(page)
        assert before[..., :3].std() > 10
        assert move_k(page, "ArrowRight") == FIRST_K + 1
        assert (pixels(page) != before).any()
        assert "ClusterInspector(" not in page.inner_text("body")
        assert errors == []
        assert [url for url in asked if url.startswith("http") and not url.startswith(server.address)] == []
