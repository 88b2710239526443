"""A view is values: it can be written, read, and compared."""

import numpy as np
import pytest

from thesis_lib.clustering import SpectralClustering
from thesis_lib.clustering.spectral import PRESETS
from thesis_lib.views.inspector.state.palettes import MOST, PALETTES
from thesis_lib.views.inspector.state.view import BANDWIDTHS, DENSE_MOST, GRAPHS, SOLVERS, View, ViewError

VIEW = View(picture="val/beta_000000_000019", network="resnet18")
CLUSTERED = {
    "size": (256, 512),
    "picture": "photo/street.jpg",
    "joint": "val/beta_000001_000019",
    "network": "demo/best",
    "layer": 2,
    "axis": "channels",
    "preset": "faithful",
    "graph": "full",
    "neighbors": 7,
    "position": 0.5,
    "solver": "krylov",
    "bandwidth": 0.5,
}
DRAWN = {
    "anchor": 30,
    "k": 31,
    "opacity": 0.2,
    "palette": "cividis",
    "outlines": True,
    "selected": (3, 4),
    "vector": 5,
    "place": 1,
}


def random_view(seed: int) -> View:
    """Any value of any field."""
    random = np.random.default_rng(seed)
    letters = list("abc/_ .-\"\\'#=[]\t\n€é")

    def text(least: int = 0) -> str:
        return "".join(random.choice(letters, random.integers(least, 12)))

    bandwidth = [*BANDWIDTHS, float(10 ** random.uniform(-12, 12))][random.integers(len(BANDWIDTHS) + 1)]
    return View(
        profile=text(),
        overrides=text(),
        size=tuple(random.integers(64, 4096, 2).tolist()),
        picture=text(1),
        joint=text(),
        place=int(random.integers(2)),
        network=text(1),
        layer=int(random.integers(1, 5)),
        axis=str(random.choice(["pixels", "channels"])),
        preset=str(random.choice(["recommended", "faithful"])),
        graph=str(random.choice(GRAPHS)),
        neighbors=int(random.integers(1, 50)) if random.integers(2) else None,
        position=float(random.integers(2) * random.random()),
        solver=str(random.choice(SOLVERS)),
        bandwidth=bandwidth,
        anchor=int(random.integers(2, MOST + 1)),
        k=int(random.integers(2, MOST + 1)),
        opacity=float(random.random()),
        palette=str(random.choice(PALETTES)),
        outlines=bool(random.integers(2)),
        selected=tuple(random.integers(0, MOST, random.integers(4)).tolist()),
        vector=int(random.integers(1, MOST + 1)),
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_written_view_is_read_as_it_was(seed: int) -> None:
    view = random_view(seed)
    assert View.from_toml(view.to_toml()) == view


def test_the_random_views_set_every_field() -> None:
    views = [random_view(seed) for seed in range(40)]
    assert all(len({getattr(view, name) for view in views}) > 1 for name in View.model_fields)


@pytest.mark.parametrize("name", ["photo/\N{WATER WAVE}.jpg", "photo/a\x7fb.jpg"])
def test_a_picture_of_any_name_is_written_and_read(name: str) -> None:
    view = VIEW.model_copy(update={"picture": name})
    assert View.from_toml(view.to_toml()) == view


def test_a_view_is_read_from_a_file(tmp_path) -> None:
    file = tmp_path / "view.toml"
    file.write_text(VIEW.to_toml(), encoding="utf-8")
    assert View.read(file) == VIEW


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("k", "1"),
        ("k", str(MOST + 1)),
        ("anchor", "1"),
        ("layer", "0"),
        ("layer", "5"),
        ("size", "[0, 0]"),
        ("axis", '"rows"'),
        ("preset", '"best"'),
        ("graph", '"sparse"'),
        ("neighbors", "0"),
        ("neighbors", "2.5"),
        ("position", "-0.1"),
        ("position", "inf"),
        ("solver", '"nystrom"'),
        ("bandwidth", "0.0"),
        ("bandwidth", "nan"),
        ("bandwidth", "inf"),
        ("bandwidth", '"wide"'),
        ("opacity", "1.1"),
        ("palette", '"jet"'),
        ("outlines", '"perhaps"'),
        ("selected", f"[{MOST}]"),
        ("vector", "0"),
        ("colour", "1"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_name(field: str, value: str) -> None:
    lines = [line for line in VIEW.to_toml().splitlines() if not line.startswith(f"{field} =")]
    with pytest.raises(ViewError, match=rf"(?m)^  {field}\b"):
        View.from_toml("\n".join([*lines, f"{field} = {value}"]))


def test_a_missing_picture_is_told() -> None:
    with pytest.raises(ViewError, match="picture: Field required"):
        View.from_toml('network = "resnet18"')


def test_what_is_no_toml_is_told() -> None:
    with pytest.raises(ViewError, match="this is not TOML"):
        View.from_toml("k: 12")


def test_every_field_is_of_the_run_or_clustered_or_drawn() -> None:
    assert set(View.model_fields) == {"profile", "overrides"} | set(CLUSTERED) | set(DRAWN)


@pytest.mark.parametrize("field", CLUSTERED)
def test_what_changes_the_eigenvectors_changes_what_is_clustered(field: str) -> None:
    assert VIEW.model_copy(update={field: CLUSTERED[field]}).clustered != VIEW.clustered


@pytest.mark.parametrize("field", DRAWN)
def test_what_is_only_drawn_leaves_what_is_clustered(field: str) -> None:
    assert VIEW.model_copy(update={field: DRAWN[field]}).clustered == VIEW.clustered


@pytest.mark.parametrize("preset", ["recommended", "faithful"])
def test_a_view_clusters_as_its_preset_says(preset: str) -> None:
    found = View(picture="a", network="b", preset=preset).clustering(500)
    expected = SpectralClustering.preset(preset, MOST)
    assert vars(found) | {"kmeans": None} == vars(expected) | {"kmeans": None}


def test_the_default_is_the_recommended_graph_of_neighbours() -> None:
    made = VIEW.clustering(500)
    assert (made.graph, made.sigma, made.reduce, VIEW.position) == ("neighbors", "local", 64, 0.0)
    assert made.neighbors == PRESETS["recommended"]["neighbors"]


@pytest.mark.parametrize("preset", ["recommended", "faithful"])
def test_a_graph_takes_the_place_of_the_presets(preset: str) -> None:
    view = VIEW.model_copy(update={"preset": preset, "graph": "neighbors", "neighbors": 9})
    assert (view.clustering(500).graph, view.clustering(500).neighbors) == ("neighbors", 9)
    assert view.model_copy(update={"graph": "full"}).clustering(500).graph == "full"


def test_what_is_the_same_by_another_name_is_clustered_once() -> None:
    other = {"graph": "neighbors", "neighbors": PRESETS["recommended"]["neighbors"], "bandwidth": "local"}
    assert VIEW.model_copy(update=other).clustered == VIEW.clustered
    full = VIEW.model_copy(update={"graph": "full"})
    assert full.model_copy(update={"neighbors": 3}).clustered == full.clustered


OLD = """
profile = "demo"
overrides = ""
size = [512, 1024]
picture = "val/beta_000000_000019"
joint = ""
place = 0
network = "resnet18"
layer = 4
axis = "pixels"
preset = "recommended"
solver = "SOLVER"
bandwidth = "preset"
anchor = 12
k = 12
opacity = 0.6
palette = "distinct"
outlines = false
selected = []
vector = 2
"""


@pytest.mark.parametrize("solver", ["auto", "krylov", "dense"])
def test_a_view_from_before_graphs_shows_all_pairs_as_it_did(solver: str) -> None:
    view = View.from_toml(OLD.replace("SOLVER", solver))
    assert (view.options["graph"], view.solver, view.options["sigma"]) == ("full", solver, "local")


def test_a_view_from_before_graphs_with_the_solver_knn_shows_neighbours() -> None:
    view = View.from_toml(OLD.replace("SOLVER", "knn"))
    assert (view.options["graph"], view.options["neighbors"], view.solver) == ("neighbors", 20, "krylov")
    assert View.from_toml('picture = "a"\nnetwork = "b"\nsolver = "knn"').options["graph"] == "neighbors"


def test_a_view_written_by_hand_has_the_default_graph() -> None:
    assert View.from_toml('picture = "a"\nnetwork = "b"\nlayer = 3').graph == "preset"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "recommended, 10 neighbours, local bandwidth"),
        ({"neighbors": 7, "position": 0.5}, "recommended, 7 neighbours, local bandwidth, position 0.5"),
        ({"preset": "faithful"}, "faithful, all pairs, median bandwidth"),
        ({"graph": "full", "bandwidth": 0.25}, "recommended, all pairs, bandwidth 0.25"),
        ({"axis": "channels", "position": 0.5}, "recommended, 10 neighbours, local bandwidth"),
    ],
)
def test_a_caption_says_what_is_clustered_and_how(values: dict[str, object], words: str) -> None:
    assert VIEW.model_copy(update=values).method == words


@pytest.mark.parametrize("bandwidth", ["local", "median", 0.25])
def test_a_bandwidth_takes_the_place_of_the_presets(bandwidth: str | float) -> None:
    assert View(picture="a", network="b", preset="faithful", bandwidth=bandwidth).clustering(500).sigma == bandwidth


def test_there_are_no_more_eigenvectors_than_points() -> None:
    assert VIEW.clustering(7).n_clusters == 7


def test_two_points_make_no_clusters() -> None:
    with pytest.raises(ViewError, match="2 points make no clusters: choose a finer layer or a larger picture"):
        VIEW.clustering(2)


def test_a_solver_that_would_take_minutes_is_refused_with_the_way_out() -> None:
    dense = VIEW.model_copy(update={"solver": "dense"})
    assert dense.clustering(DENSE_MOST).solver == "dense"
    with pytest.raises(ViewError, match=f"{DENSE_MOST + 1:,} points(.|\n)*Choose krylov"):
        dense.clustering(DENSE_MOST + 1)
