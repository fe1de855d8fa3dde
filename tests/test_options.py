"""Options of a wrong kind or range are refused by name before anything is built; so are settings of
Keras and networks that no model could be trained with."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, CONVOLUTIONAL, make

import tfgan_zoo
from tfgan_zoo import kinds
from tfgan_zoo.engine import options
from tfgan_zoo.penalties import R1
from tfgan_zoo.regularizers import ADA, Balance
from tfgan_zoo.tasks.own_networks import NETWORKS

# Options that take an object, and what it is called in messages.
OBJECTS = {"objective": "objective", "penalty": "penalty", "regularizers": "regularizer"}
OBJECTS["privacy"] = "privacy"
WRONG = [np.nan, np.inf, -3, 2.5, "x", "3", None, True, [], {}, object(), np.ones(2), 10**400, len]


def allowed(model_class, name):
    kind = kinds.kind_of(model_class.defaults[name], bound(model_class, name))
    found = [None] if kind.is_optional or None in kind.choices else []
    if kind.is_sequence or kind.choices:
        return found
    values = {float: [2.5, -3], int: [-3], bool: [True]}.get(kind.number, [])
    return found + [v for v in values if kinds._lies_in(kind.interval, v)]


def bound(model_class, name):
    return {**kinds.BOUNDS, **model_class.bounds}.get(name, "")


@pytest.mark.parametrize("variant", CASES)
def test_every_option_of_every_class_is_checked_by_kind_and_name(variant):
    """An option whose kind nothing tells would be taken as it is. Objects check their own arguments."""
    model_class = getattr(tfgan_zoo, variant)
    for name in set(model_class.defaults) - OBJECTS.keys() - {*NETWORKS}:
        kind = kinds.kind_of(model_class.defaults[name], bound(model_class, name))
        assert kind.number, f"{name} of {variant} has no kind: give it a row in BOUNDS"
        assert kind.number not in (int, float) or kind.interval, f"{name} has no range"
        for value in WRONG:
            if any(value is good for good in allowed(model_class, name)):
                continue
            if isinstance(value, (int, float)) and value in allowed(model_class, name):
                continue
            if kind.is_sequence and kind.number is float and isinstance(value, np.ndarray):
                continue
            if kind.number is str and isinstance(value, str):
                continue  # an unknown name is refused by the table of names
            with pytest.raises(ValueError, match=name):
                options.resolve(model_class, (), {name: value})


@pytest.mark.parametrize("name", OBJECTS)
def test_no_number_or_the_like_is_taken_for_an_object(name):
    nothing = {"penalty": type(None), "privacy": type(None), "regularizers": list}.get(name, ())
    for value in (value for value in WRONG if not isinstance(value, nothing)):
        with pytest.raises((ValueError, TypeError), match=OBJECTS[name]):
            options.resolve(tfgan_zoo.DCGAN, (), {name: value})


def test_presets_and_cases_are_taken():
    for preset in tfgan_zoo.list_presets().values():
        options.resolve(preset.model_class, (), preset.options)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"latent_dim": np.int64(4)}, 4),
        ({"n_critic": np.array(2)}, 2),
        ({"width": tf.constant(4)}, 4),
        ({"image_shape": np.array([8, 8, 1])}, (8, 8, 1)),
        ({"image_shape": [8, np.int32(8), 1]}, (8, 8, 1)),
        ({"dropout": np.float64(0.25)}, 0.25),
        ({"ema_decay": 0}, 0),
        ({"penalty": R1(np.float32(2))}, R1(2.0)),
        ({"regularizers": [Balance(*np.array([0.25, 0.75]))]}, (Balance(0.25, 0.75),)),
    ],
)
def test_numbers_of_numpy_are_kept_as_plain_ones(given, kept):
    ((name, _),) = given.items()
    value = options.resolve(tfgan_zoo.DCGAN, (), given)[name]
    assert value == kept and type(value) is type(kept)


MESSAGES = [
    ("DCGAN", {"n_critic": 0}, "DCGAN: n_critic must be an integer >= 1. Received: n_critic=0"),
    ("DCGAN", {"g_learning_rate": "1e-4"}, "g_learning_rate must be a number > 0.*without quotes"),
    ("DCGAN", {"ema_decay": None}, r"ema_decay must be a number in \[0, 1\).*0 leaves it out"),
    ("DCGAN", {"width": 2.5}, "width must be an integer >= 1. Received: width=2.5"),
    ("DCGAN", {"minibatch_discrimination": -3}, "minibatch_discrimination must be an integer >= 0"),
    (
        "DCGAN",
        {"regularizers": ["ada", ADA(0.5)]},
        "two regularizers named 'ada'. Give one of them",
    ),
    ("DCGAN", {"regularizers": "lcam"}, "no regularizer called 'lcam'. Did you mean 'lecam'"),
    ("DCGAN", {"upsampling": "x"}, "upsampling must be one of 'transpose', 'resize', 'pixel_shuf"),
    ("DCGAN", {"image_shape": (8, 8)}, r"image_shape must be \(height, width, channels\)"),
    ("DCGAN", {"image_shape": 8}, r"image_shape must be \(height, width, channels\)"),
    ("DCGAN", {"image_shape": (8, 8, 1.0)}, r"image_shape must be \(height, width, channels\)"),
    ("DCGAN", {"image_shape": (30, 30, 1)}, "multiples of 4"),
    ("DCGAN", {"seed": 2**31}, r"seed must be an integer in \[0, 2\*\*31\)"),
    ("ConditionalGAN", {"num_classes": 0}, "num_classes must be an integer >= 1"),
    ("ConditionalGAN", {"num_classes": None}, "num_classes must be an integer >= 1"),
    ("StyleGAN", {"image_shape": (22, 32, 1)}, r"Received: image_shape=\(22, 32, 1\)"),
    ("StyleGAN", {"image_shape": (40, 64, 1)}, "channel_base must be 64 or more"),
    ("StyleGAN", {"mapping_layers": 0}, "mapping_layers must be an integer >= 1"),
    ("BEGAN", {"gamma": 1.5}, r"gamma must be a number in \[0, 1\]"),
    ("R3GAN", {"widths": (4, 0)}, "widths must be a sequence of integers >= 1"),
]


@pytest.mark.parametrize(("variant", "given", "message"), MESSAGES)
def test_messages(variant, given, message):
    with pytest.raises(ValueError, match=message):
        make(variant, **given)


def test_a_schedule_belongs_to_an_optimizer():
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, 5, 0.9)
    with pytest.raises(ValueError, match=r"compile\(d_optimizer=keras.optimizers.Adam\(schedule\)"):
        make("DCGAN", d_learning_rate=schedule)


# === Settings of Keras ===


@pytest.mark.parametrize(
    "policy",
    [
        "float64",
        "bfloat16",
        "float16",
        "mixed_float64",
        "float31",
        3,
        keras.dtype_policies.DTypePolicyMap(),
        keras.dtype_policies.QuantizedDTypePolicy("int8", "float32"),
    ],
    ids=lambda policy: policy if isinstance(policy, str) else type(policy).__name__,
)
def test_dtype_policies_that_no_model_trains_in(policy):
    with pytest.raises(ValueError, match="dtype must be 'float32', 'mixed_bfloat16' or 'mixed_fl"):
        make("DCGAN", dtype=policy)


def test_global_settings_are_honoured_or_refused_by_name():
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        assert make("DCGAN").compute_dtype == "bfloat16"
        keras.config.set_dtype_policy("float64")
        with pytest.raises(ValueError, match=r"keras.config.dtype_policy\(\) must be 'float32'"):
            make("DCGAN")
        keras.config.set_dtype_policy("float32")
        keras.config.set_floatx("float64")
        with pytest.raises(ValueError, match=r"Call keras.config.set_floatx\('float32'\)"):
            make("DCGAN")
        keras.config.set_floatx("float32")
        keras.config.set_image_data_format("channels_first")
        with pytest.raises(ValueError, match=r"set_image_data_format\('channels_last'\)"):
            make("DCGAN")
    finally:
        keras.config.set_dtype_policy("float32")
        keras.config.set_floatx("float32")
        keras.config.set_image_data_format("channels_last")


# === Networks and constructors of a user's own ===


def dense_generator(gan, shape=(8, 8, 1)):
    size = int(np.prod(shape))
    latents = keras.Input([gan.latent_dim])
    return keras.Model(latents, keras.layers.Reshape(shape)(keras.layers.Dense(size)(latents)))


def ending_in(*layers):
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), *layers])


class Held(tfgan_zoo.DCGAN):
    def build_generator(self):
        if not hasattr(self, "generator"):
            return dense_generator(self)
        return self.generator


class OtherImages(tfgan_zoo.DCGAN):
    def build_generator(self):
        return dense_generator(self, (4, 4, 1))


class Nothing(tfgan_zoo.DCGAN):
    def build_discriminator(self):
        return None


@pytest.mark.parametrize(
    ("model_class", "error", "message"),
    [
        (Held, ValueError, r"build_generator\(\) must make new layers at each call"),
        (OtherImages, ValueError, r"makes images of shape \(4, 4, 1\)"),
        (Nothing, TypeError, r"build_discriminator\(\) must return a Keras model"),
    ],
)
def test_networks_refused(model_class, error, message):
    with pytest.raises(error, match=message):
        model_class(**CONVOLUTIONAL)


@pytest.mark.parametrize("kind", ["dense", "layer", "softmax", "nested", "reshaped", "op"])
def test_a_discriminator_ends_in_logits(kind):
    dense = keras.layers.Dense
    ends = {
        "dense": lambda: ending_in(dense(1, activation="sigmoid")),
        "layer": lambda: ending_in(dense(1), keras.layers.Activation("sigmoid")),
        "softmax": lambda: ending_in(dense(1), keras.layers.Softmax()),
        "nested": lambda: ending_in(keras.Sequential([dense(1, activation="sigmoid")])),
        "reshaped": lambda: keras.Model(
            x := keras.Input((8, 8, 1)),
            keras.layers.Flatten()(dense(1, activation="sigmoid")(keras.layers.Flatten()(x))),
        ),
        "op": lambda: keras.Model(
            x := keras.Input((8, 8, 1)), keras.ops.sigmoid(dense(1)(keras.layers.Flatten()(x)))
        ),
    }
    hook = {"build_discriminator": lambda self: ends[kind]()}
    with pytest.raises(ValueError, match="Its output must be logits"):
        type(f"Ends{kind}", (tfgan_zoo.DCGAN,), hook)(**CONVOLUTIONAL)


class Doubled(tfgan_zoo.DCGAN):
    def __init__(self, half_width, tags=(), **kwargs):
        super().__init__(width=2 * half_width, **kwargs)
        self.half_width, self.tags = half_width, tags


class Closed(tfgan_zoo.DCGAN):
    def __init__(self, half_width):
        super().__init__(**{**CONVOLUTIONAL, "width": 2 * half_width})


class Fixed(tfgan_zoo.DCGAN):
    def __init__(self, image_shape, **kwargs):
        super().__init__(image_shape=image_shape, latent_dim=4, width=4, **kwargs)


class Unnamed(tfgan_zoo.DCGAN):
    def __init__(self, half_width, *rest, **kwargs):
        super().__init__(*rest, width=2 * half_width, **kwargs)


class Written(tfgan_zoo.DCGAN):
    """Has a `get_config` of its own, as Keras's guides write them."""

    def __init__(self, table, **kwargs):
        super().__init__(**CONVOLUTIONAL, **kwargs)
        self.table = np.asarray(table)

    def get_config(self):
        return {**super().get_config(), "table": self.table.tolist()}


def test_a_constructors_own_argument_is_saved_or_said(tmp_path):
    options = {name: value for name, value in CONVOLUTIONAL.items() if name != "width"}
    gan = Doubled(np.int64(3), tags=["a"], **options, dtype="mixed_bfloat16")
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert (again.half_width, list(again.tags), again.width) == (3, ["a"], 6)
    assert (again.name, again.compute_dtype) == (gan.name, "bfloat16")
    Fixed((8, 8, 1)).save(tmp_path / "gan.keras")
    assert keras.saving.load_model(tmp_path / "gan.keras").width == 4
    Written(np.arange(2)).save(tmp_path / "gan.keras")
    assert keras.saving.load_model(tmp_path / "gan.keras").table.tolist() == [0, 1]
    for gan, message in (
        (Doubled(3, tags=object(), **options), r"argument tags=<object .* Override get_config"),
        (Closed(3), r"must take \*\*kwargs"),
        (Unnamed(2, (8, 8, 1), 4), r"the arguments \*rest=\[\(8, 8, 1\), 4\] have no names"),
    ):
        gan.get_config()  # which a checkpoint of training has, too, and needs no file to load
        with pytest.raises(TypeError, match=message):
            gan.save(tmp_path / "gan.keras")
        with pytest.raises(TypeError, match=message):
            gan.export(tmp_path)


@pytest.mark.parametrize(
    ("default", "given"),
    [({}, {"a": 1}), ((), (1, "b")), (((1, 2),), ((3, 4),)), ((1, "a"), (2, "b")), (b"x", b"y"),
     (abs, max), ((1, 2.5), (1.5, 2))],
)  # fmt: skip
def test_options_of_a_users_own_class_may_be_of_any_kind(default, given):
    own = type("Own", (tfgan_zoo.DCGAN,), {"defaults": {"own": default}})
    assert own(**CONVOLUTIONAL, own=given).own == given
    assert own(**CONVOLUTIONAL).own == default


def test_a_discriminator_of_a_users_own_may_have_a_place_for_options():
    own = type(
        "Own",
        (tfgan_zoo.ACGAN,),
        {"build_discriminator": lambda gan: ending_in(keras.layers.Dense(1))},
    )
    assert own(**CASES["ACGAN"], minibatch_discrimination=3).minibatch_discrimination == 3
    with pytest.raises(ValueError, match="ACGAN: minibatch_discrimination has no effect"):
        make("ACGAN", minibatch_discrimination=3)
