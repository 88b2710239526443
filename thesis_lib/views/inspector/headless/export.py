"""Export of a view, with the values that show it again: `python -m thesis_lib.views.inspector VIEW.toml`."""

import hashlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from thesis_lib.files import file_digest, write_table
from thesis_lib.paths import FIGURES
from thesis_lib.views.inspector.analysis.shown import Shown
from thesis_lib.views.inspector.analysis.studio import Studio
from thesis_lib.views.inspector.headless.figure import inspector_figure, paint_view
from thesis_lib.views.inspector.state.names import file_name, plain
from thesis_lib.views.inspector.state.pictures import read_photo
from thesis_lib.views.inspector.state.view import View
from thesis_lib.views.provenance import Provenance, current_commit
from thesis_lib.views.style import save_figure

EXPORTS = FIGURES / "exports"
PHOTO = "photo"


def export(studio: Studio, view: View, folder: Path = EXPORTS) -> Path:
    """Write a view to a folder of its own.

    <name>.png and .pdf (the whole panel, with provenance), picture.png (the clusters over the image, at its size),
    labels.png (8 bit, at the size of the features) and labels.npz, clusters.csv, view.toml, and a photograph itself.

    Returns:
        the folder, <picture>-<network>-layer<n>-<axis>-k<k>-<digest of all values>. It appears whole; that of the same
        view is replaced.
    """
    shown = studio.show(view)
    stem, network = plain(shown.picture.name.partition("/")[2], 60), plain(view.network, 60)
    digest = hashlib.sha256(view.to_toml().encode()).hexdigest()[:8]
    name = f"{stem}-{network}-layer{view.layer}-{view.axis}-k{view.k}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".saving-") as unfinished:
        target = Path(unfinished, name)
        save_figure(inspector_figure(shown), name, target, _provenance(studio, shown))
        write_png(target / "picture.png", paint_view(shown))
        write_png(target / "labels.png", np.atleast_2d(shown.part))
        np.savez_compressed(target / "labels.npz", labels=shown.part, k=view.k, eigenvalues=shown.analysis.eigenvalues)
        write_table(target / "clusters.csv", list(shown.table[0]), shown.table)
        for photo in _photos(view):
            write_png(photo_file(target, photo), studio.gallery.open(photo).image)
        (target / "view.toml").write_text(view.to_toml(), encoding="utf-8")
        return _replace(folder / name, target, Path(unfinished, "before"))


def _replace(folder: Path, new: Path, old: Path) -> Path:
    """Replace a folder by a new one; if that fails, the old one is moved back."""
    with suppress(FileNotFoundError):
        folder.rename(old)
    try:
        return new.rename(folder)
    except OSError:
        with suppress(FileNotFoundError):
            old.rename(folder)
        raise


def restore(file: Path) -> tuple[Studio, View]:
    """Make the studio and the view of a view.toml, with the photographs beside it."""
    view = View.read(file)
    studio = Studio.of_profile(view.profile, view.overrides)
    studio.size = view.size
    for photo in _photos(view):
        path = photo_file(file.parent, photo)
        if not path.is_file():
            raise FileNotFoundError(f"{path}: the photograph of this view is not beside it")
        studio.gallery.add(replace(read_photo(path.read_bytes(), str(path)), name=photo))
    return studio, view


def photo_file(folder: Path, name: str) -> Path:
    """Path of a photograph in an exported folder, safe for any name."""
    return folder / PHOTO / f"{file_name(name.removeprefix(f'{PHOTO}/'))}.png"


def _photos(view: View) -> list[str]:
    """List the photographs of a view."""
    return [name for name in (view.picture, view.joint) if name.startswith(f"{PHOTO}/")]


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write RGB (H, W, 3) or grey (H, W), uint8, as a PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels[..., ::-1] if pixels.ndim == 3 else pixels)[1].tobytes())


def _provenance(studio: Studio, shown: Shown) -> Provenance:
    view = shown.view
    found = studio.files.get(view.network)
    return Provenance(
        commit=current_commit(),
        profile=view.profile,
        profile_digest=hashlib.sha256(view.to_toml().encode()).hexdigest(),
        data_digest=shown.picture.digest,
        checkpoints={view.network: file_digest(found)} if found else {},
    )
