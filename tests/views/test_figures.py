"""What holds for every figure of the thesis."""

import inspect
from importlib import import_module
from io import BytesIO
from pkgutil import iter_modules

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from tests.views.samples import FIGURES
from thesis_lib import views
from thesis_lib.views.style import INK, STYLE, WIDTH

SMALLEST = 5
"""Points that can still be read in print."""
TOLERANCE = 0.01
"""Inches: a pixel of a screen."""


@pytest.fixture(scope="module", params=FIGURES)
def figure(request: pytest.FixtureRequest) -> Figure:
    return FIGURES[request.param]()


def test_no_figure_is_left_out_of_these_tests() -> None:
    modules = [import_module(f"{views.__name__}.{module.name}") for module in iter_modules(views.__path__)]
    drawn = {
        name
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if hasattr(function, "__wrapped__") and inspect.signature(function).return_annotation is Figure
    }
    assert drawn == FIGURES.keys()


@pytest.mark.filterwarnings("error")
def test_it_is_drawn_without_a_warning(figure: Figure) -> None:
    with mpl.rc_context(STYLE):
        figure.savefig(BytesIO(), format="png", dpi=50)


def test_it_is_no_wider_than_the_text_of_the_thesis(figure: Figure) -> None:
    assert figure.get_figwidth() <= WIDTH


def test_nothing_reaches_beyond_the_page(figure: Figure) -> None:
    with mpl.rc_context(STYLE):
        (canvas := FigureCanvasAgg(figure)).draw()
    drawn = figure.get_tightbbox(canvas.get_renderer())
    assert drawn.x0 >= -TOLERANCE
    assert drawn.y0 >= -TOLERANCE
    assert drawn.x1 <= figure.get_figwidth() + TOLERANCE
    assert drawn.y1 <= figure.get_figheight() + TOLERANCE


def test_its_letters_are_large_enough_to_read(figure: Figure) -> None:
    assert min((text.get_fontsize() for text in figure.findobj(Text)), default=SMALLEST) >= SMALLEST


def test_it_does_not_depend_on_the_users_settings() -> None:
    with mpl.rc_context({"axes.labelcolor": "red", "font.size": 30}):
        axes = FIGURES["class_scores"]().axes[0]
    assert axes.yaxis.label.get_color() == INK
    assert axes.yaxis.label.get_fontsize() == STYLE["axes.labelsize"]
