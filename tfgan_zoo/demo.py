"""`tfgan-zoo demo`: trains a DCGAN on the images that the package ships, draws samples, exports it."""

import pathlib
import shutil

import numpy as np
import tensorflow as tf

from tfgan_zoo import runs
from tfgan_zoo.visualization import image_grid, write_png

PRESET = "dcgan_fashion_mnist_10k"
NEXT = """
Samples:     {folder}/samples.png
SavedModel:  {saved_model}, loaded back: its images equal the model's to {difference:.0e}
Run:         {run}, with its log, checkpoints and the samples of every epoch

What next:
  {bin}tfgan-zoo sample {run} --seeds 0-99 --out more.png    more images
  {bin}tfgan-zoo train --resume {run} --epochs 30            better images
  {bin}tfgan-zoo serve --model_name=demo --model_base_path=$PWD/{folder}/saved_models/demo    an endpoint
  {bin}tfgan-zoo generate --url localhost:8500 --model demo --out served.png    images from it
  {bin}tfgan-zoo list                                        other models
"""


def demo(epochs, folder):
    """Trains in `folder/runs`, and writes `folder/samples.png` and `folder/saved_models/demo/1`."""
    print(f"Training {PRESET} on 10,000 images of Fashion-MNIST.")
    run = runs.train(runs.Options(PRESET, epochs=epochs), folder / "runs")
    gan = runs.load_run(run)
    write_png(folder / "samples.png", image_grid(gan.generate(64, seed=0)))
    shutil.rmtree(folder / "saved_models", ignore_errors=True)
    path = gan.export(folder / "saved_models", "demo")
    difference = _difference(gan, path)
    bin_folder = ".venv/bin/" if pathlib.Path(".venv/bin/tfgan-zoo").exists() else ""
    print(
        NEXT.format(folder=folder, run=run, saved_model=path, difference=difference, bin=bin_folder)
    )


def _difference(gan, path):
    """The largest difference between the images of the model and of its SavedModel."""
    latents = tf.constant(np.random.default_rng(0).uniform(-1, 1, (16, gan.latent_dim)), tf.float32)
    served = tf.saved_model.load(str(path)).signatures["from_latents"](latents=latents)
    return float(np.abs(served["images"] - gan.render(latents)).max())
