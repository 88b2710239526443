"""What a test sees of the inspector in a page, and does with it."""

import base64
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

MAIN, SIDE, SCATTER, AFFINITY = (f".ci-{name} canvas" for name in ("main", "side", "scatter", "affinity"))
DRAWN = """() => {
  const roots = [...document.querySelectorAll(".ci")];
  return roots.length > 0 && roots.every((root) => {
    const k = root.querySelector(".ci-main canvas").dataset.k, status = root.querySelector(".ci-status").innerText;
    return root.dataset.drawn?.endsWith(`/${k}`) && status.includes("first clusters");
  });
}"""
DROP = """([name, content]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(atob(content), (one) => one.charCodeAt(0))], name));
  document.querySelector(".ci").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
}"""
BACKGROUND = """(element) => {
  const shown = (one) => getComputedStyle(one).backgroundColor;
  while (element.parentElement && /^rgba\\(.*, 0\\)$/.test(shown(element))) element = element.parentElement;
  return shown(element);
}"""


def until(page: "Page", condition: Callable[[], object], what: str, seconds: float = 5) -> None:
    """Wait for something, and fail with its name."""
    for _ in range(int(20 * seconds)):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{what}: not within {seconds} s")


def wait_drawn(page: "Page", seconds: float = 30) -> None:
    """Until every k of every picture is there, and the one that is chosen is drawn."""
    page.wait_for_function(DRAWN, timeout=1000 * seconds)
    page.wait_for_timeout(100)  # what is beside the picture follows 30 ms later


def pixels(page: "Page", canvas: str = MAIN) -> np.ndarray:
    """(H, W, 4) uint8 of a canvas."""
    url = page.locator(canvas).evaluate("(canvas) => canvas.toDataURL()")
    return np.array(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA"))


def changed(page: "Page", before: np.ndarray, canvas: str = MAIN) -> np.ndarray:
    """The canvas, once it is another."""
    until(page, lambda: (pixels(page, canvas) != before).any(), f"{canvas} changes")
    page.wait_for_timeout(100)
    return pixels(page, canvas)


def cells(picture: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """(h, w, 3) int, the colours in the middles of a grid's cells."""
    rows, columns = (
        ((np.arange(n) + 0.5) * side / n).astype(int) for n, side in zip(grid, picture.shape, strict=False)
    )
    return picture[rows][:, columns, :3].astype(int)


def slide(page: "Page", slider: int, *keys: str) -> None:
    """Press keys on a slider: 0 is k, 1 is the opacity."""
    page.locator(".noUi-handle").nth(slider).focus()
    for key in keys:
        page.keyboard.press(key)


def k_of(page: "Page") -> int:
    """That the picture shows."""
    return int(page.get_attribute(MAIN, "data-k") or 0)


def move_k(page: "Page", *keys: str) -> int:
    """Press keys on the slider of k, and wait for its picture."""
    slide(page, 0, *keys)
    page.wait_for_timeout(50)
    wait_drawn(page)
    return k_of(page)


def point(page: "Page", across: float, down: float, canvas: str = MAIN) -> tuple[float, float]:
    """On the screen, of a share of a canvas' width and height."""
    box = page.locator(canvas).first.bounding_box()
    assert box
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def select(page: "Page", label: str, value: str) -> None:
    """A value of a drop-down list."""
    page.locator(f".widget-dropdown:has(label:text-is('{label}')) select").first.select_option(value)


def chosen(page: "Page") -> set[int]:
    """Clusters that the table marks."""
    rows = page.locator(".ci-table tr.ci-chosen:visible")
    return {int(row.get_attribute("data-cluster") or -1) for row in rows.all()}


def swatches(page: "Page") -> dict[int, tuple[int, ...]]:
    """The table's colour of every cluster."""
    found = {}
    for row in page.locator(".ci-table tr[data-cluster]:visible").all():
        found[int(row.get_attribute("data-cluster") or -1)] = rgb(row.locator(".ci-swatch").evaluate(BACKGROUND))
    return found


def drop(page: "Page", name: str, content: bytes) -> None:
    """Drop a file on the widget."""
    page.evaluate(DROP, [name, base64.b64encode(content).decode()])


def rgb(color: str) -> tuple[int, ...]:
    """Of CSS, such as "rgb(1, 2, 3)"."""
    return tuple(int(float(part)) for part in color.partition("(")[2].rstrip(")").split(",")[:3])


def contrast(page: "Page", selector: str) -> float:
    """Of the text to what it stands on (WCAG 2.2, 1.4.3)."""
    element = page.locator(selector).first
    colors = element.evaluate("(one) => getComputedStyle(one).color"), element.evaluate(BACKGROUND)
    low, high = sorted(luminance(rgb(color)) for color in colors)
    return (high + 0.05) / (low + 0.05)


def luminance(color: tuple[int, ...]) -> float:
    """Relative, of 8-bit sRGB."""
    shares = [value / 255 for value in color]
    light = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]
