"""Tensors drawn as slabs, with arrows between them that run at right angles."""

from dataclasses import dataclass
from math import log2

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon
from matplotlib.path import Path

from thesis_lib.views.style import INK, MUTED, WIDTH, new_figure

POINTS = 72
"""In an inch."""
NAME, SHAPE = 7, 6
"""Sizes of the two kinds of letters, in points."""
Point = tuple[float, float]
Shape = tuple[int, int, int]
"""(C, h, w)."""


@dataclass(frozen=True)
class Slab:
    """Slab that stands for a tensor: its name, and where arrows come in (west) and go out (east)."""

    name: str
    west: Point
    east: Point


class Drawing:
    """Figure of slabs and arrows, with coordinates in points from its lower left corner.

    A slab is as thick as its tensor has channels, as high and as deep as the map, each on a logarithmic scale.
    Slabs and arrows carry what they stand for as their gid: "layer 4" and "layer 4 > fusion".

    Args:
        height: of the figure, in points.
    """

    def __init__(self, height: float) -> None:
        self.figure: Figure = new_figure(height / POINTS)
        self.figure.set_layout_engine("none")
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, WIDTH * POINTS), ylim=(0, height))
        self.axes.set_axis_off()

    def slab(self, name: str, shape: Shape, middle: Point, color: str, note: str = "") -> Slab:
        """Draw a tensor around `middle`, its name above, below it channels, height × width, and a note."""
        channels, height, width = shape
        thick, high, deep = 1.5 * log2(channels + 1), 7 * log2(height + 1), 3 * log2(width + 1)
        right, up = 0.45 * deep, 0.35 * deep
        x, y = middle[0] - (thick + right) / 2, middle[1] - high / 2
        low, top = ((x, y), (x + thick, y)), ((x, y + high), (x + thick, y + high))
        back = [(at + right, level + up) for at, level in (*top, low[1])]
        for face, alpha in (
            ([*low, *top[::-1]], 0.6),
            ([*top, *back[1::-1]], 0.25),
            ([low[1], top[1], *back[1:]], 0.4),
        ):
            self.axes.add_patch(Polygon(face, facecolor=color, alpha=alpha, edgecolor="none", gid=name))
            self.axes.add_patch(Polygon(face, fill=False, edgecolor=INK, linewidth=0.5, joinstyle="round"))
        self.text((middle[0], y + high + up + 2), name, va="bottom", size=NAME)
        self.text((middle[0], y - 2.5), "\n".join(filter(None, (f"{channels}", f"{height} × {width}", note))), va="top")
        return Slab(name, (x, middle[1]), (x + thick + right, middle[1]))

    def arrow(self, start: Slab, end: Slab, turn: float | None = None) -> None:
        """Draw an arrow from one slab to another; where they differ in height, it goes up or down at x = `turn`."""
        (x, y), (to_x, to_y) = start.east, end.west
        corners = [] if turn is None else [(turn, y), (turn, to_y)]
        path = Path([(x, y), *corners, (to_x, to_y)])
        self.axes.add_patch(
            FancyArrowPatch(
                path=path, arrowstyle="-|>,head_length=3.6,head_width=1.5", mutation_scale=1, lw=0.7, color=INK,
                joinstyle="miter", gid=f"{start.name} > {end.name}",
            )
        )  # fmt: skip

    def dot(self, x: float, y: float) -> None:
        """Draw a dot where a line divides."""
        self.axes.plot(x, y, "o", color=INK, ms=2.8, mew=0)

    def heading(self, left: float, right: float, y: float, title: str, color: str) -> None:
        """Write a heading over a line, for the slabs between two x."""
        self.axes.plot((left, right), (y, y), color=color, lw=1.5, solid_capstyle="butt")
        self.text(((left + right) / 2, y + 4), title, va="baseline", size=NAME)

    def text(self, at: Point, text: str, *, va: str, ha: str = "center", size: float = SHAPE) -> None:
        """Write text; small text is muted."""
        color = INK if size == NAME else MUTED
        self.axes.text(*at, text, ha=ha, va=va, size=size, color=color, linespacing=1.15)
