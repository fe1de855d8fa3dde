"""How well do the variants learn garments or digits from as many images, with networks of one size?

    python benchmarks/fair_table.py --data-dir tfds --precision mixed_bfloat16   # hours
    python benchmarks/fair_table.py --data mnist --data-dir tfds --only DCGAN,R3GAN --core 1

Each is the preset for Fashion-MNIST, for either data, with networks of 200,000 parameters, generator and
discriminator together, to a tenth, and is shown the same number of training images; a critic's updates
count. The six best known have three seeds, the others one. Runs that results/fair_table_DATA.csv has are
left out.
"""

import argparse
import os
import time

import learned
import numpy as np
import tables

IMAGES, PARAMETERS = 120_000, 200_000
MEASURES = ("fd", "recall", "precision")
BEST_KNOWN = {
    "DCGAN": ("dcgan", {"width": 17}),
    "WGAN-GP": ("wgan_gp", {"width": 15}),
    "SNGAN": ("sngan", {"latent_dim": 64, "width": 12}),
    "BigGAN": ("biggan", {"width": 9}),
    "StyleGAN2": ("stylegan2", {"channel_base": 352, "channel_max": 44}),
    "R3GAN": ("r3gan", {"widths": (104, 48, 24)}),
}
OTHERS = {
    "VanillaGAN": ("vanilla_gan", {"width": 120, "maxout_units": 20}),
    "LSGAN": ("lsgan", {"width": 17}),
    "WGAN": ("wgan", {"width": 17}),
    "ConditionalGAN": ("conditional_gan", {"width": 9}),
    "ACGAN": ("acgan", {"width": 11, "discriminator_width": 3}),
    "InfoGAN": ("infogan", {"width": 8, "units": 112}),
    "SAGAN": ("sagan", {"width": 7}),
    "SSGAN": ("ssgan", {"width": 11}),
    "BigGANDeep": ("biggan_deep", {"width": 7}),
    "ProGAN": ("progan", {"widths": (34, 17, 8)}),
    "StyleGAN": ("stylegan", {"channel_base": 336, "channel_max": 42}),
    "StyleGAN3": ("stylegan3", {"channel_base": 336, "channel_max": 42}),
    "VAEGAN": ("vaegan", {"width": 5, "encoder_units": 64, "discriminator_units": 48}),
    "BEGAN": ("began", {"width": 15}),
}
ENDINGS = {"infogan": "_fashion_mnist_small"}


def model(name, seed, precision):
    """A new one of that size, compiled, and the images of its batches."""
    from tfgan_zoo import presets

    stem, options = (BEST_KNOWN | OTHERS)[name]
    preset = presets.get_preset(stem + ENDINGS.get(stem, "_fashion_mnist"))
    return learned.compiled(preset.name, seed, precision, options), preset.batch_size


def parameters(gan):
    """Of both players' networks."""
    weights = gan.generator.trainable_weights + gan.discriminator.trainable_weights
    return sum(int(np.prod(weight.shape)) for weight in weights)


def run(name, seed, given):
    """The row of one training run."""
    from tfgan_zoo import datasets
    from tfgan_zoo.engine import inputs

    gan, batch_size = model(name, seed, given.precision)
    size = parameters(gan)
    assert abs(size / PARAMETERS - 1) <= 0.1, f"{name} has {size:,} parameters."
    images = datasets.load(given.data, "train", (28, 28), channels=1, data_dir=given.data_dir)
    steps = 1 if given.quick else round(IMAGES / inputs.step_size(gan, batch_size))
    began = time.process_time()
    gan.fit(images.source, batch_size=batch_size, epochs=1, steps_per_epoch=steps, verbose=0)
    minutes = round((time.process_time() - began) / 60, 2)
    told = {"model": name, "seed": seed, "parameters": size, "images": IMAGES, "minutes": minutes}
    return told | ({} if given.quick else scores(gan, given))


def scores(gan, given):
    """Of 10,000 images, in the features of the data's own classifier."""
    metrics = [f"{measure}10k_lenet_{given.data}" for measure in MEASURES]
    found = learned.scores(gan, metrics, given.data, given.data_dir)
    return dict(zip(MEASURES, found.values(), strict=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=("fashion_mnist", "mnist"), default="fashion_mnist")
    parser.add_argument("--data-dir", help="prepared data sets")
    parser.add_argument("--only", help="names with commas between them")
    parser.add_argument("--core", type=int, default=0, help="the one that it runs on")
    parser.add_argument("--precision", default="float32")
    tables.add_quick(parser)
    given = parser.parse_args()
    os.sched_setaffinity(0, {given.core})
    wanted = given.only.split(",") if given.only else [*BEST_KNOWN, *OTHERS]
    for seed in range(1 if given.quick else 3):
        for name in wanted:
            if not (seed and name in OTHERS):
                add(name, seed, given)


def add(name, seed, given):
    """Runs what the file lacks."""
    file = f"fair_table_{given.data}"
    done = {(row["model"], row["seed"]) for row in tables.rows_so_far(file)}
    if given.quick or (name, str(seed)) not in done:
        row = run(name, seed, given)
        tables.give(file, row, given.quick, dtype_policy=given.precision)


if __name__ == "__main__":
    main()
