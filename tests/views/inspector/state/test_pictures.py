"""Photographs of every kind become RGB images, and what cannot is refused with the way out."""

import struct
import zlib
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.data.frames import write_dataset
from tests.views.inspector.samples import blocks, encoded
from thesis_lib.data import Cityscapes
from thesis_lib.views.inspector.state.pictures import (
    LONGEST,
    SMALLEST,
    STRIDE,
    Gallery,
    Picture,
    PictureError,
    input_size,
    read_photo,
)

ORIENTATIONS = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright.swapaxes(0, 1), 2),
    8: lambda upright: np.rot90(upright, -1),
}
"""How a camera stores an upright picture under each value of the tag (Exif 2.32, 4.6.4, Orientation)."""
WAY_OUT = r"(?i)\b(choose|make|crop|export|save|copy|open|try)\b"


def oriented(upright: np.ndarray, orientation: int, kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(np.ascontiguousarray(ORIENTATIONS[orientation](upright)), kind, exif=exif, quality=95)


def ramp(size: tuple[int, int] = (80, 256)) -> np.ndarray:
    """(H, W) float in [0, 1], from left to right."""
    return np.broadcast_to(np.linspace(0, 1, size[1]), size)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_photograph_is_turned_upright(orientation: int) -> None:
    assert np.array_equal(read_photo(oriented(blocks(), orientation, "PNG"), "a.png").image, blocks())


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_jpeg_of_a_camera_is_turned_upright(orientation: int) -> None:
    smooth = cv2.resize(blocks()[::8, ::8], (256, 128), interpolation=cv2.INTER_LINEAR)
    found = read_photo(oriented(smooth, orientation, "JPEG"), "a.jpg").image
    assert np.abs(found.astype(int) - smooth).mean() < 5


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_a_lossless_file_gives_its_pixels(kind: str) -> None:
    assert np.array_equal(read_photo(encoded(blocks(), kind), "a").image, blocks())


def test_a_webp_gives_its_pixels() -> None:
    assert np.array_equal(read_photo(encoded(blocks(), "WEBP", lossless=True), "a.webp").image, blocks())


def test_a_cmyk_jpeg_keeps_its_colours() -> None:
    flat = np.full((80, 80, 3), (200, 120, 40), np.uint8)
    file = encoded(Image.fromarray(flat).convert("CMYK"), "JPEG", quality=95)
    assert np.abs(read_photo(file, "print.jpg").image.astype(int) - flat).max() <= 4


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_grey_picture_has_three_equal_channels(kind: str) -> None:
    grey = (255 * ramp()).round().astype(np.uint8)
    image = read_photo(encoded(grey, kind), "grey").image
    assert np.ptp(image, axis=2).max() == 0
    assert np.abs(image[..., 0].astype(int) - grey).max() <= 2


@pytest.mark.parametrize("width", [256, LONGEST + 1000])
def test_sixteen_bits_are_scaled_to_eight(width: int) -> None:
    deep = (65535 * ramp((160, width))).round().astype(np.uint16)
    image = read_photo(encoded(deep), "deep.png").image
    assert np.abs(image[0, :, 0] - 255 * ramp((1, image.shape[1]))[0]).max() <= 2


def test_sixteen_bits_of_colour_are_scaled_to_eight() -> None:
    file = cv2.imencode(".png", blocks()[..., ::-1].astype(np.uint16) * 257)[1].tobytes()
    assert np.abs(read_photo(file, "deep.png").image.astype(int) - blocks()).max() <= 1


def test_a_picture_with_a_palette_has_its_colours() -> None:
    image = read_photo(encoded(Image.fromarray(blocks()).convert("P", palette=Image.Palette.ADAPTIVE)), "a.png").image
    assert np.array_equal(image, blocks())


def test_an_opaque_picture_with_transparency_has_its_colours() -> None:
    assert np.array_equal(read_photo(encoded(Image.fromarray(blocks()).convert("RGBA")), "a.png").image, blocks())


def test_a_black_and_white_picture_has_its_pixels() -> None:
    white = blocks()[..., 0] > 127
    assert np.array_equal(read_photo(encoded(Image.fromarray(white)), "fax.png").image[..., 2] > 127, white)


def test_a_small_picture_stays_as_it_is_without_a_note() -> None:
    picture = read_photo(encoded(blocks()), "street.png")
    assert (picture.name, picture.note, picture.classes) == ("photo/street.png", "", None)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_wide_picture_is_made_smaller_with_a_note(kind: str) -> None:
    wide = cv2.resize(blocks(), (20_000, 3000), interpolation=cv2.INTER_NEAREST)
    picture = read_photo(encoded(wide, kind), "panorama")
    assert picture.image.shape == (614, LONGEST, 3)
    assert picture.note == f"20000 x 3000 pixels, shown as {LONGEST} x 614"
    small = cv2.resize(wide, (LONGEST, 614), interpolation=cv2.INTER_AREA)
    assert np.abs(picture.image.astype(int) - small).mean() < 3


def test_the_note_of_a_turned_picture_has_both_sizes_upright() -> None:
    upright = cv2.resize(blocks(), (3000, 5000), interpolation=cv2.INTER_NEAREST)
    note = read_photo(oriented(upright, 6, "JPEG"), "tall.jpg").note
    assert note == f"3000 x 5000 pixels, shown as {round(3000 * LONGEST / 5000)} x {LONGEST}"


def bomb() -> bytes:
    """A PNG that says it has 10^10 pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + bytes(64)


BAD = {
    "notes.png": b"not a picture, but words",
    "empty.jpg": b"",
    "cut.jpg": encoded(blocks(), "JPEG")[:1200],
    "cut.png": encoded(np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8))[:9000],
    "dot.png": encoded(blocks()[:1, :1]),
    "line.png": encoded(np.zeros((100, 20_000, 3), np.uint8)),
    "low.png": encoded(np.zeros((SMALLEST - 1, 200, 3), np.uint8)),
    "bomb.png": bomb(),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_by_name(name: str) -> None:
    with pytest.raises(PictureError, match=name):
        read_photo(BAD[name], name)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_the_way_out(name: str) -> None:
    with pytest.raises(PictureError, match=WAY_OUT):
        read_photo(BAD[name], name)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"])
def test_a_damaged_file_is_read_or_refused(kind: str, random: np.random.Generator) -> None:
    """Nothing but a PictureError comes out, wherever bytes are lost or changed."""
    exif = {} if kind in ("GIF", "BMP") else {"exif": Image.Exif()}
    whole = np.frombuffer(encoded(blocks(), kind, **exif), np.uint8)
    for _ in range(150):
        content = whole.copy()
        places = random.integers(0, min(len(whole), 600), random.integers(0, 6))
        content[places] = random.integers(0, 256, len(places))
        cut = content[: random.integers(1, len(whole))] if random.random() < 0.5 else content
        with suppress(PictureError):
            assert read_photo(cut.tobytes(), "damaged").image.dtype == np.uint8


@pytest.mark.parametrize("shape", [(480, 640), (4096, 3072), (300, 1000), (1000, 333), (77, 99), (614, 4096)])
def test_the_network_sees_the_proportions_and_about_as_many_pixels(shape: tuple[int, int]) -> None:
    size = (512, 1024)
    height, width = input_size(shape, size)
    factor = np.sqrt(size[0] * size[1] / (shape[0] * shape[1]))
    assert height % STRIDE == width % STRIDE == 0
    assert abs(height - factor * shape[0]) <= STRIDE / 2
    assert abs(width - factor * shape[1]) <= STRIDE / 2
    assert height * width == pytest.approx(size[0] * size[1], rel=0.04)


@pytest.mark.parametrize("shape", [(512, 1024), (1024, 2048), (100, 200)])
def test_equal_proportions_are_seen_at_the_size_itself(shape: tuple[int, int]) -> None:
    assert input_size(shape, (512, 1024)) == (512, 1024)


@pytest.mark.parametrize("size", [(513, 1025), (509, 1021), (36, 68), (129, 257)])
@pytest.mark.parametrize("shape", [(513, 1025), (480, 640)])
def test_a_size_that_is_no_multiple_of_the_stride_is_made_one(shape: tuple[int, int], size: tuple[int, int]) -> None:
    """Else the last cells would hang over the picture, and all be painted too small."""
    found = input_size(shape, (size[0] * 2, size[1] * 2) if min(size) < 129 else size)
    assert [side % STRIDE for side in found] == [0, 0]


def test_proportions_that_leave_too_short_a_side_are_refused() -> None:
    with pytest.raises(PictureError, match="crop"):
        input_size((100, 4096), (128, 256))


def test_a_data_set_offers_both_splits(tmp_path: Path) -> None:
    gallery = Gallery(Cityscapes(write_dataset(tmp_path, train=2, val=1), "val"))
    train = [f"train/alpha_00000{index}_000019" for index in range(2)]
    assert sorted(gallery.names) == [*train, "val/beta_000000_000019"]
    assert gallery.names[0].startswith("val/")


def test_a_frame_has_its_pixels_and_classes(tmp_path: Path) -> None:
    frames = Cityscapes(write_dataset(tmp_path, train=1, val=2), "val")
    picture, (image, mask) = Gallery(frames).open("val/beta_000001_000019"), frames.read(1)
    assert np.array_equal(picture.image, image.permute(1, 2, 0).numpy())
    assert picture.classes is not None
    assert np.array_equal(picture.classes, mask.numpy())


def test_a_damaged_frame_is_told(tmp_path: Path) -> None:
    frames = Cityscapes(write_dataset(tmp_path, train=0, val=1), "val")
    frames.pairs[0].image.write_bytes(b"damaged")
    with pytest.raises(PictureError, match="beta_000000_000019"):
        Gallery(frames).open("val/beta_000000_000019")


def test_images_in_memory_are_pictures_by_number() -> None:
    gallery = Gallery([blocks(0), blocks(1)])
    assert gallery.names == ["image/0", "image/1"]
    assert np.array_equal(gallery.open("image/1").image, blocks(1))


@pytest.mark.parametrize("image", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3)), np.zeros((9, 9, 4), np.uint8)])
def test_arrays_that_are_no_image_are_refused(image: np.ndarray) -> None:
    with pytest.raises(PictureError, match=r"image 1 must be \(H, W, 3\) uint8 RGB"):
        Gallery([blocks(), image])


def test_an_unknown_name_is_told_with_one_that_is_known() -> None:
    with pytest.raises(PictureError, match="no picture 'nowhere'.*'image/0'"):
        Gallery([blocks()]).open("nowhere")


def test_a_photograph_is_added_to_the_pictures() -> None:
    gallery = Gallery([blocks()])
    assert gallery.add(read_photo(encoded(blocks(1)), "mine.png")) == "photo/mine.png"
    assert np.array_equal(gallery.open("photo/mine.png").image, blocks(1))


def test_another_photograph_of_the_same_name_is_opened_instead() -> None:
    gallery = Gallery([blocks()])
    for seed in (1, 2):
        name = gallery.add(read_photo(encoded(blocks(seed)), "image.png"))
        assert np.array_equal(gallery.open(name).image, blocks(seed))


def test_pictures_differ_by_their_digest() -> None:
    assert Picture("a", blocks(0)).digest == Picture("b", blocks(0)).digest != Picture("a", blocks(1)).digest
