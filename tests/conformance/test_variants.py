"""What holds for every variant: coverage, configuration, determinism, samples, export, presets."""

import json
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import ALL, CASES, OWN, asked_for, make

import tfgan_zoo
from tfgan_zoo.tasks.gan import GAN


def subclasses(cls):
    return {cls, *(c for sub in cls.__subclasses__() for c in subclasses(sub))}


# One process runs all tests of a variant, so that it is made and trained once for all of them.
GROUPED = [pytest.param(variant, marks=pytest.mark.xdist_group(variant)) for variant in CASES]
INITIAL = {}


@pytest.fixture(params=GROUPED, scope="module")
def gan(request):
    """The compiled tiny model; tests may train it, and leave it as sound as it was."""
    gan = make(request.param)
    gan.compile(run_eagerly=True)  # graphs take longer to make, and are test_modes.py's to see
    INITIAL[request.param] = gan.get_weights()
    return gan


@pytest.fixture
def initial(gan):
    """The weights of the model before it was trained."""
    return INITIAL[type(gan).__name__]


@pytest.fixture(scope="session")
def trained():
    """Trains a model like the given one for an epoch, once: a short one, where steps take long."""
    known = {}

    def get(gan, images, asked):
        name = type(gan).__name__
        if name not in known:
            steps = 4 if len(gan.weights) > 60 else None
            gan.fit(images, asked, batch_size=8, epochs=1, steps_per_epoch=steps, verbose=0)
            known[name] = gan
        return known[name]

    return get


@pytest.fixture
def asked(gan, labels):
    """What the images are of, as the model takes it."""
    return asked_for(gan, labels)


def test_every_variant_has_a_case():
    ours = {c for c in subclasses(GAN) if c.__module__.startswith("tfgan_zoo.models.")}
    assert {c.__name__ for c in ours} == set(CASES) - {"GAN"}  # the base, given networks
    assert all(hasattr(tfgan_zoo, name) for name in CASES)


def test_every_variant_has_a_preset():
    named = {p.model_class.__name__ for p in tfgan_zoo.list_presets().values()}
    assert named == set(ALL) - set(OWN)
    both = tfgan_zoo.GAN.presets | tfgan_zoo.ImageToImage.presets
    assert both == tfgan_zoo.list_presets()
    of_big = {preset.model_class for preset in tfgan_zoo.BigGAN.presets.values()}
    assert of_big == {tfgan_zoo.BigGAN, tfgan_zoo.BigGANDeep}


def test_config_round_trip(gan, initial):
    config = json.loads(json.dumps(gan.get_config()))
    again = type(gan).from_config(config)
    assert again.get_config() == gan.get_config()
    told = {*gan.defaults, "name", "dtype"} - {"privacy"}  # which only a private model has
    assert set(gan.get_config()) == told
    for ours, theirs in zip(again.weights, initial, strict=True):
        np.testing.assert_array_equal(ours, theirs)  # initial weights are a function of the seed
    other = type(gan)(**{**config, "seed": config["seed"] + 1})
    assert not np.array_equal(other.generator.weights[0], again.generator.weights[0])


@pytest.mark.full  # test_resume.py would see it too
def test_training_is_deterministic(gan, images, asked, trained):
    first = trained(gan, images, asked)
    again = type(gan).from_config(gan.get_config())
    again.compile(run_eagerly=True)
    again.fit(images, asked, batch_size=8, steps_per_epoch=int(first.iterations), verbose=0)
    for ours, theirs in zip(again.variables, first.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_every_trainable_weight_moves(gan, initial, images, asked, trained):
    weights = trained(gan, images, asked).weights
    averages = [average for average, _ in gan.ema_pairs()]
    networks = [n for n in gan.networks().values() if n not in averages]
    frozen = {id(v) for n in networks if not n.trainable_variables for v in n.variables}
    pairs = [(v, b) for v, b in zip(weights, initial, strict=True) if id(v) not in frozen]
    still = [v.path for v, b in pairs if np.array_equal(v, b)]
    constants = ("/noise", "/frequencies", "/phases", "/transform")  # of their layers
    if not getattr(gan, "path_length_weight", True):
        constants += ("/path_length_mean",)
    still = [path for path in still if not path.endswith(constants)]
    # A critic that compares: a constant added to its score changes nothing.
    compares = gan.objective.name in ("wasserstein", "hinge", "relativistic")
    assert set(still) <= ({"logits/bias"} if compares else set())


def test_generate(gan):
    many = gan.generate(6, seed=10)
    assert many.shape == (6, *gan.image_shape) and many.dtype == np.uint8
    np.testing.assert_array_equal(many, gan.generate(6, seed=10))
    alone = gan.generate(1, seed=13)[0]
    assert np.abs(alone.astype(int) - many[3]).max() <= 1  # rounding at the border of two levels
    assert np.ptp(many.astype(int), axis=0).max() > 0


def test_interpolate_ends_at_the_seeds(gan):
    path = gan.interpolate(3, 4, steps=5)
    first = {} if gan.condition is None else {gan.condition.key: gan.condition.defaults(0).numpy()}
    ends = gan.generate_from_seeds([3, 4], **first)
    assert np.abs(path[[0, -1]].astype(int) - ends).max() <= 1


@pytest.mark.full  # tests/serving/test_served_models.py exports every variant
def test_export(gan, images, asked, trained, tmp_path):
    gan = trained(gan, images, asked)
    path = gan.export(tmp_path, "model")
    assert path == tmp_path / "model" / "1"
    assert [entry.name for entry in (tmp_path / "model").iterdir()] == ["1"]  # nothing left beside
    signatures = tf.saved_model.load(path).signatures
    latents = tf.random.stateless_normal([5, gan.latent_dim], [0, 0])
    inputs = {"latents": latents}
    if gan.condition:
        inputs[gan.condition.served] = gan.condition.defaults(range(5))
    expected = gan(latents, gan.condition and inputs[gan.condition.served])
    if gan.truncates:
        inputs["truncation"] = tf.ones([5])
    served = signatures["from_latents"](**inputs)["images"]
    np.testing.assert_allclose(served, expected, atol=1e-6)
    assert np.asarray(expected).dtype == np.float32 and np.abs(expected).max() <= 1
    again = tfgan_zoo.from_preset(str(path))
    averages = {id(network): average for average, network in gan.ema_pairs()}
    kept = getattr(gan, "text_encoder", None)  # which scores are made with, not its average alone
    for ours, theirs in zip(again.networks().values(), gan.networks().values(), strict=True):
        served = theirs if theirs is kept else averages.get(id(theirs), theirs)
        for a, b in zip(ours.weights, served.weights, strict=True):
            np.testing.assert_array_equal(a, b)


def test_export_of_nan_is_refused(gan, tmp_path):
    weight = gan.ema_generator.weights[0]
    sound = weight.numpy()
    weight.assign(np.full(weight.shape, np.nan))
    with pytest.raises(ValueError, match=r"Not exported: .*kernel.* hold NaN"):
        gan.export(tmp_path)
    weight.assign(sound)
    assert not list(tmp_path.iterdir())


def test_average_of_the_generator(images, labels):
    gan = make("DCGAN", ema_decay=0.5)
    gan.compile()
    before = [v.numpy().astype(np.float64) for v in gan.ema_generator.variables]
    gan.fit(images[:16], labels[:16], batch_size=16, verbose=0)  # one step: (1 + 0) / (10 + 0)
    for average, old, new in zip(
        gan.ema_generator.variables, before, gan.generator.variables, strict=True
    ):
        np.testing.assert_allclose(average, 0.1 * old + 0.9 * np.asarray(new), atol=1e-6)


@pytest.fixture
def blank_weights(monkeypatch):
    """Weights are not drawn, for they are only counted: hundreds of millions of numbers take minutes."""
    zeros = lambda self, shape, dtype=None, **options: keras.ops.zeros(shape, dtype)  # noqa: E731
    for initializer in subclasses(keras.initializers.Initializer):
        if "__call__" in vars(initializer):
            monkeypatch.setattr(initializer, "__call__", zeros)
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.backend.clear_session()  # or the next scope would draw all that were not drawn


@pytest.mark.parametrize("name", tfgan_zoo.list_presets())
def test_preset(name, blank_weights):
    preset = tfgan_zoo.list_presets()[name]
    gan = tfgan_zoo.from_preset(name, load_weights=False)
    known = {player.name: player.networks for player in gan.players()}
    players = [known.get(name, []) for name in ("generator", "discriminator")]
    if isinstance(gan, GAN):
        players = [[gan.generator], [gan.discriminator]]
    weights = [
        [w for network in networks for w in network.trainable_weights] for networks in players
    ]
    counted = tuple(sum(int(np.prod(w.shape)) for w in found) for found in weights)
    assert counted == preset.parameters
    assert name.startswith(pathlib.Path(preset.model_class.__module__.replace(".", "/")).name)


def test_preset_errors():
    with pytest.raises(
        ValueError, match=r"no preset 'dcgan_fashion_mist'. Did you mean 'dcgan_fash"
    ):
        tfgan_zoo.from_preset("dcgan_fashion_mist", load_weights=False)
    with pytest.raises(ValueError, match="has no trained weights yet"):
        tfgan_zoo.from_preset("dcgan_mnist")
    with pytest.raises(ValueError, match="is a DCGAN, not a WGAN"):
        tfgan_zoo.WGAN.from_preset("dcgan_mnist", load_weights=False)
    preset = tfgan_zoo.list_presets()["dcgan_mnist"]
    with pytest.raises(ValueError, match="registered already"):
        tfgan_zoo.presets.register(preset)


@pytest.mark.parametrize(
    "shape",
    [(28, 28, 1), (32, 48, 3), pytest.param((64, 64, 4), marks=pytest.mark.full), (128, 128, 3)],
)
@pytest.mark.parametrize("upsampling", ["transpose", "resize", "pixel_shuffle"])
def test_image_shapes(shape, upsampling):
    gan = make("DCGAN", image_shape=shape, upsampling=upsampling, width=1)
    assert gan.generate(1, seed=0).shape == (1, *shape)
    assert gan.discriminator.output_shape == (None, 1)


def test_keras_file_has_the_options(tmp_path):
    gan = make("WGAN", clip_value=0.5)
    gan.compile(g_optimizer=keras.optimizers.SGD(0.125), jit_compile=False)
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert again.get_config() == gan.get_config() and again.clip_value == 0.5
    assert again.get_compile_config() == gan.get_compile_config()
    assert float(again.g_optimizer.learning_rate.numpy()) == 0.125
