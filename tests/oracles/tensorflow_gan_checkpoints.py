"""Checkpoints of TF-GAN's examples, written by their own code, and what their generators draw.

    python tests/oracles/tensorflow_gan_checkpoints.py FOLDER

Networks are those of `tensorflow_gan.examples`, in a graph of TensorFlow 1, made by `tfgan.gan_model`;
weights are random. Writes FOLDER/<name>/model.ckpt-7.* and FOLDER/<name>/outputs.npz.
"""

import pathlib
import sys

import numpy as np
from tensorflow_gan_oracle import import_tensorflow_gan

tf, tfgan = import_tensorflow_gan()
v1 = tf.compat.v1
BATCH, LATENTS, CLASSES = 4, 6, 10


def examples():
    """`{name: (generator, discriminator, shape of images, whether it takes classes)}`."""
    from tensorflow_gan.examples.cifar import networks as cifar
    from tensorflow_gan.examples.mnist import networks as mnist

    plain = mnist.unconditional_generator, mnist.unconditional_discriminator
    conditional = mnist.conditional_generator, mnist.conditional_discriminator
    return {
        "mnist": (*plain, (28, 28, 1), False),
        "mnist_conditional": (*conditional, (28, 28, 1), True),
        "cifar": (cifar.generator, cifar.discriminator, (32, 32, 3), False),
    }


def write(folder, generator, discriminator, shape, takes_classes):
    """Writes a checkpoint in which no variable has its initial value, and images of the generator."""
    rng = np.random.default_rng(0)
    latents, labels = np.float32(rng.normal(size=(BATCH, LATENTS))), np.int32([3, 0, 9, 3])
    with tf.Graph().as_default(), v1.Session() as session:
        inputs = tf.constant(latents)
        inputs = (inputs, tf.one_hot(labels, CLASSES)) if takes_classes else inputs
        model = tfgan.gan_model(generator, discriminator, tf.zeros((BATCH, *shape)), inputs)
        v1.train.get_or_create_global_step()
        with tf.name_scope("train"):  # whose optimizers have variables too
            loss = tf.reduce_mean(model.discriminator_gen_outputs)
            for variables in (model.generator_variables, model.discriminator_variables):
                v1.train.AdamOptimizer(1e-3, 0.5).minimize(loss, var_list=variables)
        with v1.variable_scope(model.generator_scope, reuse=True):
            images = generator(inputs, is_training=False)
        session.run(v1.global_variables_initializer())
        for variable in v1.global_variables():
            if variable.dtype.base_dtype == tf.float32:
                value = session.run(variable) + 0.05 * rng.normal(size=variable.shape)
                variable.load(abs(value) if "variance" in variable.name else value, session)
        folder.mkdir(parents=True)
        v1.train.Saver().save(session, str(folder / "model.ckpt"), 7)
        arrays = {"latents": latents, "labels": labels, "images": session.run(images)}
    np.savez(folder / "outputs.npz", **arrays)


if __name__ == "__main__":
    for name, example in examples().items():
        write(pathlib.Path(sys.argv[1]) / name, *example)
