"""Served models from images to images: files of any size and kind, by REST, gRPC, client and CLI."""

import base64
import io

import numpy as np
import pytest
import tensorflow as tf
from cases import make
from PIL import Image, ImageOps
from running_server import Server
from typer.testing import CliRunner

import tfgan_zoo
from tfgan_zoo import cli, serving
from tfgan_zoo.serving import Client, StatusError, golden

pytestmark = pytest.mark.xdist_group("translation")


@pytest.fixture(scope="module")
def model():
    """It tells colours apart, and all pixels of a picture."""
    model = make("CycleGAN", image_shape=(16, 16, 3))
    for network in (model.ema_generator, model.ema_backward_generator):
        network.set_weights([4 * weight for weight in network.get_weights()])
    return model


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    return model.export(tmp_path_factory.mktemp("served"), "own", warmup_batch_sizes=[1])


@pytest.fixture(scope="module")
def server(exported):
    folder = exported.parent
    flags = (f"--model_base_path={folder}", "--model_name=own", "--trust_model")
    with Server(folder.parent, *flags) as server:
        yield server


def pixels(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def written(image, kind="PNG", **options):
    """The bytes of a Pillow image, or of an array, as a file."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def animated(kind):
    frames = [Image.fromarray(pixels(6, 8, seed=seed)) for seed in range(3)]
    return written(frames[0], kind, save_all=True, append_images=frames[1:])


def seen(file):
    """The pixels of a file in RGB, as TensorFlow has them: its decoder of JPEG differs from Pillow's by
    some levels, of which a network may make many."""
    return tf.io.decode_image(file, 3, expand_animations=False).numpy()


RGB, GREY = pixels(7, 9), pixels(7, 9, 1)[..., 0]
RGBA = np.concatenate([RGB, pixels(7, 9, 1, seed=1)], axis=-1)
ON_WHITE = np.uint8(np.round(RGB * (RGBA[..., 3:] / 255) + 255 - RGBA[..., 3:]))
DEEP = (pixels(7, 9, 1, seed=2)[..., 0].astype(np.uint16) * 257).astype(np.uint16)
SMOOTH = np.asarray(Image.fromarray(pixels(3, 3)).resize((24, 16), Image.BICUBIC))
READ = {  # {what: (file, pixels of it)}
    "PNG": (written(RGB), RGB),
    "BMP": (written(RGB, "BMP"), RGB),
    "GIF": (written(Image.fromarray(RGB).quantize(64), "GIF"), None),
    "JPEG": (written(SMOOTH, "JPEG"), None),
    "grey": (written(GREY), np.repeat(GREY[..., None], 3, -1)),
    "grey JPEG": (written(Image.fromarray(SMOOTH).convert("L"), "JPEG"), None),
    "palette": (written(Image.fromarray(RGB).quantize(32)), None),
    "transparent": (written(RGBA), ON_WHITE),
    "16 bits": (written(Image.fromarray(DEEP)), np.repeat(np.uint8(DEEP >> 8)[..., None], 3, -1)),
    "CMYK": (written(Image.fromarray(SMOOTH).convert("CMYK"), "JPEG"), None),
    "1x1": (written(RGB[:1, :1]), RGB[:1, :1]),
    "1 row": (written(RGB[:1]), RGB[:1]),
}
NOT_READ = {
    "nothing": b"",
    "text": b"no picture at all, but long enough for a header of one",
    "only a header": written(RGB)[:30],
    "a PNG cut off": written(RGB)[:-30],
    "a JPEG cut off": written(SMOOTH, "JPEG")[:-60],
    "WebP": written(RGB, "WEBP"),
    "animated WebP": animated("WEBP"),
    "animated GIF": animated("GIF"),
    "TIFF": written(RGB, "TIFF"),
    "BMP with a palette": written(Image.fromarray(RGB).quantize(32), "BMP"),
    "BMP of 1 bit": written(Image.fromarray(GREY).convert("1"), "BMP"),
    "BMP of 32 bits": written(RGBA, "BMP"),
    "transparent GIF": written(Image.fromarray(RGB).quantize(8), "GIF", transparency=1),
    "a JPEG with much behind its end": written(SMOOTH, "JPEG") + bytes(5000),
    "too many pixels": written(np.zeros((1025, 1024), np.uint8)),
    "20,000 x 20,000": written(Image.new("1", (20_000, 20_000))),
}


def levels(first, second):
    return np.abs(first.astype(int) - second).max()


@pytest.mark.parametrize("name", READ)
def test_pictures_that_are_read(name, server, model):
    file, expected = READ[name]
    expected = seen(file) if expected is None else expected
    with Client(server.target, "own") as client:
        (found,) = client.translate(file)
    by_pillow = np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
    assert name in ("transparent", "16 bits") or levels(expected, by_pillow) <= 12
    assert found.shape == expected.shape
    if name != "1x1":  # of one colour: what is normalized is rounding
        assert levels(found, model.translate(expected)) <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["little", "big"])
def test_orientation_of_exif(orientation, order, server, model):
    tags = exif(orientation)
    if order == "big":  # Pillow writes little-endian by itself
        tags = (
            b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"
            + bytes([orientation])
            + b"\0" * 6
        )
    stored = SMOOTH[:, :12]
    file = written(stored, "JPEG", exif=tags, quality=100, subsampling=0)
    plain = written(stored, "JPEG", quality=100, subsampling=0)
    with Client(server.target, "own") as client:
        found, as_stored = client.translate([file, plain])
    turned = {1: lambda x: x, 2: lambda x: x[:, ::-1], 3: lambda x: x[::-1, ::-1]}
    turned |= {4: lambda x: x[::-1], 5: lambda x: x.transpose(1, 0, 2)}
    turned |= {6: lambda x: x.transpose(1, 0, 2)[:, ::-1]}
    turned |= {
        7: lambda x: x.transpose(1, 0, 2)[::-1, ::-1],
        8: lambda x: x.transpose(1, 0, 2)[::-1],
    }
    if order == "little":
        png = written(stored, "PNG", exif=tags)
        with Client(server.target, "own") as client:
            (turned_png,) = client.translate(png)
        assert levels(turned_png, model.translate(turned[orientation](stored))) <= 1
    upright = turned[orientation](seen(plain))
    by_pillow = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(file))))
    assert levels(upright, by_pillow) <= 12
    assert levels(found, model.translate(upright)) <= 1
    assert levels(as_stored, model.translate(seen(plain))) <= 1


@pytest.mark.parametrize("name", NOT_READ)
def test_pictures_that_are_not_read_are_answered_by_themselves(name, server, model):
    """Rows beside it are answered as ever; the client names it by its number."""
    contents = np.array([written(RGB), NOT_READ[name]], object)
    with Client(server.target, "own") as client:
        answer = client.predict("translate", {"image_bytes": contents})["image_bytes"]
        assert levels(seen(answer[0]), model.translate(RGB)) <= 1 and answer[1] == b""
        with pytest.raises(ValueError, match="picture number 1"):
            client.translate(list(contents))


def test_damage_within_fails_the_request_and_nothing_else(server):
    file = bytearray(written(pixels(40, 40)))
    file[60:90] = bytes(30)
    with Client(server.target, "own") as client:
        with pytest.raises(StatusError, match="INVALID_ARGUMENT|PNG"):
            client.translate(bytes(file))
        assert len(client.translate(RGB)) == 1


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_client(protocol, direction, server, model, tmp_path):
    pictures = [pixels(5, 7), pixels(11, 6), pixels(3, 3)]
    (tmp_path / "1.png").write_bytes(written(pictures[0]))
    target = server.url if protocol == "rest" else server.target
    with Client(target, "own") as client:
        given = [tmp_path / "1.png", pictures[1], written(pictures[2])]
        found = client.translate(given, direction, batch_size=2)
        with pytest.raises(ValueError, match="no signature 'generate_png'"):
            client.generate(1)
    for image, answer in zip(pictures, found, strict=True):
        assert levels(answer, model.translate(image, direction)) <= 1


def test_rest_as_curl_sends_it(server, model):
    body = {
        "signature_name": "translate",
        "instances": [{"b64": base64.b64encode(written(RGB)).decode()}],
    }
    status, answer = server.predict(body, "/v1/models/own:predict")
    assert status == 200
    file = base64.b64decode(answer["predictions"][0]["b64"])
    assert levels(seen(file), model.translate(RGB)) <= 1


def test_golden_pictures(server, exported, model):
    recorded = golden.read(exported)
    assert recorded.images.shape == (8, 16, 16, 3) and len(recorded.pictures) == 8
    assert levels(recorded.images[3], model.translate(seen(recorded.pictures[3]))) <= 1
    assert "8 images" in serving.verify(exported, trust_model=True)
    with Client(server.target, "own") as client:
        assert "8 images" in client.verify(exported)


@pytest.mark.full
def test_an_export_in_bfloat16(model, tmp_path):
    path = model.export(tmp_path, "own", dtype="mixed_bfloat16", warmup_batch_sizes=[1])
    assert golden.read(path).tolerance >= 1
    assert "identical" in golden.verify(path, trust_model=True)


# === Command line ===


def translate(*words):
    return CliRunner().invoke(cli.app, ["translate", *map(str, words)])


def test_command_line(exported, model, tmp_path):
    photos = tmp_path / "photos"
    (photos / "deep").mkdir(parents=True)
    (photos / "1.jpg").write_bytes(written(SMOOTH, "JPEG"))
    (photos / "deep" / "2.png").write_bytes(written(RGB))
    done = translate(exported, photos, tmp_path / "out", "--trust-model")
    assert done.exit_code == 0, done.output
    assert "Translated 2 of 2" in done.output
    made = np.asarray(Image.open(tmp_path / "out" / "deep" / "2.png"))
    assert levels(made, model.translate(RGB)) <= 1
    again = translate(exported, photos, tmp_path / "out", "--trust-model")
    assert again.exit_code != 0 and "exists" in again.output
    options = [
        "--trust-model",
        "--overwrite",
        "--direction",
        "backward",
        "--tile",
        16,
        "--overlap",
        4,
    ]
    done = translate(exported, photos / "1.jpg", tmp_path / "out" / "1.png", *options)
    assert done.exit_code == 0, done.output
    (photos / "bad.png").write_bytes(b"no picture")
    done = translate(exported, photos, tmp_path / "out", "--trust-model", "--overwrite")
    assert done.exit_code != 0 and "bad.png" in done.output and "Translated 2 of 3" in done.output


def test_command_line_takes_files_by_their_names_and_patterns(exported, model, tmp_path):
    (tmp_path / "in" / "below").mkdir(parents=True)
    for name in ("a[1].png", "b.png"):
        (tmp_path / "in" / name).write_bytes(written(RGB))
    options = ["--trust-model", "--overwrite"]
    done = translate(exported, tmp_path / "in" / "a[1].png", tmp_path / "one", *options)
    assert done.exit_code == 0 and (tmp_path / "one" / "a[1].png").is_file(), done.output
    done = translate(exported, tmp_path / "in" / "*", tmp_path / "all", *options)
    assert done.exit_code == 0 and "Translated 2 of 2" in done.output, done.output
    done = translate(exported, tmp_path / "in" / "b*", tmp_path / "b.png", *options)
    assert done.exit_code == 0 and (tmp_path / "b.png").is_file(), done.output
    for inputs, out in (("b.png", "b.jpg"), ("*", "c.png")):
        done = translate(exported, tmp_path / "in" / inputs, tmp_path / out, *options)
        assert done.exit_code != 0 and "cannot be written as" in done.output


def test_command_line_refuses_options_once(exported, tmp_path):
    (tmp_path / "1.png").write_bytes(written(RGB))
    done = translate(exported, tmp_path, tmp_path / "out", "--trust-model", "--tile", 8)
    assert done.exit_code != 0 and "left out" not in done.output and "overlap" in done.output


def test_commands_that_draw_refuse_what_translates(exported, tmp_path):
    words = ["sample", str(exported), "--trust-model", "--out", str(tmp_path / "1.png")]
    done = CliRunner().invoke(cli.app, words)
    assert done.exit_code != 0 and "tfgan-zoo translate" in done.output


def test_command_line_refuses_what_draws_from_latents(tmp_path):
    path = make("DCGAN").export(tmp_path, "own", warmup_batch_sizes=[1])
    (tmp_path / "1.png").write_bytes(written(RGB))
    done = translate(path, tmp_path / "1.png", tmp_path / "2.png")
    assert done.exit_code != 0 and "draws images from latents" in done.output


def test_loading_needs_trust(exported):
    with pytest.raises(tfgan_zoo.trust.UntrustedModelError, match="DecodePng"):
        tfgan_zoo.from_preset(exported)
