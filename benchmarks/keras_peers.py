"""DCGAN, WGAN-GP and SNGAN in stock Keras, trained the way the examples of keras.io are."""

import keras
import ours
import tensorflow as tf
from contestants import Contestant, latent_dim_of
from keras import layers
from rows import images_of


def contestant(row, mode, precision):
    """A peer of tfgan_zoo's model of that row; without classes or lazy penalties."""
    keras.mixed_precision.set_global_policy(
        {"bfloat16": "mixed_bfloat16"}.get(precision, precision)
    )
    build = {"SNGAN": residual_networks}.get(row.model, convolutional_networks)
    model = MODELS[row.model](*build(row), latent_dim_of(row), row.n_critic)
    rate, betas = {"DCGAN": (2e-4, (0.5, 0.999)), "WGANGP": (1e-4, (0.0, 0.9))}.get(
        row.model, (2e-4, (0.0, 0.9))
    )
    adam = lambda: keras.optimizers.Adam(rate, beta_1=betas[0], beta_2=betas[1])  # noqa: E731
    model.compile(adam(), adam())
    images = tf.data.Dataset.from_tensor_slices(images_of(row)).shuffle(1024)
    data = images.batch(row.batch * row.n_critic, drop_remainder=True).repeat().prefetch(2)

    def train(steps, after_step):
        ours.fit(model, data, after_step, steps_per_epoch=steps, shuffle=False)

    return Contestant(ours.parameters_of(model), train, lambda given: losses_of(model, given))


# === Networks ===


def convolutional_networks(row):
    """Generator and discriminator of DCGAN; of WGAN-GP, whose critic has no batch normalization."""
    width, (height, _, channels) = row.options["width"], row.shape
    sizes = [width * 2**level for level in range({28: 2, 32: 3, 64: 4}[height])]
    side = height >> len(sizes)
    x = latents = keras.Input([latent_dim_of(row)])
    x = layers.Dense(side * side * sizes[-1], use_bias=False)(x)
    x = layers.ReLU()(normalized(layers.Reshape((side, side, sizes[-1]))(x)))
    for size in reversed(sizes[:-1]):
        x = layers.Conv2DTranspose(size, 5, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(normalized(x))
    x = layers.Conv2DTranspose(channels, 5, strides=2, padding="same")(x)
    generator = keras.Model(latents, layers.Activation("tanh", dtype="float32")(x))
    x = images = keras.Input(row.shape)
    for level, size in enumerate(sizes):
        norm = row.model == "DCGAN" and level > 0
        x = layers.Conv2D(size, 5, strides=2, padding="same", use_bias=not norm)(x)
        x = layers.LeakyReLU(0.2)(normalized(x) if norm else x)
    logits = layers.Dense(1, dtype="float32")(layers.Flatten()(x))
    return generator, keras.Model(images, logits)


def normalized(x):
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


def residual_networks(row):
    """Generator and discriminator of SNGAN for 32x32, table 4 of the paper."""
    width, convolve = row.options["width"], lambda n, size: layers.Conv2D(n, size, padding="same")
    x = latents = keras.Input([latent_dim_of(row)])
    x = layers.Reshape((4, 4, width))(layers.Dense(16 * width)(x))
    for _ in range(3):
        shortcut = layers.UpSampling2D(2)(convolve(width, 1)(x))
        x = layers.UpSampling2D(2)(layers.ReLU()(normalized(x)))
        x = layers.ReLU()(normalized(convolve(width, 3)(x)))
        x = layers.Add()([convolve(width, 3)(x), shortcut])
    x = convolve(row.shape[-1], 3)(layers.ReLU()(normalized(x)))
    generator = keras.Model(latents, layers.Activation("tanh", dtype="float32")(x))
    x = images = keras.Input(row.shape)
    for level in range(4):
        x = block_down(x, width // 2, level)
    features = layers.GlobalAveragePooling2D(dtype="float32")(layers.ReLU()(x))
    features = layers.Rescaling((row.shape[0] // 4) ** 2, dtype="float32")(features)  # to sums
    logits = spectral(layers.Dense(1, dtype="float32"))(features)
    return generator, keras.Model(images, logits)


def block_down(x, channels, level):
    """The first two blocks of the discriminator halve the side; the first has no ReLU before it."""
    convolve = lambda size: spectral(layers.Conv2D(channels, size, padding="same"))  # noqa: E731
    pool = layers.AveragePooling2D(2) if level < 2 else lambda x: x
    shortcut = convolve(1)(pool(x)) if level < 2 else x
    x = convolve(3)(layers.ReLU()(x) if level else x)
    x = convolve(3)(layers.ReLU()(x))
    return layers.Add()([pool(x), shortcut])


def spectral(layer):
    return layers.SpectralNormalization(layer, dtype=layer.dtype_policy)


# === Training ===


class StockGAN(keras.Model):
    """The frame of the examples' models: two optimizers, two mean losses."""

    def __init__(self, generator, discriminator, latent_dim, n_critic):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim, self.n_critic = latent_dim, n_critic
        self.seed_generator = keras.random.SeedGenerator(0)
        self.d_loss_metric = keras.metrics.Mean(name="d_loss")
        self.g_loss_metric = keras.metrics.Mean(name="g_loss")

    def compile(self, d_optimizer, g_optimizer):
        super().compile()
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer

    @property
    def metrics(self):
        return [self.d_loss_metric, self.g_loss_metric]

    def generated(self, count):
        latents = keras.random.normal((count, self.latent_dim), seed=self.seed_generator)
        return self.generator(latents, training=True)

    def train_step(self, data):
        count = tf.shape(data)[0] // self.n_critic
        for index in range(self.n_critic):
            real = data[index * count : (index + 1) * count]
            d_loss = self.update(self.discriminator, self.d_optimizer, self.d_loss, real)
        g_loss = self.update(self.generator, self.g_optimizer, self.g_loss, count)
        self.d_loss_metric.update_state(d_loss)
        self.g_loss_metric.update_state(g_loss)
        return {metric.name: metric.result() for metric in self.metrics}

    def update(self, network, optimizer, loss_of, given):
        weights = network.trainable_weights
        with tf.GradientTape() as tape:
            loss = loss_of(given)
        gradients = tape.gradient(loss, weights)
        optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return loss

    def d_loss(self, real):
        fake = self.generated(tf.shape(real)[0])
        logits = [self.discriminator(images, training=True) for images in (real, fake)]
        return self.adversarial_d_loss(*logits) + self.weighted_penalty(real, fake)

    def g_loss(self, count):
        return self.adversarial_g_loss(self.discriminator(self.generated(count), training=True))

    def weighted_penalty(self, real, fake):
        return 0.0


class StockDCGAN(StockGAN):
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    def adversarial_d_loss(self, real, fake):
        return self.cross_entropy(tf.ones_like(real), real) + self.cross_entropy(
            tf.zeros_like(fake), fake
        )

    def adversarial_g_loss(self, fake):
        return self.cross_entropy(tf.ones_like(fake), fake)


class StockWGANGP(StockGAN):
    def adversarial_d_loss(self, real, fake):
        return tf.reduce_mean(fake) - tf.reduce_mean(real)

    def adversarial_g_loss(self, fake):
        return -tf.reduce_mean(fake)

    def weighted_penalty(self, real, fake):
        return 10.0 * self.gradient_penalty(real, fake)

    def gradient_penalty(self, real, fake):
        alpha = tf.random.uniform([tf.shape(real)[0], 1, 1, 1])
        images = real + alpha * (fake - real)
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = self.discriminator(images, training=True)
        gradients = tape.gradient(logits, images)
        norms = tf.sqrt(tf.reduce_sum(tf.square(gradients), axis=[1, 2, 3]) + 1e-10)
        return tf.reduce_mean((norms - 1.0) ** 2)


class StockSNGAN(StockWGANGP):
    def adversarial_d_loss(self, real, fake):
        return tf.reduce_mean(tf.nn.relu(1.0 - real)) + tf.reduce_mean(tf.nn.relu(1.0 + fake))

    def weighted_penalty(self, real, fake):
        return 0.0


MODELS = {"DCGAN": StockDCGAN, "WGANGP": StockWGANGP, "SNGAN": StockSNGAN}


# === Losses ===


def losses_of(model, given):
    """The losses of given weights at given inputs."""
    for network, weights in zip(
        (model.generator, model.discriminator), given["weights"], strict=True
    ):
        ours.assign(network, weights)
    if isinstance(model, StockSNGAN):  # until the largest singular values are found
        for _ in range(100):
            model.discriminator(given["real"][:2], training=True)
    fake = model.generator(given["latents"], training=True)
    real, fake = (model.discriminator(images, training=True) for images in (given["real"], fake))
    losses = {
        "d_loss": model.adversarial_d_loss(real, fake),
        "g_loss": model.adversarial_g_loss(fake),
    }
    if type(model) is StockWGANGP:
        images = tf.constant(given["real"])
        losses["penalty"] = model.gradient_penalty(images, images)
    return {name: float(value) for name, value in losses.items()}
