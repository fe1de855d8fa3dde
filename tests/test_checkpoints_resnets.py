"""Published residual GANs become models whose outputs are those that were recorded."""

import keras
import numpy as np
import pytest
from test_checkpoints import ROOT, case, close, levels, needs_files, nhwc

import tfgan_zoo
from tfgan_zoo.checkpoints import FAMILIES
from tfgan_zoo.weights import loading, named, pytorch


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


@needs_files
@pytest.mark.parametrize(
    ("name", "variant"), [("a_sngan32", "SNGAN"), ("a_cgan_pd32", "SNGAN"), ("a_ssgan32", "SSGAN")]
)
def test_mimicry(name, variant):
    folder, given, recorded = case(f"mimicry/{name}")
    model = tfgan_zoo.from_checkpoint(folder)
    assert type(model).__name__ == variant
    labels = [given["labels"]] if "labels" in given else []
    close(np.asarray(model(given["z"], *labels)), nhwc(recorded["image"]))
    images = nhwc(given["d_images"])
    outputs = model.discriminator([images, given["d_labels"]] if labels else images)
    if variant == "SSGAN":
        close(np.asarray(outputs["rotation_logits"]), recorded["d_output_1"])
        outputs = outputs["logits"]
    close(np.asarray(outputs), recorded["d_logits"])


@needs_files
@pytest.mark.parametrize(
    ("name", "variant"), [("a_biggan", "BigGAN"), ("a_dcgan", "SNGAN"), ("a_sngan", "SNGAN")]
)
def test_studiogan(name, variant):
    folder, given, recorded = case(f"studiogan/{name}")
    model = tfgan_zoo.from_checkpoint(folder)
    assert type(model).__name__ == variant
    labels = [] if model.num_classes is None else [given["labels"]]
    images = np.asarray(model(given["z"], *labels))
    close(images, nhwc(recorded["image"]))
    levels(np.clip((images + 1) / 2 * 255 + 0.5, 0, 255).astype("uint8"), nhwc(recorded["uint8"]))
    if "image_of_G" in recorded:
        own = model.generator([given["z"], *labels])
        close(np.asarray(own)[:1], nhwc(recorded["image_of_G"]))
    images = nhwc(given["d_images"])
    logits = model.discriminator([images, given["d_labels"]] if labels else images)
    close(np.asarray(logits)[:, 0], recorded["d_adv_output"])


class Files:
    """What a converter reads of a folder: tensors by files' names."""

    def __init__(self, folder, states):
        self.path = folder
        self.files = {folder / name: {"state_dict": state} for name, state in states.items()}

    def trees(self):
        return self.files


def of_nvidia(rename):
    """A snapshot of NVIDIA's code as states by the names of StudioGAN's files, and its model."""
    (file,) = (ROOT / "stylegan2_ada_pytorch" / "a").glob("*.pkl")
    tree = pytorch.read(file)
    states = {}
    for network in ("G", "G_ema", "D"):
        found = dict(pytorch._of_module(tree[network], "", [0], 0))
        states[f"model={network}-best-weights-step=9.pth"] = rename(network, found)
    return states, tfgan_zoo.from_checkpoint(file)


def in_place_of_the_last_layer(network, state):
    return {name.replace("b4.out.", "linear1."): value for name, value in state.items()}


@needs_files
def test_other_classes_keep_what_fits():
    folder = ROOT / "mimicry" / "a_cgan_pd32"
    model = tfgan_zoo.from_checkpoint(folder)
    with pytest.warns(UserWarning, match=r"New here, .*: discriminator/spectral_dense/kernel"):
        other = tfgan_zoo.from_checkpoint(folder, num_classes=model.num_classes + 2)
    before, after = named.variables(model), named.variables(other)
    same = [name for name in after if after[name].shape == before[name].shape]
    assert any(name.startswith("discriminator/") for name in same) and len(same) < len(after)
    for name in same:
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)


@needs_files
def test_studiogan_stylegan2(tmp_path):
    """Networks of NVIDIA's names, in which the discriminator's last layer has another."""
    states, expected = of_nvidia(in_place_of_the_last_layer)
    (tmp_path / "config.yaml").write_text("d_epilogue_mbstd_group_size: 2\n")
    family, files = FAMILIES["studiogan"], Files(tmp_path, states)
    assert family.recognizes(files)
    found = family.convert(files)
    assert not [name for tensors in found.given for name in tensors.unused()]
    model = getattr(tfgan_zoo, found.variant)(**found.options)
    loading.load(model, found.tensors, "it", foreign=True)
    assert model.stddev_group_size == 2 and model.latent_dim == expected.latent_dim
    ours, theirs = named.variables(model), named.variables(expected)
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


@needs_files
def test_studiogan_stylegan2_of_another_discriminator(tmp_path):
    """One that classifies is left out, and said to be."""

    def rename(network, state):
        state = in_place_of_the_last_layer(network, state)
        return state | ({"linear2.weight": state["linear1.weight"]} if network == "D" else {})

    states, _ = of_nvidia(rename)
    found = FAMILIES["studiogan"].convert(Files(tmp_path, states))
    critic = found.given[-1]
    assert not critic.unused() and "linear2.weight" in critic.left
    assert not any(name.startswith("discriminator/") for name in found.tensors)


# === What was read goes on ===


def outputs(model):
    labels = None if model.num_classes is None else np.arange(2) % model.num_classes
    return [
        np.asarray(model.render(model.latents_for([3, 4]), labels, truncation=t))
        for t in (1.0, 0.5)
    ]


@needs_files
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("huggingface_biggan/a", marks=pytest.mark.full),  # its networks take a minute
        pytest.param("studiogan/a_biggan", marks=pytest.mark.full),
        pytest.param("ajbrock_biggan/a", marks=pytest.mark.full),
        "mimicry/a_ssgan32",
    ],
)
def test_what_was_read_draws_is_saved_and_is_exported(name, tmp_path):
    model = tfgan_zoo.from_checkpoint(ROOT / name)
    assert model.generate(2, seed=0, truncation=0.5).shape == (2, *model.image_shape)
    expected = outputs(model)
    model.save(tmp_path / "saved.keras")
    artifact = model.export(tmp_path)
    again = [keras.saving.load_model(tmp_path / "saved.keras"), tfgan_zoo.from_preset(artifact)]
    for other in again:
        assert other.origin["family"] == name.partition("/")[0]
        np.testing.assert_allclose(outputs(other), expected, rtol=0, atol=1e-6)
