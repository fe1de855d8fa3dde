"""Checkpoints of others behind an endpoint: imported, exported, verified, and drawn by the client."""

import numpy as np
import pytest
from running_server import Server
from test_checkpoints import case, needs_files

import tfgan_zoo
from tfgan_zoo import serving
from tfgan_zoo.serving import Client

KINDS = {
    "StyleGAN2": "stylegan2_ada_pytorch/a/network-snapshot-000200.pkl",
    "BigGAN": "ajbrock_biggan/a",
    "CycleGAN": "cyclegan_pix2pix/a_cyclegan_resnet9",
    "ESRGAN": "esrgan/a_esrgan_x4/RRDB_ESRGAN_x4.pth",
    "GAN": "keras2/a_dcgan_faces/saved_model",
}


@needs_files
@pytest.mark.full
@pytest.mark.parametrize("variant", KINDS)
def test_imported_and_served(variant, tmp_path):
    family, name, *_ = KINDS[variant].split("/")
    folder, _, _ = case(f"{family}/{name}")
    model = tfgan_zoo.from_checkpoint(folder.parents[1] / KINDS[variant])
    assert type(model).__name__ == variant and model.origin["family"] == family
    draws = hasattr(model, "generate")
    version = model.export(tmp_path, "own", warmup_batch_sizes=(1,))
    assert serving.verify(version, trust_model=not draws) == "8 images, identical"
    flags = (f"--model_base_path={version.parent}", "--model_name=own")
    with (
        Server(tmp_path, *flags, *(() if draws else ("--trust_model",))) as server,
        Client(server.target, "own") as client,
    ):
        if draws:
            given = {} if model.num_classes is None else {"labels": [3, 1, 4, 1]}
            made, expected = (each.generate(4, seed=0, **given) for each in (client, model))
        else:
            pixels = np.random.default_rng(0).integers(0, 256, (24, 20, 3), np.uint8)
            (made,), expected = client.translate([pixels]), model.translate(pixels)
    assert np.max(np.abs(np.int32(made) - np.int32(expected))) <= 1
    assert np.std(made) > 1
