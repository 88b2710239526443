"""The inspector in JupyterLab, used by mouse and keyboard. What is seen is judged by pixels and texts."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import nbformat
import numpy as np
import pytest
from PIL import Image

from tests.browser.driver import NOTEBOOK, Server, browser, choose_menu, listen, open_notebook, run_all, serve_lab
from tests.browser.widget import (
    AFFINITY,
    MAIN,
    SCATTER,
    SIDE,
    cells,
    changed,
    chosen,
    contrast,
    drop,
    k_of,
    move_k,
    pixels,
    point,
    select,
    slide,
    swatches,
    until,
    wait_drawn,
)
from tests.views.inspector.samples import encoded
from thesis_lib.paths import PROJECT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

GRID = (8, 16)
"""Blocks of a picture, and cells of layer 4."""
FIRST_K = 6
COLORS = [[220, 60, 50], [60, 200, 80], [60, 90, 220], [230, 210, 60], [90, 210, 220], [200, 90, 210]]
SETUP = f"""
import sys
sys.path.insert(0, {str(PROJECT)!r})
from functools import partial
from pathlib import Path
from tests.browser.test_inspector import blocks
from tests.views.inspector.samples import Averages
from thesis_lib.views import ClusterInspector
from thesis_lib.views.inspector.controls import panel
panel.export = partial(panel.export, folder=Path("exports"))
"""
SHOW = f"""
inspector = ClusterInspector(Averages(), [blocks(0), blocks(1)], size=(64, 128), k={FIRST_K})
inspector
"""


class Lab(NamedTuple):
    """JupyterLab with the inspector in it."""

    server: Server
    folder: Path
    page: "Page"
    errors: list[str]


def blocks(seed: int) -> np.ndarray:
    """(64, 128, 3): 8 x 16 blocks, each in one of six colours, a little noisy; equal ones lie together."""
    rng = np.random.default_rng(seed)
    colors = rng.permutation(np.array(COLORS))
    kinds = np.kron(np.arange(6).reshape(2, 3), np.ones((4, 6), int))[:, : GRID[1]]
    small = colors[kinds] + rng.integers(-12, 13, (*GRID, 3))
    return cv2.resize(small.clip(0, 255).astype(np.uint8), (128, 64), interpolation=cv2.INTER_NEAREST)


def write_notebook(file: Path) -> None:
    """With the inspector in its last cell."""
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in (SETUP, SHOW)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), file)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    write_notebook(folder / "one.ipynb")
    write_notebook(folder / "other.ipynb")
    with browser() as (page, errors), serve_lab(folder) as server:
        open_notebook(page, server.url("lab/tree/one.ipynb"))
        run_all(page)
        page.wait_for_selector(MAIN, timeout=60_000)
        yield Lab(server, folder, page, errors)


@pytest.fixture
def page(lab: Lab) -> "Iterator[Page]":
    """With a new inspector, of which everything is drawn; nothing may go wrong in the browser meanwhile."""
    lab.errors.clear()
    lab.page.emulate_media(color_scheme="light")
    renew(lab.page)
    yield lab.page
    assert lab.errors == []


def renew(page: "Page") -> None:
    """Run the last cell again."""
    page.evaluate("document.querySelector('.ci')?.classList.replace('ci', 'old')")
    page.locator(f"{NOTEBOOK} .jp-CodeCell .cm-content").nth(1).click()
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".old", state="detached")
    page.wait_for_selector(MAIN)
    wait_drawn(page)


def hover(page: "Page", row: int, column: int) -> str:
    """Over a cell; what is told of it."""
    page.mouse.move(*point(page, (column + 0.5) / GRID[1], (row + 0.5) / GRID[0]))
    page.wait_for_timeout(50)
    return page.inner_text(".ci-readout")


def cluster_at(page: "Page", row: int, column: int) -> int:
    return int(hover(page, row, column).partition("cluster ")[2].split(" ")[0])


def click(page: "Page", row: int, column: int, **options) -> None:
    before = pixels(page)
    where = point(page, (column + 0.5) / GRID[1], (row + 0.5) / GRID[0])
    for key in options.get("held", []):
        page.keyboard.down(key)
    page.mouse.click(*where)
    for key in options.get("held", []):
        page.keyboard.up(key)
    changed(page, before)


def stands_out(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(8, 16) bool: the cells that did not become darker; every other one must have."""
    old, new = cells(before, GRID).sum(-1), cells(after, GRID).sum(-1)
    same = np.abs(new - old) <= 6
    assert (same | (new < 0.8 * old)).all()
    return same


# --- k ---------------------------------------------------------------------------------------------------------------


def test_an_arrow_on_the_slider_shows_the_next_k(page):
    before = pixels(page)
    assert k_of(page) == FIRST_K
    assert move_k(page, "ArrowRight") == FIRST_K + 1
    assert (pixels(page) != before).any()
    assert len(swatches(page)) == FIRST_K + 1


def test_sixty_fast_presses_end_on_the_last_picture(page):
    assert move_k(page, *["ArrowRight"] * 60) == FIRST_K + 60
    fast = pixels(page)
    move_k(page, "ArrowLeft")
    page.wait_for_timeout(500)
    assert (pixels(page) != fast).any()
    assert move_k(page, "ArrowRight") == FIRST_K + 60
    assert (pixels(page) == fast).all()
    assert page.locator(".widget-readout").first.inner_text() == str(FIRST_K + 60)


@pytest.mark.parametrize("k", [4, 10, 20, 40])
def test_from_k_to_k_most_pixels_keep_their_colour(page, k):
    slide(page, 1, "End")
    move_k(page, *["ArrowRight" if k > FIRST_K else "ArrowLeft"] * abs(k - FIRST_K))
    before = pixels(page)
    assert move_k(page, "ArrowRight") == k + 1
    assert (pixels(page) == before).all(-1).mean() > 0.7


# --- how it looks ----------------------------------------------------------------------------------------------------


def test_without_opacity_the_image_is_seen_alone(page):
    before = pixels(page)
    slide(page, 1, "Home")
    after = cells(changed(page, before), GRID)
    assert np.abs(after - cells(blocks(0), GRID)).max() <= 10


def test_with_full_opacity_a_cell_has_the_colour_of_its_cluster(page):
    before = pixels(page)
    slide(page, 1, "End")
    after, colors = cells(changed(page, before), GRID), swatches(page)
    for row, column in [(0, 0), (3, 9), (7, 15), (5, 2)]:
        assert tuple(after[row, column]) == colors[cluster_at(page, row, column)]


def test_the_fill_has_no_lines(page):
    """Where clusters are a few cells, lines round each are a black grid."""
    slide(page, 1, "End")
    move_k(page, *["ArrowRight"] * 40)
    page.wait_for_timeout(300)
    seen = {tuple(color) for color in pixels(page)[..., :3].reshape(-1, 3).tolist()}
    assert seen == set(swatches(page).values())


def test_a_pixel_is_told_of_the_cell_that_is_painted_there(page):
    """To its edges: a cell is the square from floor(pixel / stride) on."""
    slide(page, 1, "End")
    page.wait_for_timeout(300)
    seen, colors = pixels(page), swatches(page)
    height, width = seen.shape[:2]
    for row, column in [(0, 0), (3, 5), (4, 6), (7, 15)]:
        for part in (0.06, 0.94):
            y, x = (row + part) / GRID[0], (column + part) / GRID[1]
            page.mouse.move(*point(page, x, y))
            page.wait_for_timeout(50)
            told = page.inner_text(".ci-readout")
            assert f"x {int(x * 128)}, y {int(y * 64)}" in told
            cluster = int(told.partition("cluster ")[2].split(" ")[0])
            assert tuple(seen[int(y * height), int(x * width)][:3]) == colors[cluster], (row, column, part)


def test_the_pixel_under_the_mouse_is_told_of_again_when_the_clusters_change(page):
    hover(page, 5, 2)
    move_k(page, *["ArrowRight"] * 20)
    until(page, lambda: page.inner_text(".ci-readout") == hover(page, 5, 2), "the pixel's cluster among more")
    select(page, "axis", "channels")
    until(page, lambda: "channels" in page.inner_text(".ci-main figcaption"), "the caption says so", 10)
    until(page, lambda: "cluster" not in page.inner_text(".ci-readout"), "a pixel is in no cluster of channels")


def test_outlines_leave_the_image_between_them(page):
    before = pixels(page)
    page.focus(MAIN)
    page.keyboard.press("o")
    after = changed(page, before)
    assert np.abs(cells(after, GRID) - cells(blocks(0), GRID)).max() <= 10
    lines = (after[..., :3] < 60).all(-1)  # the image has no dark pixel
    assert 0.002 < lines.mean() < 0.2
    page.keyboard.press("o")
    assert (changed(page, after) == before).all()


def test_another_palette_has_other_colours(page):
    before, colors = pixels(page), swatches(page)
    select(page, "colours", "cividis")
    after = changed(page, before)
    until(page, lambda: swatches(page) != colors, "the table changes")
    select(page, "colours", "features")
    changed(page, after)


# --- what is chosen --------------------------------------------------------------------------------------------------


def test_a_click_lets_one_cluster_stand_out(page):
    before = pixels(page)
    labels = np.array([[cluster_at(page, row, column) for column in range(0, 16, 5)] for row in (0, 7)])
    click(page, 0, 0)
    seen = stands_out(before, pixels(page))[[0, 7]][:, ::5]
    until(page, lambda: chosen(page) == {labels[0, 0]}, "the table marks it")
    assert ((labels == labels[0, 0])[:, 1:] == seen[:, 1:]).all()  # on the clicked cell is a mark


def test_a_click_shows_affinities_and_four_regions(page):
    assert not page.is_visible(AFFINITY)
    click(page, 2, 2)
    until(page, lambda: "affinity to this pixel" in page.inner_text(".ci-affinity figcaption"), "affinity")
    until(page, lambda: pixels(page, AFFINITY)[..., :3].std() > 10, "affinity is drawn")
    captions = page.locator(".ci-region figcaption").all_inner_texts()
    assert [caption.partition(":")[0] for caption in captions] == ["k = 5", "k = 10", "k = 20", "k = 40"]
    assert all("cluster" in caption for caption in captions)


def test_another_graph_is_told_and_shown(page):
    click(page, 2, 2)
    told = ".ci-affinity figcaption"
    until(page, lambda: "in the graph of 10 neighbours" in page.inner_text(told), "the graph is told")
    page.keyboard.press("Escape")
    number = page.locator(".widget-text:has(label:text-is('neighbours')) input")
    number.fill("3")
    number.press("Enter")
    until(page, lambda: "3 neighbours" in page.inner_text(".ci-main figcaption"), "the caption says so", 10)
    wait_drawn(page)
    click(page, 2, 2)
    until(page, lambda: "in the graph of 3 neighbours" in page.inner_text(told), "the graph is told")
    before = pixels(page, AFFINITY)
    page.keyboard.press("Escape")
    select(page, "graph", "full")
    until(page, lambda: "all pairs" in page.inner_text(".ci-main figcaption"), "the caption says so", 10)
    wait_drawn(page)
    click(page, 2, 2)
    until(page, lambda: "in the graph of all pairs" in page.inner_text(told), "the graph is told")
    assert (pixels(page, AFFINITY) != before).any()


def test_ctrl_click_adds_a_cluster(page):
    first, second = cluster_at(page, 0, 0), cluster_at(page, 7, 15)
    assert first != second
    click(page, 0, 0)
    click(page, 7, 15, held=["Control"])
    until(page, lambda: chosen(page) == {first, second}, "both are chosen")


def test_a_row_of_the_table_chooses_its_cluster_in_the_picture(page):
    before, wanted = pixels(page), cluster_at(page, 7, 0)
    page.click(f".ci-table tr[data-cluster='{wanted}'] td:nth-child(2)")
    seen = stands_out(before, changed(page, before))
    assert chosen(page) == {wanted}
    assert seen[7, 0]
    assert not seen.all()


def test_a_point_of_the_embedding_chooses_its_cluster_in_the_picture(page):
    before, scatter = pixels(page), pixels(page, SCATTER)
    shown = {}  # some points lie on others: what is seen is meant
    for cluster, color in swatches(page).items():
        inside = cv2.erode((scatter[..., :3] == color).all(-1).astype(np.uint8), np.ones((3, 3)))
        shown |= {cluster: np.argwhere(inside)[0]} if inside.any() else {}
    wanted, (y, x) = max(shown.items())
    page.mouse.click(*point(page, (x + 0.5) / scatter.shape[1], (y + 0.5) / scatter.shape[0], SCATTER))
    seen = stands_out(before, changed(page, before))
    assert chosen(page) == {wanted}
    row, column = np.argwhere(seen)[-1]
    assert cluster_at(page, row, column) == wanted


def test_z_undoes_and_escape_clears(page):
    before, first = pixels(page), cluster_at(page, 0, 0)
    click(page, 0, 0)
    click(page, 7, 15)
    until(page, lambda: chosen(page) not in (set(), {first}), "the second is chosen")
    page.keyboard.press("z")
    until(page, lambda: chosen(page) == {first}, "the first is chosen again")
    page.keyboard.press("Escape")
    until(page, lambda: not chosen(page), "nothing is chosen")
    assert (pixels(page) == before).all()
    assert not page.is_visible(AFFINITY)


def test_arrow_down_shows_the_next_picture(page):
    before = pixels(page)
    page.focus(MAIN)
    page.keyboard.press("ArrowDown")
    until(page, lambda: "image/1" in page.inner_text(".ci-main figcaption"), "the caption tells it", 10)
    wait_drawn(page)
    assert (pixels(page) != before).any()
    assert np.abs(cells(pixels(page, SIDE), GRID) - cells(blocks(1), GRID)).max() <= 10


def test_a_question_mark_shows_the_keys_and_hides_them(page):
    page.focus(MAIN)
    page.keyboard.press("?")
    assert "eigenvector before" in page.inner_text(".ci-help")
    page.keyboard.press("?")
    assert not page.is_visible(".ci-help")


def test_the_keyboard_alone_reaches_picture_and_table(page):
    slide(page, 0)
    reached = press_tab_until(page, "canvas")
    assert reached == "canvas"
    page.keyboard.press("ArrowRight")
    until(page, lambda: k_of(page) == FIRST_K + 1, "one cluster more")
    press_tab_until(page, "button[aria-pressed]")
    wanted = int(page.evaluate("document.activeElement.textContent"))
    page.keyboard.press("Enter")
    until(page, lambda: chosen(page) == {wanted}, "it is chosen")


def press_tab_until(page: "Page", selector: str) -> str:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches('.ci {selector}')"):
            return selector
    raise AssertionError(f"{selector} is not reached by Tab")


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", ["fill", "half", "chosen", "cividis", "features"])
def test_what_is_saved_is_what_is_seen(lab, page, look):
    """The browser and the kernel paint a view alike, each with its own code."""
    before = pixels(page)
    slide(page, 1, *(["Home", *["ArrowRight"] * 10] if look == "half" else ["End"]))
    before = changed(page, before)
    if look in ("cividis", "features"):
        select(page, "colours", look)
        changed(page, before)
    seen = {(row, column): cluster_at(page, row, column) for row in (0, 4, 7) for column in (1, 8, 14)}
    compared = np.ones(GRID, bool)
    if look == "chosen":
        click(page, 0, 0)
        compared[:3, :3] = False  # the mark of the clicked cell
    page.focus(MAIN)
    page.keyboard.press("s")
    until(page, lambda: page.locator("text=saved to exports").count() > 0, "it says where", 20)
    folder = lab.folder / page.locator("text=saved to exports").first.inner_text().partition("saved to ")[2].strip()
    labels = np.load(folder / "labels.npz")["labels"]
    assert labels.shape == GRID
    assert {place: labels[place] for place in seen} == seen
    saved = np.array(Image.open(folder / "picture.png"))
    assert np.abs(cells(saved, GRID) - cells(pixels(page), GRID))[compared].max() <= 3


def quarters(size: tuple[int, int]) -> Image.Image:
    """Red and green above, blue and yellow below."""
    colors = np.array([[[220, 30, 30], [30, 200, 30]], [[30, 30, 220], [220, 210, 30]]], np.uint8)
    return Image.fromarray(cv2.resize(colors, size, interpolation=cv2.INTER_NEAREST))


def turned(image: Image.Image) -> bytes:
    """A JPEG that lies on its side, and says so in its EXIF data."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
    return encoded(image.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", encoded(quarters((128, 96)))),
        ("cmyk.jpg", encoded(quarters((128, 96)).convert("CMYK"), "JPEG", quality=95)),
        ("turned.jpg", turned(quarters((96, 128)))),
    ],
)
def test_a_dropped_picture_is_shown_upright(page, name, content):
    drop(page, name, content)
    until(page, lambda: name in page.inner_text(".ci-main figcaption"), "its name is told", 10)
    wait_drawn(page)
    seen = pixels(page, SIDE)
    assert (seen.shape[0] > seen.shape[1]) == (name == "turned.jpg")
    assert np.abs(cells(seen, (2, 2)) - cells(np.array(quarters((128, 96))), (2, 2))).max() <= 25
    assert not page.is_visible(".ci-error")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.png", b"no picture at all", "not an image"),
        ("empty.png", b"", "not an image"),
        ("cut.png", encoded(quarters((128, 96)))[:200], "damaged"),
        ("dot.png", encoded(np.zeros((1, 1, 3), np.uint8)), "1 x 1 pixels"),
        ("strip.png", encoded(np.zeros((100, 20_000, 3), np.uint8)), "20000 x 100 pixels"),
    ],
)
def test_a_file_that_cannot_be_shown_is_told_of(page, name, content, message):
    before = pixels(page)
    drop(page, name, content)
    until(page, lambda: page.is_visible(".ci-error"), "an error is told")
    told = page.inner_text(".ci-error")
    assert message in told
    assert name in told
    assert "Traceback" not in page.inner_text(NOTEBOOK)
    assert (pixels(page) == before).all()


def test_a_file_above_ten_megabytes_can_be_chosen_by_the_button(page):
    """In one message the server would close the connection."""
    noise = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), np.uint8)
    content = encoded(noise)
    assert len(content) > 10 * 2**20
    with page.expect_file_chooser() as chooser:
        page.click(".ci-head button:has-text('photo')")
    chooser.value.set_files({"name": "large.png", "mimeType": "image/png", "buffer": content})
    until(page, lambda: "large.png" in page.inner_text(".ci-main figcaption"), "its name is told", 30)
    wait_drawn(page)
    assert not page.is_visible(".ci-error")
    assert move_k(page, "ArrowRight") == FIRST_K + 1


def test_a_file_above_the_limit_is_told_before_it_is_sent(page, tmp_path):
    before, large = pixels(page), tmp_path / "huge.tif"
    with large.open("wb") as file:
        file.truncate(65 * 2**20)
    page.set_input_files(".ci input[type=file]", large)
    until(page, lambda: page.is_visible(".ci-error"), "an error is told")
    assert "huge.tif has 65 MB, and at most 64 are taken" in page.inner_text(".ci-error")
    assert (pixels(page) == before).all()


def test_several_files_are_all_taken(page):
    files = [{"name": f"{one}.png", "mimeType": "image/png", "buffer": encoded(blocks(one))} for one in (5, 6)]
    page.set_input_files(".ci input[type=file]", files)
    until(page, lambda: "6.png" in page.inner_text(".ci-main figcaption"), "the last one is shown", 10)
    options = page.locator(".widget-dropdown:has(label:text-is('picture')) option").all_inner_texts()
    assert options == ["photo/5.png", "photo/6.png"]


MARKUP = '<img src=x onerror="window.broken=1"><b>bold</b>.png'


@pytest.mark.parametrize("content", [encoded(quarters((128, 96))), b"no picture"], ids=["shown", "refused"])
def test_a_name_with_markup_is_shown_as_text(page, content):
    drop(page, MARKUP, content)
    place = ".ci-error" if content == b"no picture" else ".ci-main figcaption"
    until(page, lambda: MARKUP in page.inner_text(place), "the name is told", 10)
    page.keyboard.press("Escape")
    page.click("button:has-text('save')")
    until(page, lambda: "saved to" in page.inner_text(NOTEBOOK), "where it is saved is told", 30)
    assert page.evaluate("window.broken") is None
    assert page.locator(f"{NOTEBOOK} .jp-OutputArea :is(img[src=x], b)").count() == 0


# --- where it lives --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.wait_for_selector(f"body[data-jp-theme-light='{str(scheme == 'light').lower()}']", state="attached")
    page.wait_for_timeout(1000)  # the theme's fonts move things
    click(page, 2, 2)
    until(page, lambda: chosen(page), "a row is chosen")
    for part in (".ci-status", ".ci-readout", ".ci figcaption", ".ci-table th", ".ci-table td", ".ci-chosen td"):
        assert contrast(page, part) >= 4.5, part


def test_two_notebooks_do_not_disturb_each_other(lab, page):
    other, errors = page.context.new_page(), []
    listen(other, errors)
    open_notebook(other, lab.server.url("lab/workspaces/other/tree/other.ipynb"))
    run_all(other)
    other.wait_for_selector(MAIN, timeout=60_000)
    wait_drawn(other)
    before = pixels(page)
    assert move_k(other, "ArrowRight") == FIRST_K + 1
    assert k_of(page) == FIRST_K
    assert (pixels(page) == before).all()
    other.close()
    assert errors == []


def test_it_comes_back_after_a_restart_of_the_kernel(page):
    before = pixels(page)
    page.evaluate("document.querySelector('.ci').classList.replace('ci', 'old')")
    choose_menu(page, "Kernel", "Restart Kernel and Run All Cells")
    page.click(".jp-Dialog button.jp-mod-accept")
    wait_drawn(page, 60)
    assert (pixels(page) == before).all()
    assert move_k(page, "ArrowRight") == FIRST_K + 1
