"""`tfgan-zoo explore` without a browser: what it draws, tells and refuses."""

import shlex

import numpy as np
import pytest
from cases import make
from explored import picture, pixels, tiny
from typer.testing import CliRunner

import tfgan_zoo
from tfgan_zoo import cli, latent, progress
from tfgan_zoo.cli import arguments
from tfgan_zoo.explore import Drawing, Translation, commands, query
from tfgan_zoo.explore.work import Cancelled


def full(*values):
    return pytest.param(*values, marks=pytest.mark.full)


def image(backend, **asked):
    return pixels(backend.image(query.parsed(asked, backend.image_parameters)))


def run(command, folder, monkeypatch):
    """Runs what the page shows, in a folder; the pixels of the picture that it writes."""
    monkeypatch.chdir(folder)
    for part in command.split(" && "):
        done = CliRunner().invoke(cli.app, shlex.split(part)[1:])
        assert done.exit_code == 0, done.output
    return pixels(folder / "picture.png")


# === What it draws ===


def test_a_seed_is_the_image_of_generate():
    gan = tiny("DCGAN")
    backend = Drawing(gan, ["m"])
    np.testing.assert_array_equal(image(backend, seed="3"), gan.generate(1, 3)[0])
    thin = gan.generate(1, 3, truncation=0.25)[0]
    np.testing.assert_array_equal(image(backend, seed="3", truncation="0.25"), thin)
    assert (thin != gan.generate(1, 3)[0]).any()
    np.testing.assert_array_equal(image(backend, seed="3"), image(backend, seed="3"))


@pytest.mark.parametrize(
    ("variant", "asked"), [("BigGAN", {"labels": 2}), full("TextGAN", {"texts": "red apple"})]
)
def test_labels_and_texts_are_those_of_generate(variant, asked):
    gan = tiny(variant)
    ((name, value),) = asked.items()
    drawn = image(Drawing(gan, ["m"]), **{"seed": "3", name[:-1]: str(value)})
    np.testing.assert_array_equal(drawn, gan.generate(1, 3, **asked)[0])
    other = image(Drawing(gan, ["m"]), seed="4", **{name[:-1]: str(value)})
    assert (drawn != other).any()


def near(found, expected):
    """Another graph of the same sums rounds another way: a level of 255 at most."""
    difference = np.abs(found.astype(int) - expected)
    assert difference.max() <= 1


def test_edits_are_those_of_the_latent_space():
    gan = tiny("DCGAN")
    backend, space = Drawing(gan, ["m"]), latent.Space(gan)
    near(image(backend, seed="3", toward="8", share="0.25"), gan.interpolate(3, 8, 5)[1])
    vectors = latent.closed_form_directions(gan, 4).directions
    point = space.from_seeds([3]) + 2.5 * vectors[0] - vectors[2]
    near(image(backend, seed="3", moves="1=2.5;3=-1"), space.images(point)[0])
    alone = latent.edit(gan, space.from_seeds([3]), vectors[1], [1.5])[0, 0]
    near(image(backend, seed="3", moves="2=1.5"), alone)


@pytest.mark.full
def test_styles_of_layers_are_mixed():
    gan = tiny("StyleGAN2")
    backend = Drawing(gan, ["m"])
    layers = ",".join(map(str, range(2, gan.num_styles)))
    drawn = image(backend, seed="3", style_seed="5", style_layers=layers, truncation="0.7")
    near(drawn, latent.mix(gan, [3], [5], 2, 0.7)[0, 0])
    near(image(backend, seed="3", toward="5", share="0"), gan.generate(1, 3)[0])


@pytest.mark.full
def test_codes_are_those_of_traverse():
    gan = tiny("InfoGAN")
    backend = Drawing(gan, ["m"])
    near(image(backend, seed="3", codes="0=2"), gan.traverse(0, [2], 3)[0])
    last = gan.categorical_codes + gan.continuous_codes - 1
    near(image(backend, seed="3", codes=f"{last}=0.5"), gan.traverse(last, [0.5], 3)[0])
    seeds = latent.Space(gan).from_seeds([3, 4])
    np.testing.assert_array_equal(seeds, gan.latents_for([3, 4]))  # with one category of each code


@pytest.mark.parametrize(
    ("variant", "asked", "message"),
    [
        ("DCGAN", {"seed": "x"}, "seed must be an integer. Received: 'x'"),
        ("DCGAN", {"sed": "1"}, "There is no parameter 'sed'. Did you mean 'seed'"),
        ("DCGAN", {"seed": str(2**63)}, r"2\*\*63"),
        ("DCGAN", {"truncation": "1.5"}, r"truncation must lie in \(0, 1\]"),
        ("DCGAN", {"truncation": "nan"}, "truncation must be a number"),
        ("DCGAN", {"toward": "1", "share": "2"}, r"share must be a number in \[0, 1\]"),
        ("DCGAN", {"share": "0.5"}, "share is taken only with toward"),
        ("DCGAN", {"style_layers": "0"}, "style_layers is taken only with style_seed"),
        ("DCGAN", {"extractor": "lenet_mnist"}, "extractor is taken only with class_moves"),
        ("DCGAN", {"samples": "300"}, "samples is taken only with class_moves"),
        ("DCGAN", {"label": "1"}, "DCGAN takes no labels"),
        ("DCGAN", {"text": "dog"}, "DCGAN takes no texts"),
        ("DCGAN", {"style_seed": "1", "style_layers": "0"}, "DCGAN has no styles"),
        ("DCGAN", {"codes": "0=1"}, "DCGAN has no codes"),
        ("DCGAN", {"moves": "9=1"}, r"direction must be an integer in \[1, 4\]"),
        ("DCGAN", {"moves": "1"}, "moves must be pairs such as 1=2.5"),
        ("DCGAN", {"moves": "1=1e99"}, r"strength must be a number in"),
        ("DCGAN", {"point": "../../etc/passwd"}, "point must be a name of small letters"),
        ("DCGAN", {"point": "0123456789abcdef"}, "not kept any more"),
        ("BigGAN", {"label": "3"}, "There is no class 3"),
        ("DCGAN", {"text": "a\nb"}, "text must be 1 to 500 printable characters"),
        (
            "StyleGAN2",
            {"style_seed": "1", "style_layers": "99"},
            "style_layers must be an integer in",
        ),
        full("StyleGAN2", {"style_seed": "1"}, "style_layers must name the layers"),
        full("InfoGAN", {"codes": "0=7"}, "categorical code are integers in"),
    ],
)
def test_what_is_refused(variant, asked, message):
    with pytest.raises(ValueError, match=message):
        image(Drawing(cached(variant), ["m"]), **asked)


@pytest.mark.parametrize("asked", [{"label": 1}, {"text": "dog"}])
def test_a_projection_refuses_what_the_model_does_not_take(asked):
    backend = Drawing(cached("DCGAN"), ["m"])
    (name,) = asked
    with pytest.raises(ValueError, match=f"DCGAN takes no {name}"):
        backend.jobs["project"][2](
            {"picture": backend.uploads.put(picture(), "a"), **asked, "steps": 1}
        )


MADE = {}


def cached(variant):
    return MADE.setdefault(variant, tiny(variant))


@pytest.mark.full
def test_controls_are_those_of_the_model():
    def names(variant):
        return Drawing(cached(variant), ["m"]).describe()["controls"].keys()

    common = {"seed", "truncation", "toward", "directions", "project"}
    assert names("DCGAN") == common | {"class_directions"}
    assert names("BigGAN") == common | {"label"}
    assert names("TextGAN") == common | {"text"}
    assert names("StyleGAN2") == common | {"styles", "class_directions"}
    assert names("InfoGAN") == common | {"codes", "class_directions"}
    found = Drawing(cached("DCGAN"), ["m"]).directions()
    assert len(found["strengths"]) == len(found["limits"]) == 4 and min(found["limits"]) > 0


# === Commands ===

EDITS = {
    "seed": ("DCGAN", {"seed": "3"}),
    "truncation": ("DCGAN", {"seed": "3", "truncation": "0.35"}),
    "label": ("BigGAN", {"seed": "3", "label": "2"}),
    "text": ("TextGAN", {"seed": "3", "text": "it's a $HOME; dog"}),
    "between": ("DCGAN", {"seed": "3", "toward": "8", "share": "0.3"}),
    "styles": ("StyleGAN2", {"seed": "3", "style_seed": "5", "style_layers": "0,2"}),
    "directions": ("StyleGAN2", {"seed": "3", "moves": "1=2.5;3=-1", "truncation": "0.5"}),
    "codes": ("InfoGAN", {"seed": "3", "codes": "0=2;2=-0.5"}),
}


@pytest.mark.parametrize("kind", ["between", *(full(kind) for kind in EDITS if kind != "between")])
def test_the_command_draws_the_same_picture(kind, tmp_path, monkeypatch):
    variant, asked = EDITS[kind]
    gan = cached(variant)
    gan.save(tmp_path / "a model.keras")
    backend = Drawing(gan, ["a model.keras"])
    command = backend.command(query.parsed(asked, backend.image_parameters))
    drawn = run(command, tmp_path, monkeypatch)
    np.testing.assert_array_equal(drawn, image(backend, **asked))
    assert (drawn != image(backend, seed="4")).any()


@pytest.mark.full
@pytest.mark.parametrize("variant", ["DCGAN", "StyleGAN2", "BigGAN"])
def test_the_commands_of_a_projection(variant, tmp_path, monkeypatch):
    gan = cached(variant)
    gan.save(tmp_path / "gan.keras")
    (tmp_path / "my picture.png").write_bytes(file := picture())
    backend = Drawing(gan, ["gan.keras"])
    key = backend.uploads.put(file, file)
    options = {"steps": 3, "candidates": 8, "restarts": 1}
    _, _, project = backend.jobs["project"]
    found = project({"picture": key, "file": "../x/my picture.png", **options})
    losses = found.pop("losses")
    assert losses[1] <= losses[0]
    asked = {name: str(value) for name, value in found.items()} | {"moves": "1=1.5"}
    command = backend.command(query.parsed(asked, backend.image_parameters))
    drawn = run(command, tmp_path, monkeypatch)
    np.testing.assert_array_equal(drawn, image(backend, **asked))


TRANSLATIONS = {
    "Pix2Pix": {"seed": 3},
    "CycleGAN": {"direction": "backward"},
    "StarGAN": {"domain": 2},
    "AdaIN": {"style": "styles.png"},
    "RealESRGAN": {},
    "Inpainter": {},
}


@pytest.mark.full
@pytest.mark.parametrize("variant", TRANSLATIONS)
def test_the_command_of_a_translation(variant, tmp_path, monkeypatch):
    model = make(variant)
    model.save(tmp_path / "model.keras")
    backend, asked = Translation(model, ["model.keras"]), dict(TRANSLATIONS[variant])
    for seed, (role, name) in enumerate({"picture": "-a.png", "style": "styles.png"}.items()):
        if role == "picture" or role in asked:
            file = picture(12, 20, seed=seed)
            (tmp_path / name).write_bytes(file)
            asked[role] = backend.uploads.put(file, file)
    if "style" in asked:
        asked["style_file"] = "styles.png"
    made = backend.jobs["translate"][2]({"file": "-a.png", **asked})
    drawn = run(backend.command(made), tmp_path, monkeypatch)
    assert drawn.shape[:2] == (12 * model.scale, 20 * model.scale)
    np.testing.assert_array_equal(drawn, pixels(backend.image(made)))


@pytest.mark.full
def test_the_command_of_a_direction_between_classes(tmp_path, monkeypatch):
    gan = tfgan_zoo.from_preset("dcgan_fashion_mnist")
    backend = Drawing(gan, ["dcgan_fashion_mnist"])
    asked = {"seed": "3", "class_moves": "0,3=2.5", "samples": "500"}
    with pytest.raises(Exception, match="must be found first"):
        image(backend, **asked)
    found = backend.jobs["directions"][2]({"start": 0, "end": 3, "samples": 500})
    assert found["accuracy"] > found["chance"]
    command = backend.command(query.parsed(asked, backend.image_parameters))
    drawn = run(command, tmp_path, monkeypatch)
    np.testing.assert_array_equal(drawn, image(backend, **asked))
    assert (drawn != image(backend, seed="3")).mean() > 0.2


def test_names_in_commands():
    names = ["T-shirt/top", "a, b", "7"]
    assert [commands.label(i, names[:2]) for i in range(2)] == names[:2]
    assert [commands.label(i, names) for i in range(3)] == names  # numbers are names there
    assert [arguments.labels(name, 1) for name in names] == [*names[:2], 7]
    assert arguments.labels("a, b", 2) == ["a", "b"]  # of two seeds
    assert commands.label(0, [" bag", "dress"]) == 0  # the command line takes spaces off
    assert commands.file("C:\\tmp\\-x.png") == "./-x.png" and commands.file("a/../b.png") == "b.png"
    assert (
        commands.line(["x"], [("text", "it's; rm -rf")])
        == "tfgan-zoo x --text 'it'\"'\"'s; rm -rf'"
    )


def test_long_computations_tell_a_listener():
    told = []
    with progress.listening(lambda *parts: told.append(parts)):
        progress.advanced(1, 3)
    progress.advanced(2, 3)
    assert told == [(1, 3)]

    def end(done, total):
        raise Cancelled

    image = np.zeros((1, 8, 8, 1), np.uint8)
    with pytest.raises(Cancelled), progress.listening(end):
        latent.project(cached("DCGAN"), image, steps=1, candidates=2, restarts=1)
