"""Compares every loss and penalty of TF-GAN (tensorflow_gan 2.1.0) with ours on the same inputs.

Prints a JSON object a row: TF-GAN's call, ours that equals it, and their largest difference, in
value and in the gradients by all float inputs. `--write` writes docs/from_tensorflow_gan.md too.

TF-GAN needs legacy Keras and `tf.estimator`, which TensorFlow no longer has. So this runs in a
process of its own, and loads our two modules by path, without the package and its Keras 3.
"""

import importlib.util
import json
import os
import pathlib
import sys
from unittest import mock

import numpy as np

ROOT = pathlib.Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "from_tensorflow_gan.md"
TOLERANCE = 1e-6

# Calls of TF-GAN and of ours, evaluated as they stand with the names that `inputs` and `compare`
# give, so that the page says what was run. Ours are averaged over the batch, as TF-GAN's are.
ROWS = [
    (
        "wargs.minimax_discriminator_loss(real, fake)",
        "losses.minimax_discriminator_loss(real, fake, label_smoothing=0.125)",
    ),
    (
        "wargs.minimax_discriminator_loss(real, fake, label_smoothing=0.0)",
        "losses.minimax_discriminator_loss(real, fake)",
    ),
    (
        "wargs.minimax_generator_loss(fake)",
        "losses.minimax_generator_loss(fake) - tf.nn.softplus(-1.0)",
    ),
    (
        "wargs.modified_discriminator_loss(real, fake)",
        "losses.non_saturating_discriminator_loss(real, fake, label_smoothing=0.125)",
    ),
    ("wargs.modified_generator_loss(fake)", "losses.non_saturating_generator_loss(fake)"),
    (
        "wargs.least_squares_discriminator_loss(real, fake, real_label=0.9, fake_label=-1)",
        "losses.least_squares_discriminator_loss(real, fake, real_target=0.9, fake_target=-1)",
    ),
    (
        "wargs.least_squares_generator_loss(fake, real_label=0.9)",
        "losses.least_squares_generator_loss(fake, target=0.9)",
    ),
    (
        "wargs.wasserstein_discriminator_loss(real, fake)",
        "losses.wasserstein_discriminator_loss(real, fake)",
    ),
    ("wargs.wasserstein_generator_loss(fake)", "losses.wasserstein_generator_loss(fake)"),
    (
        "wargs.wasserstein_hinge_discriminator_loss(real, fake)",
        "losses.hinge_discriminator_loss(real, fake)",
    ),
    ("wargs.wasserstein_hinge_generator_loss(fake)", "losses.hinge_generator_loss(fake)"),
    (
        "wargs.relativistic_discriminator_loss(real, fake)",
        "losses.relativistic_average_discriminator_loss(real, fake)",
    ),
    (
        "wargs.relativistic_generator_loss(real, fake)",
        "losses.relativistic_average_generator_loss(fake, real)",
    ),
    (
        "wargs.acgan_discriminator_loss(real_classes, fake_classes, one_hot)",
        "losses.auxiliary_classifier_loss(real_classes, labels)"
        " + losses.auxiliary_classifier_loss(fake_classes, labels)",
    ),
    (
        "wargs.acgan_generator_loss(fake_classes, one_hot)",
        "losses.auxiliary_classifier_loss(fake_classes, labels)",
    ),
    (
        "wargs.mutual_information_penalty([labels], [tfd.Categorical(fake_classes)])",
        "losses.categorical_mutual_information_loss(fake_classes, labels)",
    ),
    (
        "wargs.mutual_information_penalty("
        "[codes], [tfd.MultivariateNormalDiag(mean, tf.exp(log_stddev))])",
        "losses.gaussian_mutual_information_loss(mean, log_stddev, codes)",
    ),
    (
        "wargs.mutual_information_penalty("
        "[labels, codes], [tfd.Categorical(fake_classes), tfd.Normal(mean, tf.exp(log_stddev))])",
        "(losses.categorical_mutual_information_loss(fake_classes, labels)"
        " + losses.gaussian_mutual_information_loss(mean, log_stddev, codes) / codes.shape[1]) / 2",
    ),
    (
        "wargs.wasserstein_gradient_penalty(images, fakes, None, discriminator_fn, scope)",
        "penalties.gradient_penalty(critic, images, fakes, alpha)",
    ),
    (
        "wargs.wasserstein_gradient_penalty("
        "images, fakes, None, discriminator_fn, scope, target=0.5, one_sided=True)",
        "penalties.gradient_penalty(critic, images, fakes, alpha, target=0.5, one_sided=True)",
    ),
    (
        "wargs.cycle_consistency_loss(images, images_again, fakes, fakes_again)",
        "(losses.cycle_consistency_loss(images, images_again)"
        " + losses.cycle_consistency_loss(fakes, fakes_again)) / 2",
    ),
    (
        "wargs.combine_adversarial_loss(main, adversarial, weight_factor=0.3)",
        "losses.combine_adversarial_loss(main, adversarial, 0.3)",
    ),
    (
        "wargs.combine_adversarial_loss("
        "main, adversarial, gradient_ratio=2.0, variables=[weights])",
        "losses.combine_adversarial_loss(main, adversarial, losses.gradient_ratio_weight("
        "tf.gradients(main, [weights]), tf.gradients(adversarial, [weights]), ratio=2.0))",
    ),
]
CLIPPING = (
    "features.clip_variables(optimizer, variables, 0.5)",
    "penalties.clip_weights(variables, 0.5)",
)

# Names that are no loss of their own. Those of `losses` that repeat one of `wargs` are added.
WRAPPERS = {
    "gan_loss": "a generator's and a discriminator's loss, plus weighted penalties",
    "cyclegan_loss": "`gan_loss` of both directions, plus `wargs.cycle_consistency_loss`",
    "stargan_loss": "both losses, a gradient penalty, class losses and an L1 reconstruction",
    "losses.combine_adversarial_loss": "`wargs.combine_adversarial_loss`, for a `GANLoss`",
    "losses.cycle_consistency_loss": "`wargs.cycle_consistency_loss`, for a `CycleGANModel`",
    "losses.stargan_generator_loss_wrapper": "a loss of `wargs`, for a `StarGANModel`",
    "losses.stargan_discriminator_loss_wrapper": "a loss of `wargs`, for a `StarGANModel`",
    "losses.stargan_gradient_penalty_wrapper": "`wargs.wasserstein_gradient_penalty`, likewise",
    "features.clip_discriminator_weights": "`features.clip_variables`, for a `GANModel`",
    "features.VariableClippingOptimizer": "the optimizer that `features.clip_variables` makes",
}

HEAD = """# From TF-GAN

<!-- Written by `python tests/oracles/tensorflow_gan_oracle.py --write`: edit that file. -->

Every loss and penalty of [TF-GAN](https://github.com/tensorflow/gan) 2.1.0 (`tensorflow_gan`), with
the call of `tfgan_zoo` that gives the same number. To move:

- Ours are pure functions that give a float32 value for each example, `[B]`; TF-GAN's give the mean
  over the batch. Write `tf.reduce_mean(losses.hinge_generator_loss(fake))`. Instead of `weights`,
  multiply the `[B]`; there are no scopes, collections or summaries.
- A pair goes by its name, `losses.get("hinge")`, and so does a penalty, `penalties.get("r1")`.
  There is no `GANModel` and no `gan_loss`: a model's training step adds its losses up.
- TF-GAN's `label_smoothing=s` lowers the target of real images to `1 - s / 2`; ours, to `1 - s`.
  Its default for the minimax and modified discriminators is 0.25, ours is 0: pass 0.125.
- TF-GAN's "relativistic" losses compare with the average of the other side. We call them
  `relativistic_average_…`; our `relativistic_…` compare images one by one.
- TF-GAN's minimax generator loss adds a constant, which has no gradient.
- Our mutual information losses sum over an example's codes, where TF-GAN's average over codes and
  over the distributions of the list.
- A penalty takes a critic, images to logits, and its random draws (`alpha`), not a scope.
- Checkpoints of its examples for MNIST and CIFAR-10 are read:
  [weights of others](weights.md#from-tf-gan).

The difference is the largest one in value and in gradients, both in float32, on random inputs.
`tests/test_tensorflow_gan_oracle.py` measures it anew where TF-GAN is installed.

| TF-GAN | tfgan_zoo, averaged over the batch | Largest difference |
| --- | --- | --- |
"""
WRAPPERS_HEAD = """
Names of TF-GAN that are no loss of their own:

| TF-GAN | What it wraps |
| --- | --- |
"""


def document(rows):
    """The text of docs/from_tensorflow_gan.md for the rows that this script prints."""
    text = HEAD
    for row in rows:
        if "ours" in row:
            size = "< 1e-6" if row["difference"] < TOLERANCE else f"{row['difference']:.0e}"
            text += f"| `{row['tfgan']}` | `{row['ours']}` | {size} |\n"
    wrappers = (f"| `{row['tfgan']}` | {row['wraps']} |\n" for row in rows if "wraps" in row)
    return text + WRAPPERS_HEAD + "".join(wrappers)


class _Stub(type):
    """A class whose attributes are such classes too: enough for TF-GAN's estimators to derive."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Stub(name, (), {})


def import_tensorflow_gan():
    """TensorFlow and TF-GAN, in that order, with what TF-GAN misses stubbed in between."""
    os.environ.update(TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3")
    import tensorflow as tf

    tf.estimator = tf.compat.v1.estimator = _Stub("estimator", (), {})
    import tensorflow_gan

    return tf, tensorflow_gan


def load(name):
    """Our functions of that module, by path."""
    path = ROOT / "tfgan_zoo" / name / "functions.py"
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def inputs():
    """Float32 arrays by the names that the calls use."""
    random = np.random.default_rng(0)
    shapes = {name: [8] for name in ("real", "fake", "weights")}
    shapes |= {name: [8, 5] for name in ("real_classes", "fake_classes")}
    shapes |= {name: [8, 2] for name in ("mean", "log_stddev", "codes")}
    shapes |= {name: [8, 4, 4, 3] for name in ("images", "images_again", "fakes", "fakes_again")}
    # Beyond 1, where hinges bend and weights are clipped.
    return {name: np.float32(random.uniform(-1.25, 1.25, shape)) for name, shape in shapes.items()}


def evaluate(tf, call, names):
    """The mean of what a call gives, and its gradients by all inputs, traced into one graph."""

    @tf.function
    def run(arrays):
        derived = dict(main=tf.square(arrays["weights"]), adversarial=tf.sin(3 * arrays["weights"]))
        value = tf.reduce_mean(eval(call, names | arrays | derived))
        return value, tf.gradients(value, list(arrays.values()), unconnected_gradients="zero")

    return tf.nest.flatten(run({name: tf.constant(array) for name, array in inputs().items()}))


def difference(tf, theirs, ours, names):
    """The largest absolute difference of two calls, in value and gradients."""
    pairs = zip(evaluate(tf, theirs, names), evaluate(tf, ours, names), strict=True)
    return max(float(tf.reduce_max(tf.abs(their - our))) for their, our in pairs)


def clipping_difference(tf, tfgan, penalties):
    """TF-GAN clips after the update of an optimizer, whose rate is zero here, in a v1 graph."""
    array = inputs()["images"]
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variable = tf.compat.v1.get_variable("variable", initializer=array)
        optimizer = tf.compat.v1.train.GradientDescentOptimizer(0.0)
        clipping = tfgan.features.clip_variables(optimizer, [variable], 0.5)
        update = clipping.apply_gradients([(tf.zeros_like(variable), variable)])
        session.run(tf.compat.v1.global_variables_initializer())
        session.run(update)
        theirs = session.run(variable)
    ours = tf.Variable(array)
    penalties.clip_weights([ours], 0.5)
    return float(np.abs(theirs - ours.numpy()).max())


def wrappers(tfgan):
    """Names that are no loss of their own. Raises where TF-GAN has a loss that this file omits."""
    wargs = set(tfgan.losses.wargs.__all__)
    repeated = sorted(wargs & set(tfgan.losses.__all__))
    found = {f"losses.{x}": f"`wargs.{x}`, for a `GANModel`" for x in repeated} | WRAPPERS
    public = {f"losses.{name}" for name in tfgan.losses.__all__ if name != "wargs"}
    public |= {f"wargs.{name}" for name in wargs} | {x for x in dir(tfgan) if x.endswith("_loss")}
    public |= {f"features.{name}" for name in tfgan.features.__all__ if "clip" in name.lower()}
    known = {theirs.split("(")[0] for theirs, _ in [*ROWS, CLIPPING]} | set(found)
    if missing := public - known:
        raise ValueError(f"TF-GAN has losses that are compared with nothing: {sorted(missing)}.")
    return found


def compare():
    """All rows: dicts of `tfgan`, `ours` and `difference`, or of `tfgan` and `wraps`."""
    tf, tfgan = import_tensorflow_gan()
    import tensorflow_probability

    labels, alpha = np.arange(8) % 5, np.linspace(0.0, 0.9, 8, dtype="float32").reshape(8, 1, 1, 1)
    kernel = np.random.default_rng(1).normal(size=(48, 3)).astype("float32") / 7
    names = dict(tf=tf, tfd=tensorflow_probability.distributions, wargs=tfgan.losses.wargs)
    names |= dict(losses=load("losses"), penalties=load("penalties"))
    names |= dict(labels=labels, one_hot=np.eye(5)[labels], alpha=alpha, scope="critic")
    names["critic"] = lambda x: tf.reduce_sum(tf.tanh(tf.reshape(x, [8, 48]) @ kernel), axis=1)
    names["discriminator_fn"] = lambda images, condition: names["critic"](images)
    with mock.patch.object(tf.random, "uniform", return_value=alpha):
        rows = [(*calls, difference(tf, *calls, names)) for calls in ROWS]
    rows.append((*CLIPPING, clipping_difference(tf, tfgan, names["penalties"])))
    return [dict(zip(("tfgan", "ours", "difference"), row, strict=True)) for row in rows] + [
        dict(tfgan=name, wraps=wraps) for name, wraps in wrappers(tfgan).items()
    ]


def main():
    rows = compare()
    for row in rows:
        print(json.dumps(row))
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(document(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
