"""How many real images a second does a training step take in? Ours, stock Keras and PyTorch.

DCGAN and WGAN-GP are trained on random images by four contestants: ours under XLA and as a plain
graph, the same networks and schedule written with stock Keras the way the examples of keras.io are,
and with PyTorch in eager mode. Each lives in a process of its own and waits while another runs, and
in every round each is asked in turn for the same number of steps, so that a slow minute of the
machine hits all of them. The clock of a round starts after its first step.

    python benchmarks/train_step.py            # writes benchmarks/results/train_step.csv
"""

import argparse
import json
import subprocess
import sys
import time

import numpy as np
import tables

TASKS = {  # image shape, hidden sizes of the maps, batch size, critic updates, steps of a round
    "DCGAN": {"shape": (28, 28, 1), "width": 64, "batch": 64, "n_critic": 1, "steps": 60},
    "WGANGP": {"shape": (32, 32, 3), "width": 64, "batch": 64, "n_critic": 5, "steps": 6},
}
CONTESTANTS = ("ours, XLA", "ours, graph", "Keras", "PyTorch")


def images_of(task):
    """Enough random images in [-1, 1] for one step more than a round has."""
    count = (task["steps"] + 1) * task["batch"] * task["n_critic"]
    return np.random.default_rng(0).uniform(-1, 1, (count, *task["shape"])).astype("float32")


# === Ours ===


def ours(name, task, mode):
    """The number of trained parameters, and a function that trains one round and gives its seconds."""
    import tfgan_zoo

    gan = getattr(tfgan_zoo, name)(image_shape=task["shape"], width=task["width"])
    gan.compile(jit_compile=mode == "XLA")
    if gan.n_critic != task["n_critic"]:
        raise ValueError(f"{name} has n_critic={gan.n_critic}, and the task {task['n_critic']}.")
    networks = gan.generator, gan.discriminator
    return count_parameters(networks), round_of_fit(gan, images_of(task), task["batch"])


def count_parameters(networks):
    return sum(int(np.prod(v.shape)) for network in networks for v in network.trainable_variables)


def round_of_fit(model, images, batch_size):
    """Trains an epoch by `fit` and times it from the end of its first step."""
    import keras

    clock = {}

    class Clock(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            clock["end"] = time.perf_counter()
            if batch == 0:
                clock["start"] = clock["end"]

    def run():
        model.fit(images, batch_size=batch_size, epochs=1, verbose=0, callbacks=[Clock()])
        return clock["end"] - clock["start"]

    return run


# === Stock Keras, as keras.io writes it ===


def stock_keras(name, task):
    import keras

    generator, discriminator = keras_networks(name, task)
    classes = keras_models()
    model = classes[name](generator, discriminator, 100 if name == "DCGAN" else 128)
    rate, betas = (2e-4, (0.5, 0.999)) if name == "DCGAN" else (1e-4, (0.0, 0.9))
    adam = lambda: keras.optimizers.Adam(rate, beta_1=betas[0], beta_2=betas[1])  # noqa: E731
    model.compile(adam(), adam())
    parameters = count_parameters((generator, discriminator))
    return parameters, round_of_fit(model, images_of(task), task["batch"] * task["n_critic"])


def keras_networks(name, task):
    import keras
    from keras import layers

    width, (height, depth, channels) = task["width"], task["shape"]
    if name == "DCGAN":
        sizes, latent_dim, normalized = [1, 2], 100, True
    else:
        sizes, latent_dim, normalized = [1, 2, 4], 128, False
    start = (height >> len(sizes), depth >> len(sizes), sizes[-1] * width)
    x = latents = keras.Input([latent_dim])
    x = layers.Dense(int(np.prod(start)), use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(layers.Reshape(start)(x)))
    for size in reversed(sizes[:-1]):
        x = layers.Conv2DTranspose(size * width, 5, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(channels, 5, strides=2, padding="same", activation="tanh")(x)
    generator = keras.Model(latents, x)
    x = images = keras.Input(task["shape"])
    for size in sizes:
        norm = normalized and size > 1
        x = layers.Conv2D(size * width, 5, strides=2, padding="same", use_bias=not norm)(x)
        x = layers.LeakyReLU(0.2)(layers.BatchNormalization()(x) if norm else x)
    return generator, keras.Model(images, layers.Dense(1)(layers.Flatten()(x)))


def keras_models():
    import keras
    import tensorflow as tf

    class Base(keras.Model):
        def __init__(self, generator, discriminator, latent_dim):
            super().__init__()
            self.generator, self.discriminator = generator, discriminator
            self.latent_dim = latent_dim
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

        def report(self, d_loss, g_loss):
            self.d_loss_metric.update_state(d_loss)
            self.g_loss_metric.update_state(g_loss)
            return {metric.name: metric.result() for metric in self.metrics}

    class StockDCGAN(Base):
        def train_step(self, real):
            count = tf.shape(real)[0]
            loss = keras.losses.BinaryCrossentropy(from_logits=True)
            images = tf.concat([self.generated(count), real], axis=0)
            labels = tf.concat([tf.zeros((count, 1)), tf.ones((count, 1))], axis=0)
            weights = self.discriminator.trainable_weights
            with tf.GradientTape() as tape:
                d_loss = loss(labels, self.discriminator(images, training=True))
            self.d_optimizer.apply_gradients(
                zip(tape.gradient(d_loss, weights), weights, strict=True)
            )
            weights = self.generator.trainable_weights
            with tf.GradientTape() as tape:
                logits = self.discriminator(self.generated(count), training=True)
                g_loss = loss(tf.ones((count, 1)), logits)
            self.g_optimizer.apply_gradients(
                zip(tape.gradient(g_loss, weights), weights, strict=True)
            )
            return self.report(d_loss, g_loss)

    class StockWGANGP(Base):
        def gradient_penalty(self, real, fake):
            alpha = tf.random.uniform([tf.shape(real)[0], 1, 1, 1])
            images = real + alpha * (fake - real)
            with tf.GradientTape() as tape:
                tape.watch(images)
                logits = self.discriminator(images, training=True)
            gradients = tape.gradient(logits, images)
            norms = tf.sqrt(tf.reduce_sum(tf.square(gradients), axis=[1, 2, 3]) + 1e-10)
            return tf.reduce_mean((norms - 1.0) ** 2)

        def train_step(self, data):
            count = tf.shape(data)[0] // 5
            weights = self.discriminator.trainable_weights
            for index in range(5):
                real = data[index * count : (index + 1) * count]
                with tf.GradientTape() as tape:
                    fake = self.generated(count)
                    fake_logits = self.discriminator(fake, training=True)
                    real_logits = self.discriminator(real, training=True)
                    d_loss = tf.reduce_mean(fake_logits) - tf.reduce_mean(real_logits)
                    d_loss += 10.0 * self.gradient_penalty(real, fake)
                self.d_optimizer.apply_gradients(
                    zip(tape.gradient(d_loss, weights), weights, strict=True)
                )
            weights = self.generator.trainable_weights
            with tf.GradientTape() as tape:
                logits = self.discriminator(self.generated(count), training=True)
                g_loss = -tf.reduce_mean(logits)
            self.g_optimizer.apply_gradients(
                zip(tape.gradient(g_loss, weights), weights, strict=True)
            )
            return self.report(d_loss, g_loss)

    return {"DCGAN": StockDCGAN, "WGANGP": StockWGANGP}


# === PyTorch, eager ===


def pytorch(name, task):
    import torch

    torch.set_num_threads(tables.cores())
    generator, discriminator = torch_networks(name, task)
    rate, betas = (2e-4, (0.5, 0.999)) if name == "DCGAN" else (1e-4, (0.0, 0.9))
    adams = [torch.optim.Adam(net.parameters(), rate, betas) for net in (generator, discriminator)]
    step = {"DCGAN": torch_dcgan_step, "WGANGP": torch_wgan_gp_step}[name]
    images = torch.from_numpy(images_of(task)).permute(0, 3, 1, 2)
    images = images.contiguous(memory_format=torch.channels_last)

    def run():
        chunks = torch.randperm(len(images)).split(task["batch"] * task["n_critic"])
        for index, chosen in enumerate(chunks):
            step(generator, discriminator, *adams, images[chosen], task["batch"])
            if index == 0:
                start = time.perf_counter()
        return time.perf_counter() - start

    count = sum(p.numel() for net in (generator, discriminator) for p in net.parameters())
    return count, run


def torch_networks(name, task):
    import torch
    from torch import nn

    width, (height, depth, channels) = task["width"], task["shape"]
    sizes, latent_dim = ([1, 2], 100) if name == "DCGAN" else ([1, 2, 4], 128)
    start = (sizes[-1] * width, height >> len(sizes), depth >> len(sizes))
    upscale = {"kernel_size": 5, "stride": 2, "padding": 2, "output_padding": 1}
    steps = [nn.Linear(latent_dim, int(np.prod(start)), bias=False), nn.Unflatten(1, start)]
    steps += [nn.BatchNorm2d(start[0]), nn.ReLU()]
    for wide, size in zip(reversed(sizes), reversed(sizes[:-1]), strict=False):
        steps += [nn.ConvTranspose2d(wide * width, size * width, bias=False, **upscale)]
        steps += [nn.BatchNorm2d(size * width), nn.ReLU()]
    steps += [nn.ConvTranspose2d(width, channels, **upscale), nn.Tanh()]
    generator = nn.Sequential(*steps)
    steps, maps = [], channels
    for size in sizes:
        norm = name == "DCGAN" and size > 1
        steps += [nn.Conv2d(maps, size * width, 5, stride=2, padding=2, bias=not norm)]
        steps += [nn.BatchNorm2d(size * width)] if norm else []
        steps += [nn.LeakyReLU(0.2)]
        maps = size * width
    steps += [nn.Flatten(), nn.Linear(int(np.prod(start)), 1)]
    networks = generator, nn.Sequential(*steps)
    return [network.to(memory_format=torch.channels_last) for network in networks]


def torch_update(optimizer, loss):
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def torch_fake(generator, count):
    import torch

    return generator(torch.randn(count, generator[0].in_features))


def torch_generator_update(generator, discriminator, optimizer, count, loss):
    discriminator.requires_grad_(False)  # spares the gradients that nothing would use
    torch_update(optimizer, loss(discriminator(torch_fake(generator, count))))
    discriminator.requires_grad_(True)


def torch_dcgan_step(generator, discriminator, g_optimizer, d_optimizer, real, batch):
    import torch
    from torch.nn.functional import softplus

    with torch.no_grad():
        fake = torch_fake(generator, batch)
    loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()
    torch_update(d_optimizer, loss)
    saturates_not = lambda logits: softplus(-logits).mean()  # noqa: E731
    torch_generator_update(generator, discriminator, g_optimizer, batch, saturates_not)


def torch_wgan_gp_step(generator, discriminator, g_optimizer, d_optimizer, data, batch):
    import torch

    for real in data.split(batch):
        with torch.no_grad():
            fake = torch_fake(generator, batch)
        loss = discriminator(fake).mean() - discriminator(real).mean()
        mixed = real + torch.rand(batch, 1, 1, 1) * (fake - real)
        logits = discriminator(mixed.requires_grad_(True))
        (slopes,) = torch.autograd.grad(logits.sum(), mixed, create_graph=True)
        norms = (slopes.square().sum(dim=(1, 2, 3)) + 1e-10).sqrt()
        torch_update(d_optimizer, loss + 10.0 * (norms - 1.0).square().mean())
    raises = lambda logits: -logits.mean()  # noqa: E731
    torch_generator_update(generator, discriminator, g_optimizer, batch, raises)


# === Rounds ===


def contestant(name, label):
    """Builds what a label stands for."""
    task = TASKS[name]
    if label == "Keras":
        return stock_keras(name, task)
    if label == "PyTorch":
        return pytorch(name, task)
    return ours(name, task, label.removeprefix("ours, "))


def serve(parameters, run):
    """Answers the parent: first the parameter count, then what each round it asks for has given."""
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever libraries print must not be an answer
    run()  # compiles and warms up
    print(parameters, file=answers, flush=True)
    for _ in sys.stdin:
        print(json.dumps(run()), file=answers, flush=True)


def start(script, *arguments, python=sys.executable, **environment):
    """A process that serves rounds of a script, warmed up, and its parameter count."""
    process = subprocess.Popen(
        [python, script, "--worker", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**tables.environment(), **environment},
        text=True,
    )
    return process, answer(process)


def answer(process):
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args} ended with exit code {process.wait()}.")
    return json.loads(line)


def interleaved(processes, rounds):
    """What each round of each process gives, as `(label, round, given)`, in turn; then ends them."""
    for number in range(rounds):
        for label, process in processes.items():
            print("run", file=process.stdin, flush=True)
            given = answer(process)
            print(f"round {number + 1}: {label}: {given}", file=sys.stderr, flush=True)
            yield label, number + 1, given
    for process in processes.values():
        process.stdin.close()
        process.wait()


def compare(name, rounds):
    """Rows of the table: every round of every contestant on one model."""
    started = {label: start(__file__, name, label) for label in CONTESTANTS}
    parameters = {label: first for label, (_, first) in started.items()}
    if len(set(parameters.values())) != 1:
        raise ValueError(f"{name}: the contestants' parameter counts differ: {parameters}.")
    processes = {label: process for label, (process, _) in started.items()}
    images = TASKS[name]["batch"] * TASKS[name]["n_critic"] * TASKS[name]["steps"]
    return [
        {
            "model": name,
            "contestant": label,
            "round": number,
            "parameters": parameters[label],
            "images": images,
            "seconds": round(seconds, 4),
            "images_per_second": round(images / seconds, 2),
        }
        for label, number, seconds in interleaved(processes, rounds)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", nargs=2, metavar=("MODEL", "CONTESTANT"), help="used inside")
    options = parser.parse_args()
    if options.worker:
        return serve(*contestant(*options.worker))
    rows = [row for name in TASKS for row in compare(name, options.rounds)]
    tables.write_csv("train_step", rows)


if __name__ == "__main__":
    main()
