"""One model as a Keras model, as its exported folder and as two endpoints: one number."""

import numpy as np
import pytest
from cases import make
from running_server import Server

from tfgan_zoo import evaluation
from tfgan_zoo.cli import opening, translators
from tfgan_zoo.visualization import write_png


@pytest.mark.full  # scores four times over
def test_one_number(tmp_path):
    gan = make("ConditionalGAN", image_shape=(28, 28, 1))
    folder = gan.export(tmp_path / "models", "tiny")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (130, 28, 28, 1), np.uint8)
    np.savez(tmp_path / "real.npz", images=images, labels=np.arange(130) % gan.num_classes)
    real = str(tmp_path / "real.npz")
    names = ["fd130_lenet_mnist", "is130_lenet_mnist", "ms_ssim130"]
    model = evaluation.from_model(gan)
    expected = evaluation.evaluate(model, names, lambda split: evaluation.from_data(real, split))
    flags = ["--model_name=tiny", f"--model_base_path={folder.parent}"]
    with Server(tmp_path, *flags) as server:
        for what in (str(folder), server.target, server.url):
            with opening.open_images(what, real, model=_name(what)) as (served, reference):
                found = evaluation.evaluate(served, names, reference)
                images = served.read(np.arange(8))
                np.testing.assert_allclose(served.score(*images), model.score(*images), atol=1e-5)
            assert [result.value for result in found] == [result.value for result in expected]
            assert found[0].images["images_sha256"] == model.fingerprint()


def test_scores_of_a_discriminator_with_two_heads(tmp_path):
    """It is not told the labels, and has more outputs than its logits."""
    gan = make("ACGAN")
    folder = gan.export(tmp_path / "models", "tiny")
    images, labels = evaluation.from_model(gan).read(np.arange(8))
    expected = evaluation.from_model(gan).score(images, labels)
    assert np.ptp(expected) > 0
    real = str(tmp_path / "real.npz")
    np.savez(real, images=images, labels=np.arange(8) % 3)
    flags = ["--model_name=tiny", f"--model_base_path={folder.parent}"]
    with Server(tmp_path, *flags) as server:
        for what in (str(folder), server.target, server.url):
            with opening.open_images(what, real, model=_name(what)) as (served, _):
                np.testing.assert_allclose(served.score(images, labels), expected, atol=1e-5)


def test_one_number_of_a_translator(tmp_path):
    """As a Keras model, as its exported folder and as two endpoints, up to bytes that kernels round."""
    model = make("CycleGAN", image_shape=(16, 16, 3))
    for network in (model.ema_generator, model.ema_backward_generator):
        network.set_weights([4 * weight for weight in network.get_weights()])
    folder = model.export(tmp_path / "models", "tiny", warmup_batch_sizes=[1])
    pictures = np.random.default_rng(0).integers(0, 256, (2, 5, 16, 16, 3), np.uint8)
    for part, images in zip("AB", pictures, strict=True):
        for number, image in enumerate(images):
            write_png(tmp_path / "data" / f"test{part}" / f"{number}.png", image)
    names = ["cycle_psnr", "backward_cycle_psnr", "cycle_l1"]
    pairs = evaluation.pairs_from_arrays(*pictures, is_paired=False)
    translator = evaluation.translator_from_model(model)
    expected = evaluation.evaluate_translation(translator, pairs, names).results
    flags = ["--model_name=tiny", f"--model_base_path={folder.parent}", "--trust_model"]
    with Server(tmp_path, *flags) as server:
        for what in (str(folder), server.target, server.url):
            with translators.open_translator(what, _name(what), trust_model=True) as opened:
                served = opened.pairs(str(tmp_path / "data"), None, None, "test", None, None)
                found = evaluation.evaluate_translation(opened.translator, served, names).results
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(one.value, other.value, rtol=1e-2)


def test_a_served_gan_is_no_translator(tmp_path):
    folder = make("DCGAN").export(tmp_path / "models", "tiny")
    flags = ["--model_name=tiny", f"--model_base_path={folder.parent}"]
    with Server(tmp_path, *flags) as server:
        for what in (str(folder), server.target):
            with translators.open_translator(what, _name(what)) as opened:
                assert opened is None


def _name(what):
    """A server has several models; a folder is one."""
    return "tiny" if ":" in what else None
