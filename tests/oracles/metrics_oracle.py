"""What TF-GAN's measures say of the arrays in an .npz file, as JSON. See tensorflow_gan_oracle.py."""

import json
import pathlib
import runpy
import sys

import numpy as np


def main(path):
    script = pathlib.Path(__file__).with_name("tensorflow_gan_oracle.py")
    tf, tfgan = runpy.run_path(str(script))["import_tensorflow_gan"]()
    arrays = {name: tf.constant(value) for name, value in np.load(path).items()}
    real, generated, rows = arrays["real"], arrays["generated"], len(arrays["real"])
    frechet = tfgan.eval.frechet_classifier_distance_from_activations(real, generated)
    kernel = tfgan.eval.kernel_classifier_distance_from_activations(
        real, generated, max_block_size=rows, dtype=tf.float64
    )
    score = tfgan.eval.classifier_score_from_logits(arrays["logits"])
    from tensorflow_gan.python.eval import sliced_wasserstein

    rows = [arrays[name] for name in ("patches", "other_patches")]
    sliced = sliced_wasserstein._sliced_wasserstein(*rows, 16, 128)
    levels = sliced_wasserstein.laplacian_pyramid(arrays["images"], 2)
    np.savez(pathlib.Path(path).with_suffix(".pyramid.npz"), *levels)
    found = {"frechet": frechet, "kernel": kernel, "score": score, "sliced": sliced}
    print(json.dumps({name: float(value) for name, value in found.items()}))


if __name__ == "__main__":
    main(sys.argv[1])
