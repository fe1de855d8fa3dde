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
    found = {"frechet": frechet, "kernel": kernel, "score": score}
    print(json.dumps({name: float(value) for name, value in found.items()}))


if __name__ == "__main__":
    main(sys.argv[1])
