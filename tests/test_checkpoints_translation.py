"""Published checkpoints of models from images to images: their outputs are those that were recorded.

Options that the recorded ones do not have are tried on files with the same values under other names.
"""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_checkpoints import case, close, levels, needs_files, nhwc

import tfgan_zoo
from tfgan_zoo.models.adain import aligned
from tfgan_zoo.networks import vgg
from tfgan_zoo.weights import convert_adain, pytorch

CYCLEGAN, PIX2PIX = "cyclegan_pix2pix/a_cyclegan_resnet9", "cyclegan_pix2pix/a_pix2pix_unet256"
CUT = "cut/a_cut_resnet9"


def signed(images):
    """Recorded images, `[N, C, H, W]` of 8 bits, as ours: `[N, H, W, C]` in [-1, 1]."""
    return nhwc(images).astype("float32") / 127.5 - 1


def goes_on(model, folder, images, export=True, **further):
    """Checks that a model gives the same after it was saved, and after it was exported."""
    made = np.asarray(model(images, **further))
    assert model.translate(images, **further).dtype == np.uint8
    model.save(folder / "model.keras")
    saved = keras.saving.load_model(folder / "model.keras")
    np.testing.assert_array_equal(saved(images, **further), made)
    assert saved.origin == model.origin
    if export:
        path = model.export(folder, "own", warmup_batch_sizes=[1])
        exported = tfgan_zoo.from_preset(path, trust_model=True)
        np.testing.assert_array_equal(exported(images, **further), made)


def state(file, read=pytorch.read, state_dict=pytorch.state_dict):
    return state_dict(read(file))


@pytest.fixture
def written(monkeypatch, tmp_path):
    """Writes files of arrays, which are read as those of PyTorch's: `written(name, arrays)`."""
    monkeypatch.setattr(pytorch, "read", lambda path: dict(np.load(path)))
    monkeypatch.setattr(pytorch, "state_dict", dict)

    def write(name, arrays):
        with open(tmp_path / name, "wb") as file:
            np.savez(file, **arrays)
        return tmp_path

    return write


# === pytorch-CycleGAN-and-pix2pix ===


@needs_files
def test_cyclegan(tmp_path):
    folder, given, recorded = case(CYCLEGAN)
    model = tfgan_zoo.from_checkpoint(folder, image_shape=(64, 64, 3))
    assert type(model).__name__ == "CycleGAN" and model.directions == ("forward",)
    images = signed(given["images"])
    close(np.asarray(model(images)), nhwc(recorded["image"]))
    close(np.asarray(model.discriminator(images)["logits"]), nhwc(recorded["d_logits"]))
    close(np.asarray(model(signed(given["image_52x44"]))), nhwc(recorded["image_52x44"]))
    cut = nhwc(recorded["image_of_53x45"])[:, :53, :45]
    close(np.asarray(model(signed(given["image_53x45"]))), cut)
    goes_on(model, tmp_path, images[:1])
    with pytest.raises(ValueError, match="both_ways=True"):
        model.compile()
        model.fit(images[:1, :64], images[1:, :64], batch_size=1)


@needs_files
def test_pix2pix():
    folder, given, recorded = case(PIX2PIX)
    images = signed(given["images"])
    model = tfgan_zoo.from_checkpoint(folder)
    assert type(model).__name__ == "Pix2Pix" and model.normalization == "batch"
    made = np.asarray(model(images))
    close(made[:, ::2, ::2], nhwc(recorded["image_every_2nd"]))
    close(made[:, :64, :64], nhwc(recorded["image_corner_64"]))
    found = model.discriminator(np.concatenate([images, made], axis=-1))
    close(np.asarray(found["0"]["logits"]), nhwc(recorded["d_logits"]))
    model = tfgan_zoo.from_checkpoint(folder / "latest_net_G.pth", normalization="batch_of_one")
    assert "origin" in model.get_config()
    made = np.asarray(model(images))
    close(made[:, ::2, ::2], nhwc(recorded["image_batch_statistics_every_2nd"]))
    assert np.array_equal(model.translate(images), model.translate(images))
    assert (model.translate(images, seed=1) != model.translate(images)).any()  # dropout


@needs_files
def test_both_directions_names_of_parallel_training_and_old_statistics(written):
    folder, given, recorded = case(CYCLEGAN)
    arrays = {kind: state(folder / f"latest_net_{kind}_A.pth") for kind in "GD"}
    images = signed(given["images"])[:1]
    for name, array in list(arrays["G"].items()):
        norm = re.sub(r"\d+\.bias$", lambda m: f"{int(m[0][:-5]) + 1}.running_mean", name)
        if norm != name and name != "model.26.bias":
            arrays["G"][norm] = 9 * array
    other = {name: 2 * array for name, array in arrays["G"].items()}
    path = written("5_net_G_A.pth", other)
    for kind, values in arrays.items():
        written(f"latest_net_{kind}_A.pth", values)
        written(f"latest_net_{kind}_B.pth", other if kind == "G" else values)
    model = tfgan_zoo.from_checkpoint(path)
    assert model.directions == ("forward", "backward")
    close(np.asarray(model(images)), nhwc(recorded["image"])[:1])
    alone = tfgan_zoo.from_checkpoint(path / "5_net_G_A.pth")
    np.testing.assert_array_equal(model(images, direction="backward"), alone(images))
    trained = tfgan_zoo.from_checkpoint(path / "5_net_G_A.pth", both_ways=True)
    assert trained.directions == ("forward", "backward")


@needs_files
def test_dropout_in_blocks_moves_names_and_a_judge_of_pairs_makes_it_pix2pix(written):
    folder, given, recorded = case(CYCLEGAN)
    arrays = {
        name.replace("conv_block.5", "conv_block.6"): array
        for name, array in state(folder / "latest_net_G_A.pth").items()
    }
    judge = {
        "net.0.weight": np.ones([4, 6, 1, 1]),
        "net.0.bias": np.ones(4),
        "net.2.weight": np.ones([8, 4, 1, 1]),
        "net.2.bias": np.ones(8),
        "net.5.weight": np.ones([1, 8, 1, 1]),
        "net.5.bias": np.ones(1),
    }
    written("latest_net_G.pth", arrays)
    path = written("latest_net_D.pth", judge)
    (path / "train_opt.txt").write_text("        crop_size: 128      \t[default: 256]\n")
    model = tfgan_zoo.from_checkpoint(path)
    assert type(model).__name__ == "Pix2Pix" and model.dropout == 0.5 and model.patch == 1
    assert model.image_shape == (128, 128, 3)
    images = signed(given["images"])
    close(np.asarray(model(images)), nhwc(recorded["image"]))


@pytest.mark.parametrize("normalization", ["batch", "instance", None])
def test_unets_of_any_depth_and_residual_networks_of_any_normalization(written, normalization):
    for kind in ("unet", "residual"):
        arrays = UNET if kind == "unet" else RESIDUAL
        path = written("latest_net_G.pth", with_normalization(arrays, normalization))
        model = tfgan_zoo.from_checkpoint(path / "latest_net_G.pth", target_channels=2)
        assert model.normalization == normalization and model.width == 2
        assert model.image_shape == ((32, 32, 1) if kind == "unet" else (256, 256, 1))
        made = model(np.zeros([1, 32, 32, 1], "float32"))
        assert made.shape == (1, 32, 32, 2)


def conv(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


_NEST = "model.model.1.model"
UNET = {
    "model.model.0": conv(2, 1, 4, 4),
    f"{_NEST}.1": conv(4, 2, 4, 4),
    f"{_NEST}.3.model.1": conv(8, 4, 4, 4),
    f"{_NEST}.3.model.3.model.1": conv(16, 8, 4, 4),
    f"{_NEST}.3.model.3.model.3.model.1": conv(16, 16, 4, 4),
    f"{_NEST}.3.model.3.model.3.model.3": conv(16, 16, 4, 4),
    f"{_NEST}.3.model.3.model.5": conv(32, 8, 4, 4),
    f"{_NEST}.3.model.5": conv(16, 4, 4, 4),
    f"{_NEST}.5": conv(8, 2, 4, 4),
    "model.model.3": conv(4, 2, 4, 4),
}
RESIDUAL = {
    "model.1": conv(2, 1, 7, 7),
    "model.4": conv(4, 2, 3, 3),
    "model.7": conv(8, 4, 3, 3),
    "model.10.conv_block.1": conv(8, 8, 3, 3),
    "model.10.conv_block.5": conv(8, 8, 3, 3),
    "model.11": conv(8, 4, 3, 3),
    "model.14": conv(4, 2, 3, 3),
    "model.18": conv(2, 2, 7, 7),
}
_ENDS = {"model.model.0", f"{_NEST}.3.model.3.model.3.model.1", "model.model.3", "model.18"}


def with_normalization(kernels, normalization):
    """A state dict: with instance normalization all convolutions have biases, else the last alone."""
    found, is_unet = {}, "model.model.0" in kernels
    for name, kernel in kernels.items():
        is_up = is_unet and (name.endswith((".3", ".5")))
        count = kernel.shape[1 if is_up or name in ("model.11", "model.14") else 0]
        found[f"{name}.weight"] = kernel
        if normalization == "instance" or name in ("model.model.3", "model.18"):
            found[f"{name}.bias"] = np.ones(count)
        if normalization == "batch" and name not in _ENDS:
            stem, _, place = name.rpartition(".")
            for kind in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                found[f"{stem}.{int(place) + 1}.{kind}"] = np.ones(
                    count if "num" not in kind else ()
                )
    return found


# === CUT ===


@needs_files
def test_cut(tmp_path):
    folder, given, recorded = case(CUT)
    model = tfgan_zoo.from_checkpoint(folder, image_shape=(64, 64, 3))
    assert type(model).__name__ == "CUT" and model.antialias and model.upsampling == "bilinear"
    images = signed(given["images"])
    close(np.asarray(model(images)), nhwc(recorded["image"]))
    close(np.asarray(model.discriminator(images)["logits"]), nhwc(recorded["d_logits"]))
    for ours, number in zip(model.encoder(images), (0, 4, 8, 12, 16), strict=True):
        if number != 4:
            close(np.asarray(ours), nhwc(recorded[f"feature_{number}"]))
    goes_on(model, tmp_path, images, export=False)


@needs_files
def test_cut_with_its_projector_and_without_blurs(written):
    folder, given, recorded = case(CUT)
    arrays = state(folder / "latest_net_G.pth")
    widths = (3, 12, 24, 24, 24)
    projector = {
        f"mlp_{number}.{place}.{kind}": conv(*(7, count)[: 1 + (kind == "weight")])
        for number, width in enumerate(widths)
        for place, count in ((0, width), (2, 7))
        for kind in ("weight", "bias")
    }
    written("latest_net_F.pth", projector)
    path = written("latest_net_G.pth", arrays)
    model = tfgan_zoo.from_checkpoint(path)
    found = model.projector(tuple(np.ones([1, 1, width]) for width in widths))
    hidden = np.maximum(projector["mlp_1.0.weight"].sum(1) + projector["mlp_1.0.bias"], 0)
    wanted = projector["mlp_1.2.weight"] @ hidden + projector["mlp_1.2.bias"]
    np.testing.assert_allclose(found[1][0, 0], wanted, rtol=1e-4)
    images = signed(given["images"])
    made = np.asarray(model(images))
    close(made, nhwc(recorded["image"]))

    arrays["model.7.filt"] = 2 * arrays["model.7.filt"]
    written("latest_net_G.pth", arrays)
    with pytest.raises(ValueError, match=r"model\.7\.filt is another filter"):
        tfgan_zoo.from_checkpoint(path)


def test_cut_that_blurs_only_where_maps_are_enlarged(written):
    plain = {"model.11": "model.12", "model.14": "model.16", "model.18": "model.20"}
    arrays = {plain.get(name, name): kernel for name, kernel in RESIDUAL.items()}
    arrays["model.20"] = conv(1, 2, 7, 7)
    for name in ("model.12", "model.16"):
        arrays[name] = np.swapaxes(arrays[name], 0, 1)
    arrays = with_normalization(arrays, "instance")
    taps = np.array([1, 3, 3, 1])
    for name, count in (("model.11", 8), ("model.15", 4)):
        arrays[f"{name}.filt"] = np.tile(np.outer(taps, taps) / 16, [count, 1, 1, 1])
    path = written("latest_net_G.pth", arrays) / "latest_net_G.pth"
    model = tfgan_zoo.from_checkpoint(path)
    assert type(model).__name__ == "CUT"
    assert not model.antialias and model.upsampling == "bilinear"
    arrays = with_normalization({**RESIDUAL, "model.18": conv(1, 2, 7, 7)}, "instance")
    plain = written("G.pth", arrays) / "G.pth"
    model = tfgan_zoo.from_checkpoint(plain, family="cut")
    assert type(model).__name__ == "CUT"
    assert not model.antialias and model.upsampling == "transpose"


# === StarGAN ===


@needs_files
@pytest.mark.full
def test_stargan(tmp_path):
    folder, given, recorded = case("stargan/a")
    model = tfgan_zoo.from_checkpoint(folder)
    assert type(model).__name__ == "StarGAN" and model.image_shape == (64, 64, 3)
    images, attributes = signed(given["images"]), given["c"]
    close(np.asarray(model(images, domain=attributes)), nhwc(recorded["image"]))
    found = model.discriminator(images)
    close(np.asarray(found["logits"]), nhwc(recorded["d_src"]))
    close(np.asarray(found["class_logits"]), recorded["d_cls"])
    numbers = (attributes @ 2 ** np.arange(5)).astype(int)
    made = model.translate(nhwc(given["images"]), domain=numbers)
    levels(made, recorded["uint8"])
    goes_on(model, tmp_path, images, domain=attributes)
    alone = tfgan_zoo.from_checkpoint(folder / "200000-G.ckpt", multi_label=False)
    one = np.asarray(alone(images, domain=[3, 0]))
    close(one, np.asarray(model(images, domain=np.eye(5)[[3, 0]])), 1e-6)


# === AdaIN ===


@needs_files
@pytest.mark.full
def test_adain(tmp_path):
    folder, given, recorded = case("adain/a")
    model = tfgan_zoo.from_checkpoint(folder, image_shape=(64, 64, 3))
    assert type(model).__name__ == "AdaIN" and model.widths == (6, 8, 12, 20)
    images, styles = signed(given["content"]), signed(given["style"])
    for alpha in (1.0, 0.6):
        made = np.asarray(model(images, styles=styles[:1], alpha=alpha)) / 2 + 0.5
        wanted = np.clip(nhwc(recorded[f"image_alpha{alpha}"]), 0, 1)
        close(made, wanted, 3e-4)  # its decoder enlarges what rounding does to the encoder's map
    content, style = model.maps(images)["relu4_1"], model.maps(styles)["relu4_1"]
    close(np.asarray(content), nhwc(recorded["content_relu4_1"]))
    close(np.asarray(style), nhwc(recorded["style_relu4_1"]))
    mixed = np.asarray(aligned(tf.repeat(content, 2, axis=0), style))
    close(mixed, nhwc(recorded["adain"]))
    mixed = 0.7 * mixed[:1] + 0.3 * mixed[1:]
    made = np.asarray(model.ema_generator(mixed, training=True)) / 2 + 0.5
    close(made, nhwc(recorded["image_mix_0.7_0.3"]), 3e-4)
    goes_on(model, tmp_path, images, styles=styles[:1])
    alone = tfgan_zoo.from_checkpoint(folder / "decoder.pth")
    assert int(alone.encoder_is_loaded) == 1 and len(alone.origin["files"]) == 2
    with pytest.raises(ValueError, match="needs its decoder"):
        tfgan_zoo.from_checkpoint(folder / "vgg_normalised.pth")


def test_normalization_of_vgg():
    images = np.random.default_rng(0).uniform(-1, 1, (4, 3)).astype("float32")
    np.testing.assert_allclose(
        convert_adain.SCALE * vgg.of_torchvision(images) + convert_adain.SHIFT, images, atol=1e-6
    )


# === fast_neural_style ===


@needs_files
def test_fast_neural_style(tmp_path):
    folder, given, recorded = case("fast_neural_style/a_mosaic")
    model = tfgan_zoo.from_checkpoint(folder, image_shape=(64, 64, 3))
    assert type(model).__name__ == "StyleTransfer"
    images = signed(given["images"])
    close(np.asarray(model(images)) * 127.5 + 127.5, nhwc(recorded["image"]))
    made = model.translate(nhwc(given["images"])).astype(int)
    assert set(np.unique(made - nhwc(recorded["uint8"]))) <= {
        0,
        1,
    }  # which are cut off, not rounded
    goes_on(model, tmp_path, images, export=False)
