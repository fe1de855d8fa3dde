"""Files of images as people and attackers have them, read to pixels or refused with the reason."""

import io
import os
import struct
import time
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from tfgan_zoo.datasets import decoding, images
from tfgan_zoo.datasets.decoding import Reading

RANDOM = np.random.default_rng(0)


def pixels(height=6, width=4, channels=3):
    return RANDOM.integers(0, 256, (height, width, channels), np.uint8)


def encoded(image, format, **options):
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(file := io.BytesIO(), format, **options)
    return file.getvalue()


@pytest.fixture
def read(tmp_path):
    def from_bytes(contents, size=None, channels=3, **options):
        (tmp_path / "image").write_bytes(contents)
        return decoding.read(tmp_path / "image", Reading(size, channels, **options))

    return from_bytes


def chunk(kind, data):
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check


def png(width, height, depth=8, colours=2, rest=b""):
    """A PNG file of zeros, of any size in little memory."""
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    row = bytes(1 + width * depth // 8 * {0: 1, 2: 3}[colours])
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + rest
    return start + chunk(b"IDAT", body) + chunk(b"IEND", b"")


# === What is read ===


@pytest.mark.parametrize("orientation", range(10))
def test_orientation_is_applied(read, orientation):
    image, exif = Image.fromarray(pixels()), Image.Exif()
    exif[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(_with_exif(image, exif)))
    for format in ("PNG", "WEBP", "TIFF"):
        options = {"lossless": True} if format == "WEBP" else {}
        found = read(encoded(image, format, exif=exif, **options))
        assert np.array_equal(found.pixels, upright), format
        if format != "TIFF":  # Pillow turns these itself
            assert ("rotated" in found.reinterpreted) == (orientation in range(2, 9))


def _with_exif(image, exif):
    return Image.open(io.BytesIO(encoded(image, "PNG", exif=exif)))


def test_a_phones_photo_is_upright_and_damaged_exif_is_not_heeded(read):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = encoded(pixels(16, 8), "JPEG", exif=exif)
    assert read(photo).pixels.shape == (8, 16, 3)
    assert read(photo.replace(b"Exif\0\0MM", b"Exif\0\0??")).pixels.shape == (16, 8, 3)


GREY, RGBA = pixels(channels=1)[..., 0], pixels(channels=4)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_formats_keep_every_pixel(read, format):
    image = pixels()
    options = {"lossless": True} if format == "WEBP" else {}
    assert np.array_equal(read(encoded(image, format, **options)).pixels, image)


def test_palettes_bits_and_cmyk(read):
    red = Image.new("RGB", (4, 4), (200, 10, 10))
    for contents in (encoded(red.quantize(4), "BMP"), encoded(red.quantize(4), "GIF")):
        assert read(contents).pixels[0, 0].tolist() == [200, 10, 10]
    bits = Image.fromarray(GREY > 127)
    assert np.array_equal(read(encoded(bits, "PNG"), channels=1).pixels[..., 0], 255 * (GREY > 127))
    found = read(encoded(red.convert("CMYK"), "TIFF"))
    assert found.reinterpreted == ("colour space",)
    assert np.abs(found.pixels[0, 0] - [200, 10, 10]).max() < 2
    palette = Image.fromarray(RGBA).quantize(8)  # with an alpha of its own
    assert "transparent" in read(encoded(palette, "PNG")).reinterpreted


def test_transparency(read):
    image = RGBA.copy()
    image[0, 0, 3] = 0
    colours, alpha = image[..., :3].astype(float), image[..., 3:] / 255
    on_white = np.round(colours * alpha + 255 * (1 - alpha))
    found = read(encoded(image, "PNG"))
    assert np.array_equal(found.pixels, on_white) and found.reinterpreted == ("transparent",)
    kept = read(encoded(image, "PNG"), channels=4)
    assert np.array_equal(kept.pixels, image) and not kept.reinterpreted
    grey = Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(RGBA[..., 3])])
    found = read(encoded(grey, "PNG"), channels=4).pixels
    assert np.array_equal(found[..., 1], GREY) and np.array_equal(found[..., 3], RGBA[..., 3])
    assert np.all(read(encoded(pixels(), "PNG"), channels=4).pixels[..., 3] == 255)
    assert (
        read(encoded(Image.fromarray(GREY), "PNG", transparency=int(GREY[0, 0]))).pixels[0, 0, 0]
        == 255
    )


def test_transparent_pixels_do_not_colour_their_neighbours(read):
    image = np.zeros((8, 8, 4), np.uint8)
    image[:, 4:] = (250, 0, 0, 255)  # red, beside black that is not seen
    found = read(encoded(image, "PNG"), size=(4, 4), channels=4).pixels
    seen = found[found[..., 3] > 8]
    assert seen[:, 0].min() > 240 and len(seen) < 16


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bits_are_scaled_not_cut(read, channels):
    image = RANDOM.integers(0, 2**16, (5, 3, channels), np.uint16)
    found = read(tf.io.encode_png(image).numpy(), channels=4 if channels % 2 == 0 else 3)
    colours = image[..., : channels - 1] if channels % 2 == 0 else image
    expected = np.round(np.broadcast_to(colours / 257, (5, 3, 3)))
    assert np.array_equal(found.pixels[..., :3], expected)
    assert found.reinterpreted == ("deep",) and found.largest == colours.max()


def test_12_bits_by_choice(read):
    image = np.linspace(0, 4095, 1024).reshape(32, 32).astype(np.uint16)
    for format in ("PNG", "TIFF"):
        contents = encoded(image, format)
        assert read(contents, channels=1).pixels.max() == 16
        found = read(contents, channels=1, bit_depth=12)
        assert len(np.unique(found.pixels)) == 256 and found.pixels.max() == 255
        with pytest.raises(ValueError, match="values up to 4095, and bit_depth ends at 1023"):
            read(contents, bit_depth=10)


@pytest.mark.parametrize(("size", "channels"), [((4, 4), 3), ((5, 2), 1), ((9, 7), 3)])
def test_pixels_are_those_of_tensorflows_operations(read, size, channels):
    for image in (pixels(20, 12), pixels(20, 12, 4), pixels(20, 12, 1)):
        contents = tf.io.encode_png(image)
        expected = images.decode(contents, size, channels)
        assert np.array_equal(read(contents.numpy(), size, channels).pixels, expected)


def test_of_animations_the_first_frame(read):
    first = Image.fromarray(pixels(32, 48))
    rest = [Image.new("RGB", (48, 32), (k, 0, 0)) for k in range(3)]
    for format in ("WEBP", "PNG", "TIFF"):
        options = {"lossless": True} if format == "WEBP" else {}
        contents = encoded(first, format, save_all=True, append_images=rest, **options)
        found = read(contents)
        assert np.array_equal(found.pixels, first) and found.reinterpreted == ("frames",), format
        with pytest.raises(ValueError, match="several frames or pages. Give each as a picture"):
            decoding.read_bytes(contents, decoding.Reading(None, 3, is_still=True))


# === What is refused ===


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "empty.png").touch()
    with (tmp_path / "sparse.png").open("wb") as file:
        file.truncate(2**31)
    expected = {
        "pipe": "no regular file",
        "zero": "no regular file",
        "folder": "no regular file",
        "loop": "Too many levels",
        "empty": "The file is empty",
        "sparse": "2,147,483,648 bytes, more than",
        "absent": "No such file",
    }
    for name, reason in expected.items():
        with pytest.raises(ValueError, match=reason):
            decoding.read(tmp_path / f"{name}.png", Reading(None, 3))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "BMP"])
def test_headers_are_read_before_pixels(read, monkeypatch, format):
    contents = encoded(pixels(48, 32), format)
    assert read(contents, (4, 4), max_pixels=48 * 32).pixels.shape == (4, 4, 3)
    with pytest.raises(ValueError, match=r"cut|truncated|Truncated|header|decoder"):
        read(contents[: len(contents) // 2])
    monkeypatch.setattr(Image.Image, "load", None)
    with pytest.raises(ValueError, match=r"32 x 48 pixels, more than max_pixels=1,535"):
        read(contents, max_pixels=1535)


def test_a_bomb_is_refused_unread(read):
    contents = png(8000, 8000)
    assert len(contents) < 250_000
    with pytest.raises(ValueError, match="8000 x 8000 pixels, more than max_pixels"):
        read(contents, (8, 8))
    for width, height in ((2**31 - 1, 2**31 - 1), (2**31 - 1, 1)):
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        huge = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")
        with pytest.raises(ValueError, match="more pixels than max_pixels"):
            read(huge)
    for width, height in ((100_000, 100_000), (-4, 4), (2**31 - 1, -(2**31))):
        header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        with pytest.raises(ValueError, match=r"pixels|header"):
            read(b"BM" + struct.pack("<IHHI", 100, 0, 0, 54) + header + bytes(100))


def test_headers_without_end_are_given_up(read):
    begin = time.perf_counter()
    for contents in (
        b"\xff\xd8" + b"\xff" * 2**22,
        png(4, 4, rest=chunk(b"abCd", b"") * 200_000),
        png(4, 4, rest=chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(2**27)))),
    ):
        with pytest.raises(ValueError, match=r"too many parts|too large"):
            read(contents)
    assert time.perf_counter() - begin < 20


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "BMP"])
def test_damaged_files_are_read_or_refused(read, format):
    contents = encoded(pixels(48, 32), format)
    for _ in range(60):
        damaged = bytearray(contents)
        for place in RANDOM.integers(len(contents), size=4):
            damaged[place] = RANDOM.integers(256)
        try:
            assert read(bytes(damaged), (4, 4)).pixels.shape == (4, 4, 3)
        except ValueError as error:
            assert str(error) and "\n" not in str(error)
