"""The models of tfgan_zoo, as the training benchmarks train them."""

import numpy as np
from contestants import Contestant, latent_dim_of
from rows import TRANSLATORS, images_of, labels_of


def model_of(row, mode="graph", precision="float32"):
    """A compiled model; `mode` is "graph" or "XLA"."""
    import tfgan_zoo

    gan = getattr(tfgan_zoo, row.model)(**row.options, dtype=precision)
    gan.compile(jit_compile=mode == "XLA")
    if row.model in TRANSLATORS:
        return gan
    if (gan.n_critic, gan.latent_dim) != (row.n_critic, latent_dim_of(row)):
        raise ValueError(f"n_critic or latent_dim of {row} are others: {gan.get_config()}.")
    return gan


def data_of(row):
    """What `fit` takes: images, or images and labels."""
    images = images_of(row)
    labels = labels_of(row, len(images))
    return images if labels is None else (images, labels)


def contestant(row, mode, precision):
    precision = {"bfloat16": "mixed_bfloat16"}.get(precision, precision)
    gan, data = model_of(row, mode, precision), data_of(row)

    def train(steps, after_step):
        fit(gan, data, after_step, batch_size=row.batch, steps_per_epoch=steps)

    return Contestant(parameters_of(gan), train, lambda given: losses_of(gan, given))


def fit(model, data, after_step, **options):
    """Keras's `fit`, which calls `after_step(index)` after each step."""
    import keras

    class AfterStep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            after_step(batch)

    model.fit(data, verbose=0, callbacks=[AfterStep()], **options)


def parameters_of(model):
    """Numbers of trained parameters of generator and discriminator."""
    players = ("generator", "discriminator")
    networks = model.generator, model.discriminator
    if type(model).__name__ in TRANSLATORS:  # which may have several for a player
        return [sum(int(np.prod(v.shape)) for v in model.trainable_of(name)) for name in players]
    return [sum(int(np.prod(v.shape)) for v in n.trainable_variables) for n in networks]


# === Losses ===


def weights_of(row):
    """Random weights for the trained variables of both networks, which give losses of the order of 1."""
    gan, rng = model_of(row), np.random.default_rng(3)
    networks = gan.generator, gan.discriminator
    return [[_random(variable, rng) for variable in n.trainable_variables] for n in networks]


def _random(variable, rng):
    values = rng.normal(size=variable.shape).astype("float32")
    if len(variable.shape) > 1:
        return values / np.sqrt(np.prod(variable.shape[:-1])).astype("float32")
    return 0.2 * values + variable.path.endswith("gamma")


def assign(network, weights):
    for variable, value in zip(network.trainable_variables, weights, strict=True):
        variable.assign(value)


def losses_of(gan, given):
    """The losses at given inputs; the penalty at real images alone, where what is drawn between real
    and generated ones does not matter."""
    import tensorflow as tf

    if type(gan).__name__ in TRANSLATORS:
        batch = {"images": tf.constant(given["real"]), "targets": tf.constant(given["labels"])}
        return {"d_loss": float(gan.discriminator_loss(batch, None)[0])}
    if given["weights"] is not None:
        start_from(gan, given["weights"])
    batch = {"labels": None if given["labels"] is None else tf.constant(given["labels"])}
    inputs = gan.generator_inputs(tf.constant(given["latents"]), batch)
    fake = tf.cast(gan.generator(inputs, training=True), tf.float32)
    real, critic = tf.constant(given["real"]), lambda x: gan.discriminator_logits(x, batch)
    logits = critic(real), critic(fake)
    losses = {
        "d_loss": gan.objective.discriminator(*logits),
        "g_loss": gan.objective.generator(logits[1], logits[0]),
    }
    if gan.penalty is not None:
        alpha = lambda shape: tf.zeros([len(real), *shape])  # noqa: E731
        losses["penalty"] = gan.penalty.values(critic, real, real, alpha)
    return {name: float(tf.reduce_mean(value)) for name, value in losses.items()}


def start_from(gan, weights):
    """Assigns the weights of both networks, and finds the largest singular values of theirs."""
    from tfgan_zoo.layers import advance_spectral_norms

    for network, values in zip((gan.generator, gan.discriminator), weights, strict=True):
        assign(network, values)
    for _ in range(100):
        advance_spectral_norms(gan.discriminator)
