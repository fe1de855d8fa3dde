"""Settings of classes and presets against those that papers and their authors' code publish."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, make

import tfgan_zoo
from tfgan_zoo import presets
from tfgan_zoo.penalties import R1, GradientPenalty, r1_weight


def option(preset, name):
    preset = tfgan_zoo.list_presets()[preset]
    return {**preset.model_class.defaults, **preset.options}[name]


def test_wgans_steps_are_those_of_pytorch(images):
    """torch.optim.RMSprop(5e-5): v = 0.99 v + 0.01 g^2, w -= rate g / (sqrt(v) + 1e-8), in float64, of
    gradients as small as a clipped critic's, to the 2 % that the place of epsilon makes; with Keras's
    own epsilon the step is a hundredth."""
    gan = make("WGAN")
    gan.compile()
    for optimizer, network in (
        (gan.g_optimizer, gan.generator),
        (gan.d_optimizer, gan.discriminator),
    ):
        variable = network.trainable_variables[0]
        before, square, moved = np.float64(variable.numpy()), 0.0, 0.0
        for size in (1e-5, 3e-5, 2e-5):
            square = 0.99 * square + 0.01 * size**2
            moved -= 5e-5 * size / (np.sqrt(square) + 1e-8)
            others = [tf.zeros(v.shape) for v in network.trainable_variables[1:]]
            optimizer.apply([tf.fill(variable.shape, size), *others], network.trainable_variables)
        np.testing.assert_allclose(variable.numpy() - before, moved, rtol=0.02)


@pytest.mark.parametrize(
    ("edge", "batch", "weight"), [(28, 32, 0.0049), (64, 32, 0.0256), (32, 64, 0.0032)]
)
def test_weight_of_r1_by_the_published_rule(edge, batch, weight):
    """0.0002 x edge^2 / batch."""
    assert r1_weight((edge // 2, edge, 3), batch) == pytest.approx(weight)


def test_style_based_classes_take_the_rule_for_their_size():
    for variant in ("StyleGAN", "StyleGAN2"):
        gan = make(variant)
        saved = gan.get_config()["penalty"]["config"]
        assert gan.penalty.weight == saved["weight"] == r1_weight((8, 8, 1))
        again = type(gan).from_config(json.loads(json.dumps(gan.get_config())))
        assert again.penalty == gan.penalty
        assert make(variant, penalty=R1(3.0)).penalty == R1(3.0)
        positional = {**CASES[variant]}
        shape, length = positional.pop("image_shape"), positional.pop("latent_dim")
        assert type(gan)(shape, length, **positional).penalty == gan.penalty
    with pytest.raises(ValueError, match="image_shape must be"):
        tfgan_zoo.StyleGAN(image_shape=(8, 8))


def test_presets_of_style_based_gans():
    found = {
        name: option(name, "penalty").weight
        for name in tfgan_zoo.list_presets()
        if name.startswith("stylegan")
    }
    published = {"stylegan_celeb_a_hq_1024": 10.0, "stylegan2_celeb_a_hq_1024": 10.0}
    published |= {"stylegan2_celeb_a_hq_256": 1.0, "stylegan2_emoji_64": 0.1}
    published |= dict.fromkeys(("stylegan3_t_ffhq_1024", "stylegan3_r_ffhq_1024"), 32.8)
    assert found == dict.fromkeys(found) | published  # None: by the rule
    for name in ("stylegan_fashion_mnist", "stylegan2_fashion_mnist"):
        assert option(name, "style_mixing") == 0.0
    assert option("stylegan2_fashion_mnist", "path_length_weight") == 0.0
    assert option("stylegan2_celeb_a_64", "path_length_weight") == 2.0
    assert option("stylegan_celeb_a_hq_1024", "g_learning_rate") == 3e-3
    halved = np.log(0.5) / np.log(tfgan_zoo.StyleGAN.defaults["ema_decay"]) * 32
    assert halved == pytest.approx(10_000)


def test_rates_and_widths_of_small_presets():
    for player in ("g", "d"):
        assert option("r3gan_fashion_mnist", f"{player}_learning_rate") == 1e-3
        assert option("r3gan_celeb_a_64", f"{player}_learning_rate") == 2e-4
    assert option("began_fashion_mnist", "width") == 64
    assert option("biggan_deep_fashion_mnist", "width") == 48


def test_began_is_that_of_the_usual_code():
    """ELU at all convolutions but the last of a decoder; images beyond [-1, 1] while training."""
    gan = make("BEGAN")
    gan.compile()
    assert gan.g_optimizer.beta_1 == gan.d_optimizer.beta_1 == 0.9
    for network, decoders in ((gan.generator, 1), (gan.discriminator, 1)):
        kinds = [
            layer.activation.__name__
            for layer in network.layers
            if isinstance(layer, keras.layers.Conv2D)
        ]
        assert kinds.count("linear") == decoders and set(kinds) == {"elu", "linear"}
        network.set_weights([5 * weight for weight in network.get_weights()])
    drawn = [
        gan.generator(tf.ones([4, 4]), training=training).numpy() for training in (True, False)
    ]
    assert np.abs(drawn[0]).max() > 1
    np.testing.assert_array_equal(drawn[1], np.clip(drawn[0], -1, 1))
    images = drawn[1]
    for training in (True, False):
        outputs = gan.discriminator_outputs(images, {}, training=training)
        error = np.abs(images - outputs["reconstructions"]).mean(axis=(1, 2, 3))
        np.testing.assert_allclose(outputs["logits"][:, 0], -error, rtol=1e-5)
    with pytest.raises(
        ValueError, match="output_activation must be one of None, 'tanh'. Received: output"
    ):
        make("BEGAN", output_activation="relu")


def test_began_models_from_before_keep_their_networks():
    """A configuration without the newer options has tanh, and strided convolutions without units."""
    old = make("BEGAN").get_config()
    for name in ("output_activation", "strided_activation", "beta_1"):
        del old[name]
    gan = tfgan_zoo.BEGAN.from_config(old)
    kinds = (gan.output_activation, gan.strided_activation, gan.beta_1)
    assert kinds == ("tanh", None, 0.5)
    strided = [x for x in gan.discriminator.layers if getattr(x, "strides", 1) == (2, 2)]
    assert all(layer.activation.__name__ == "linear" for layer in strided)
    assert np.abs(gan.generator(9 * tf.ones([4, 4]), training=True)).max() <= 1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("began_fashion_mnist", {"width": 16, "output_activation": "tanh", "beta_1": 0.5}),
        ("progan_fashion_mnist", {"fade_in_steps": 6000, "stable_steps": 6000}),
    ],
)
@pytest.mark.full
def test_published_models_keep_their_own_settings(name, options):
    """A preset that moved on changes nothing of what was trained before."""
    gan = tfgan_zoo.from_preset(name)
    assert {key: getattr(gan, key) for key in options} == options
    folder = presets.published(name)
    golden = json.loads((folder / "assets.extra" / "golden.json").read_text())
    served = tf.saved_model.load(folder).signatures["generate"]
    seeds = golden["seeds"][:4]
    given = {"truncation": tf.ones([4])} if gan.truncates else {}
    expected = served(seed=tf.constant(seeds, tf.int64), **given)["images"].numpy()
    found = gan.generate_from_seeds(seeds)
    assert np.abs(found.astype(int) - tfgan_zoo.tasks.sampling.to_uint8(expected)).max() <= 1


@pytest.mark.parametrize("variant", CASES)
def test_options_of_a_base_class_work_or_are_refused(variant):
    """Some networks have no dropout or minibatch discrimination, and said nothing when asked for it."""
    for name, value, layer in (
        ("dropout", 0.25, "Dropout"),
        ("minibatch_discrimination", 3, "MinibatchDiscrimination"),
    ):
        model_class = getattr(tfgan_zoo, variant)
        if name in model_class.unused_options:
            with pytest.raises(ValueError, match=f"{variant}: {name} has no effect.*Leave it out"):
                make(variant, **{name: value})
        elif name in model_class.defaults:
            layers = make(variant, **{name: value}).discriminator._flatten_layers()
            assert layer in {type(found).__name__ for found in layers}


def test_a_penalty_has_a_weight():
    """A name stands for the paper's; None leaves the penalty of a class out."""
    assert make("DCGAN", penalty="r1").penalty == R1(10.0)
    assert make("WGANGP").penalty == make("WGANGP", penalty="gradient_penalty").penalty
    assert make("WGANGP", penalty=GradientPenalty(0)).penalty.weight == 0
    assert make("WGANGP", penalty=None).penalty is None
