"""Published residual GANs become models whose outputs are those that were recorded."""

import numpy as np
from test_checkpoints import case, close, needs_files, nhwc

import tfgan_zoo


@needs_files
def test_biggan_deep_of_hugging_face():
    """Latents, statistics and images by truncation; the first image is whole, the others are sampled."""
    folder, given, recorded = case("huggingface_biggan/a")
    model = tfgan_zoo.from_checkpoint(folder)
    assert type(model).__name__ == "BigGANDeep" and model.latent_distribution == "truncated_normal"
    z, labels = given["noise_before_truncation"], given["labels"]
    for truncation in given["truncations"]:
        theirs = nhwc(recorded[f"image_t{truncation:.3g}" if truncation < 1 else "image_t1.0"])
        ours = model.render(z, labels, truncation=float(f"{truncation:.3g}"))[: len(theirs)]
        step = ours.shape[1] // theirs.shape[1]
        close(np.asarray(ours)[:, ::step, ::step], theirs)


@needs_files
def test_biggan_pytorch():
    folder, given, recorded = case("ajbrock_biggan/a")
    model = tfgan_zoo.from_checkpoint(folder)
    assert type(model).__name__ == "BigGAN" and model.conditioning == "class"
    close(np.asarray(model(given["z"], given["labels"])), nhwc(recorded["image"]))
    own = np.asarray(model.generator([given["z"], given["labels"]]))
    close(own[:1], nhwc(recorded["image_of_G"]))
    logits = model.discriminator([nhwc(given["d_images"]), given["d_labels"]])
    close(np.asarray(logits), recorded["d_logits"])
