"""Regularizers as objects: their arguments, names and configs, and those of a user's own."""

import json

import keras
import pytest
import tensorflow as tf

from tfgan_zoo import penalties, regularizers
from tfgan_zoo.regularizers import (
    ADA,
    Balance,
    BalancedConsistency,
    Blur,
    ClassShares,
    DiffAugment,
    Fingerprint,
    InstanceNoise,
    LatentConsistency,
    LeCam,
    TopK,
    Unrolled,
)

# name: (with its defaults, with others)
CASES = {
    "ada": ("ADA(target=0.6, images=500000, full=False)", ADA(0.5, 1e5, full=True)),
    "diff_augment": ("DiffAugment(policy='color,translation,cutout')", DiffAugment("color")),
    "balanced_consistency": (
        "BalancedConsistency(real=10.0, fake=10.0)",
        BalancedConsistency(fake=0),
    ),
    "latent_consistency": (
        "LatentConsistency(d=5.0, g=0.5, noise=0.03)",
        LatentConsistency(1, 1, 1),
    ),
    "lecam": ("LeCam(weight=0.3, decay=0.99)", LeCam(0.1)),
    "top_k": ("TopK(share=0.5, steps=0)", TopK(0.25, 100)),
    "unrolled": ("Unrolled(steps=5)", Unrolled(1)),
    "instance_noise": ("InstanceNoise(stddev=0.1, steps=0)", InstanceNoise(1, 10)),
    "balance": (None, Balance(0.2, 0.9)),
    "class_shares": (None, ClassShares("lenet_mnist", (0.1,) * 10, 2)),
    "fingerprint": (None, Fingerprint("garments.key", 5, 0.5)),
    "blur": ("Blur(stddev=10.0, steps=0)", Blur(1, 10)),
}


@pytest.mark.parametrize("name", regularizers.REGULARIZERS)
def test_a_regularizer_is_told_by_its_class_and_arguments(name):
    printed, other = CASES[name]
    assert other.name == name and type(other) is regularizers.REGULARIZERS[name]
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(other)))
    assert config["registered_name"] == f"tfgan_zoo>{type(other).__name__}"
    again = [regularizers.get(other), regularizers.get(config), eval(repr(other))]
    assert all(o == other and o is not other for o in again) and len({other, *again}) == 1
    if printed:
        defaults = regularizers.get(name)
        assert repr(defaults) == printed and defaults == type(other)() != other
        assert regularizers.get(type(other)) == defaults


def test_state_is_not_shared():
    given = ADA()
    given.probability = "state"
    assert not hasattr(regularizers.get(given), "probability") and given == ADA()
    with pytest.raises(
        AttributeError, match=r"ADA.target is set.*Make a new one: ADA\(target=0.7\)"
    ):
        given.target = 0.7


WRONG = [
    (
        lambda: regularizers.get("lcam"),
        ValueError,
        "regularizer called 'lcam'. Did you mean 'lecam'",
    ),
    (
        lambda: regularizers.get("LeCam"),
        ValueError,
        "Did you mean 'lecam'.* There are: ada, diff_a",
    ),
    (lambda: regularizers.get("balance"), ValueError, r"Make an object: Balance\(low=…, high=…\)"),
    (lambda: regularizers.get(None), TypeError, "regularizer must be a name .*Received: None"),
    (lambda: regularizers.get([ADA()]), TypeError, r"regularizer must be a name .*Received: \[ADA"),
    (lambda: regularizers.get(penalties.R1()), TypeError, "of Regularizer, or its config.*R1"),
    (lambda: ADA("high"), ValueError, r"ADA: target must be a number in \[-2, 2\].*target='high'"),
    (lambda: ADA(images=0), ValueError, "ADA: images must be a number > 0"),
    (lambda: ADA(full="yes"), ValueError, "ADA: full must be True or False"),
    (lambda: ADA(taget=0.5), TypeError, "taget"),
    (lambda: DiffAugment("colour"), ValueError, "some of color, translation, cutout, .*'colour'"),
    (lambda: DiffAugment("color,color"), ValueError, "each once"),
    (lambda: DiffAugment(""), ValueError, "policy must be some of"),
    (lambda: DiffAugment(None), ValueError, "policy must be a string"),
    (lambda: BalancedConsistency(-1), ValueError, "real must be a number >= 0"),
    (lambda: LatentConsistency(noise=None), ValueError, "noise must be a number >= 0"),
    (lambda: LeCam(decay=1.0), ValueError, r"LeCam: decay must be a number in \[0, 1\)"),
    (lambda: TopK(0.0), ValueError, r"TopK: share must be a number in \(0, 1\]"),
    (lambda: TopK(steps=1.5), ValueError, "TopK: steps must be an integer >= 0"),
    (lambda: Unrolled(0), ValueError, "Unrolled: steps must be an integer >= 1"),
    (lambda: Unrolled(True), ValueError, "Unrolled: steps must be an integer >= 1"),
    (lambda: InstanceNoise(float("nan")), ValueError, "stddev must be a number >= 0"),
    (
        lambda: Balance(0.9, 0.1),
        ValueError,
        "low must be less than high. Received: low=0.9, high=0.1",
    ),
    (lambda: Balance(0.5, 1.5), ValueError, r"high must be a number in \[0, 1\]"),
    (lambda: Balance("a", 0.5), ValueError, r"low must be a number in \[0, 1\]"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_wrong_values_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


class LogitNorm(regularizers.Regularizer):
    bounds = {"weight": "number >= 0"}

    def __init__(self, weight=0.001):
        self.weight = weight

    def discriminator_terms(self, model, real, fake, batch, rng):
        return {"logit_norm": (self.weight, tf.reduce_mean(tf.square(real.logits)))}


def test_a_users_own_regularizer():
    own = regularizers.get(LogitNorm(1))
    assert own.name == "logit_norm" and repr(own) == "LogitNorm(weight=1.0)" and own.reads is None
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(own)))
    assert config["registered_name"] == "test_regularizers>LogitNorm"
    assert regularizers.get(config) == own
    with pytest.raises(ValueError, match="LogitNorm: weight must be a number >= 0"):
        LogitNorm(-1)
