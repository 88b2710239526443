"""Image files of every kind, made bit by bit, become what a viewer would show of them."""

import struct
import zlib
from collections.abc import Callable
from contextlib import suppress

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.views.inspector.samples import blocks, encoded
from tests.views.inspector.state.test_pictures import ORIENTATIONS
from thesis_lib.views.inspector.state.decoding import scaled
from thesis_lib.views.inspector.state.pictures import PictureError, read_photo

TYPES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 255)
"""Of values in EXIF data, and some that there are not."""
TAGS = (0x0100, 0x0101, 0x010F, 0x011A, 0x0128, 0x0132, 0x013B, 0x0144, 0x014A, 0x0201, 0x02BC, 0x8773, 0x83BB, 0x8649)
TAGS += (0x8769, 0x8825, 0x9003, 0x9286, 0x927C, 0x9C9B, 0xA005, 0xC4A5, 0x0001, 0xFFFF)
"""Sizes, makers, resolutions, dates, XMP, colour profiles, pointers to further tags, makers' notes, unknown ones."""
SIDEWAYS = (0x0112, 3, 1, 6)
Tag = tuple[int, int, int, int]


def exif(*tags: Tag, tail: bytes = b"") -> bytes:
    """A block of tags, each (tag, type, count, value), without regard for what they should be."""
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0) + tail


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def in_jpeg(block: bytes) -> bytes:
    segment = b"Exif\0\0" + block
    file = encoded(blocks(), "JPEG", quality=95)
    return file[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + file[2:]


def in_png(block: bytes) -> bytes:
    file = encoded(blocks())
    return file[:33] + chunk(b"eXIf", block) + file[33:]


def in_png_behind(block: bytes) -> bytes:
    file = encoded(blocks())
    return file[:-12] + chunk(b"eXIf", block) + file[-12:]


def in_webp(block: bytes) -> bytes:
    return encoded(blocks(), "WEBP", lossless=True, exif=block)


CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    "JPEG": in_jpeg,
    "PNG": in_png,
    "PNG, behind": in_png_behind,
    "WebP": in_webp,
}


def odd_tags(random: np.random.Generator) -> Tag:
    count = int(random.choice([0, 1, 2, 5, 1000, 2**32 - 1]))
    return int(random.choice(TAGS)), int(random.choice(TYPES)), count, int(random.choice([0, 8, 26, 4096, 2**32 - 1]))


@pytest.mark.parametrize("container", CONTAINERS)
def test_odd_tags_beside_an_orientation_do_not_matter(container: str, random: np.random.Generator) -> None:
    sideways = np.rot90(blocks(), -1)
    for _ in range(150):
        tags = [SIDEWAYS, *(odd_tags(random) for _ in range(random.integers(1, 4)))]
        tail = random.bytes(random.integers(0, 40))
        image = read_photo(CONTAINERS[container](exif(*tags, tail=tail)), "odd").image
        assert np.abs(image.astype(int) - sideways).mean() < 12, tags


@pytest.mark.parametrize("container", CONTAINERS)
def test_an_odd_orientation_does_not_matter(container: str, random: np.random.Generator) -> None:
    for kind in TYPES:
        tag = (0x0112, kind, int(random.choice([0, 1, 2, 9, 2**32 - 1])), int(random.integers(0, 2**32)))
        image = read_photo(CONTAINERS[container](exif(tag, odd_tags(random))), "odd").image
        assert sorted(image.shape) == sorted(blocks().shape), tag


@pytest.mark.parametrize("container", CONTAINERS)
def test_exif_data_of_noise_do_not_matter(container: str, random: np.random.Generator) -> None:
    whole = exif(SIDEWAYS, (0x8769, 4, 1, 8), (0x8825, 4, 1, 26))
    for _ in range(40):
        noise = bytearray(whole[: random.integers(0, len(whole))] + random.bytes(random.integers(1, 30)))
        for place in random.integers(0, len(noise), random.integers(0, 4)):
            noise[place] = random.integers(0, 256)
        image = read_photo(CONTAINERS[container](bytes(noise)), "noise").image
        assert sorted(image.shape) == sorted(blocks().shape)


@pytest.mark.parametrize(
    "xmp", [b"\xff\xfe", b"<", b'<a tiff:Orientation="6"/>', b'<a tiff:Orientation="0"/>', b"\0" * 9]
)
def test_odd_xmp_does_not_matter(xmp: bytes) -> None:
    assert sorted(read_photo(encoded(blocks(), "JPEG", xmp=xmp), "xmp").image.shape) == sorted(blocks().shape)


def tiff(pixels: np.ndarray, *tags: Tag) -> bytes:
    """RGB without compression."""
    height, width, _ = pixels.shape
    count = 9 + len(tags)
    start = 8 + 2 + 12 * count + 4
    own = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, start), (259, 3, 1, 1), (262, 3, 1, 2)]
    own += [(273, 4, 1, start + 6), (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, pixels.size)]
    return exif(*sorted([*own, *tags]), tail=struct.pack("<HHH", 8, 8, 8) + pixels.tobytes())


def test_a_tiff_made_here_is_read() -> None:
    assert np.array_equal(read_photo(tiff(blocks()), "a.tif").image, blocks())
    assert np.array_equal(read_photo(tiff(blocks(), SIDEWAYS), "a.tif").image, np.rot90(blocks(), -1))


def test_odd_tags_in_a_tiff_do_not_matter(random: np.random.Generator) -> None:
    beside = [tag for tag in TAGS if tag not in (0x0100, 0x0101, 0x0144, 0x014A, 0x0201)]
    for tag in beside:
        for kind in TYPES:
            odd = (tag, kind, int(random.choice([0, 1, 2, 5, 1000])), int(random.choice([0, 8, 26, 4096])))
            image = read_photo(tiff(blocks(), SIDEWAYS, odd), "odd.tif").image
            assert np.array_equal(image, np.rot90(blocks(), -1)), odd


# --- depths and modes ------------------------------------------------------------------------------------------------

LEVELS = cv2.cvtColor(blocks(), cv2.COLOR_RGB2GRAY)


def in_tiff(values: np.ndarray) -> bytes:
    return cv2.imencode(".tif", values)[1].tobytes()


def shown(values: np.ndarray) -> np.ndarray:
    return read_photo(in_tiff(values), "deep.tif").image


DEPTHS: dict[str, np.ndarray] = {
    "float32, shares": (LEVELS / 255).astype(np.float32),
    "float64, shares": LEVELS / 255,
    "float32, as 8 bits": LEVELS.astype(np.float32),
    "float32, as 16 bits": (257.0 * LEVELS).astype(np.float32),
    "int32, as 8 bits": LEVELS.astype(np.int32),
    "uint32, as 16 bits": 257 * LEVELS.astype(np.uint32),
    "uint16": 257 * LEVELS.astype(np.uint16),
    "uint16, 12 bits": (LEVELS * (4095 / 255)).round().astype(np.uint16),
    "uint16, as 8 bits": LEVELS.astype(np.uint16),
}


@pytest.mark.parametrize("depth", DEPTHS)
def test_deep_greys_are_scaled_to_eight_bits(depth: str) -> None:
    image = shown(DEPTHS[depth])
    assert np.abs(image[..., 1].astype(int) - LEVELS).max() <= 1
    assert np.ptp(image, axis=2).max() == 0


STRETCHED: dict[str, np.ndarray] = {
    "float32, any range": (LEVELS * 3.7 - 812).astype(np.float32),
    "float32, tiny": (LEVELS * 1e-9).astype(np.float32),
    "int32, below zero": LEVELS.astype(np.int32) * 1000 - 70_000,
    "int32, large": LEVELS.astype(np.int32) * 8_000_000,
    "uint32, beyond the sign": LEVELS.astype(np.uint32) * 16_000_000,
    "int16": LEVELS.astype(np.int16) - 128,
    "float64, far from zero": LEVELS + 5e6,
}


@pytest.mark.parametrize("depth", STRETCHED)
def test_other_ranges_are_stretched(depth: str) -> None:
    values = STRETCHED[depth].astype(np.float64)
    expected = 255 * (values - values.min()) / np.ptp(values)
    image = shown(STRETCHED[depth])
    assert np.abs(image[..., 0] - expected).max() <= 2


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.uint32, np.int32, np.uint16])
@pytest.mark.parametrize("channels", [3, 4])
def test_deep_colours_are_scaled_to_eight_bits(kind: type, channels: int) -> None:
    top = 1.0 if np.issubdtype(kind, np.floating) else 65535
    values = (blocks()[..., ::-1] / 255 * top).astype(kind)
    if channels == 4:
        values = np.dstack([values, np.full(values.shape[:2], top, kind)])
    assert np.abs(shown(values).astype(int) - blocks()).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("values", [LEVELS / 255, blocks().astype(np.float32) / 255], ids=["grey", "colour"])
def test_a_deep_tiff_is_turned_upright(values: np.ndarray, orientation: int) -> None:
    file = in_tiff(np.ascontiguousarray(ORIENTATIONS[orientation](values)))
    (start,) = struct.unpack("<I", file[4:8])
    (count,) = struct.unpack("<H", file[start : start + 2])
    tags = [struct.unpack_from("<HHII", file, start + 2 + 12 * number) for number in range(count)]
    header = exif(*sorted([*(tag for tag in tags if tag[0] != 274), (274, 3, 1, orientation)]))[8:]
    image = read_photo(file[:4] + struct.pack("<I", len(file)) + file[8:] + header, "deep.tif").image
    upright = read_photo(in_tiff(values), "deep.tif").image
    assert np.array_equal(image, upright)


def test_what_was_done_to_deep_values_is_told() -> None:
    assert read_photo(in_tiff(STRETCHED["int32, below zero"]), "a").note == "values -65000 to 172000 shown as 0 to 255"
    assert read_photo(in_tiff(DEPTHS["float32, shares"]), "a").note == "values 0 to 1 shown as 0 to 255"


def test_a_few_wild_values_leave_the_rest_as_it_is() -> None:
    values = (LEVELS / 255).astype(np.float32)
    values[0, :4] = np.nan, np.inf, -np.inf, 1e30
    image = shown(values)[..., 0].astype(int)
    assert np.abs(image - LEVELS)[1:].max() <= 1
    assert image[0, :4].tolist() == [0, 255, 0, 255]


def test_values_of_which_none_is_finite_are_refused() -> None:
    with pytest.raises(PictureError, match=r"nan\.tif .*finite"):
        read_photo(in_tiff(np.full((80, 80), np.nan, np.float32)), "nan.tif")


@pytest.mark.parametrize("value", [0, 7, -3.5, 1e30])
def test_a_constant_is_shown(value: float) -> None:
    assert np.ptp(scaled(np.full((8, 8), value))[0]) == 0


def test_lab_has_its_colours() -> None:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(Image.fromarray(blocks()), *profiles, outputMode="LAB")
    assert lab is not None
    image = read_photo(encoded(lab, "TIFF"), "lab.tif").image
    assert np.abs(image.astype(int) - blocks()).mean() < 3


MODES = ("CMYK", "YCbCr", "RGBA", "P", "PA", "LA", "RGBX", "1", "L", "I;16", "I", "F")


def saved(mode: str, kind: str) -> bytes | None:
    """The blocks in a mode of Pillow, if files of a kind can have it."""
    try:
        return encoded(Image.fromarray(LEVELS if mode in ("I;16", "I", "F") else blocks()).convert(mode), kind)
    except (OSError, KeyError, ValueError):
        return None


@pytest.mark.filterwarnings("ignore:Saving I mode:DeprecationWarning")
@pytest.mark.parametrize("kind", ["TIFF", "PNG", "WEBP", "JPEG", "GIF", "JPEG2000", "TGA", "BMP", "PPM", "AVIF"])
def test_every_mode_that_can_be_saved_is_shown(kind: str) -> None:
    files = {mode: file for mode in MODES if (file := saved(mode, kind))}
    assert files
    for mode, file in files.items():
        grey = cv2.cvtColor(read_photo(file, "any").image, cv2.COLOR_RGB2GRAY)
        means = cv2.resize(grey, (16, 8), interpolation=cv2.INTER_AREA)
        assert np.corrcoef(means.ravel(), LEVELS[::8, ::8].ravel())[0, 1] > 0.95, mode


def see_through() -> Image.Image:
    """The blocks at the left; at the right black, but transparent."""
    pixels = np.dstack([blocks(), np.full((64, 128), 255, np.uint8)])
    pixels[:, 64:] = 0
    return Image.fromarray(pixels)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparent_parts_are_white(kind: str) -> None:
    image = read_photo(encoded(see_through(), kind, **({"lossless": True} if kind == "WEBP" else {})), "a").image
    assert np.array_equal(image[:, :64], blocks()[:, :64])
    assert image[:, 64:].min() == 255


def test_a_transparent_colour_of_a_palette_is_white() -> None:
    palette = Image.fromarray(np.kron([[0, 1], [2, 3]], np.ones((40, 40), int)).astype(np.uint8), "L").convert("P")
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    image = read_photo(encoded(palette, transparency=0), "a.png").image
    assert image[[0, 0, 79, 79], [0, 79, 0, 79]].tolist() == [[255] * 3, [255, 0, 0], [0, 255, 0], [0, 0, 255]]


def test_half_transparent_grey_lies_on_white() -> None:
    grey = Image.fromarray(np.dstack([np.zeros((80, 80), np.uint8), np.full((80, 80), 128, np.uint8)]), "LA")
    assert np.abs(read_photo(encoded(grey), "a.png").image.astype(int) - 127).max() <= 1


# --- frames, bombs, damage -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_several_frames_the_first_is_shown_and_that_is_told(kind: str) -> None:
    flat = [Image.new("RGB", (96, 80), color) for color in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = read_photo(encoded(flat[0], kind, save_all=True, append_images=flat[1:], **options), "moving")
    assert np.abs(picture.image.astype(int) - (255, 0, 0)).max() <= 3
    assert picture.note == "the first of several frames"


def test_a_bomb_of_a_tiff_that_pillow_does_not_read_is_refused() -> None:
    tags = [(256, 4, 1, 100_000), (257, 4, 1, 100_000), (258, 3, 1, 64), (277, 3, 1, 3), (273, 4, 1, 8), (339, 3, 1, 3)]
    with pytest.raises(PictureError, match="too many pixels"):
        read_photo(exif(*tags, tail=bytes(99)), "bomb.tif")


@pytest.mark.parametrize("depth", ["float64, shares", "uint16", "float32, shares"])
def test_a_damaged_deep_tiff_is_read_or_refused(depth: str, random: np.random.Generator) -> None:
    whole = np.frombuffer(in_tiff(DEPTHS[depth]), np.uint8)
    for _ in range(60):
        content = whole.copy()
        ends = random.integers(0, 8, 3), random.integers(len(whole) - 200, len(whole), 3)
        content[np.concatenate(ends)] = random.integers(0, 256, 6)
        with suppress(PictureError):
            read_photo(content[: random.integers(8, len(whole) + 1)].tobytes(), "damaged.tif")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused(kind: str, share: float) -> None:
    whole = encoded(np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8), kind)
    with pytest.raises(PictureError, match="cut"):
        read_photo(whole[: int(share * len(whole))], "cut")


def test_a_truncated_png_is_refused_whatever_its_exif_data_say() -> None:
    whole = in_png(exif(SIDEWAYS, (0x010F, 11, 1, 0)))
    with pytest.raises(PictureError, match="cut"):
        read_photo(whole[: len(whole) // 2], "cut")


def test_a_name_that_no_file_can_have_is_made_one() -> None:
    """A browser may send half of a surrogate pair."""
    assert read_photo(encoded(blocks()), "a\ud800.png").name == "photo/a?.png"
