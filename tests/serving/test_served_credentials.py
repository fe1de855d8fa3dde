"""Content credentials of what a server answers, over gRPC and REST, and of what a client signs."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from running_server import Server, models_config, run
from test_credentials import assertion, image, one_pixel_changed
from typer.testing import CliRunner

from tfgan_zoo import cli, credentials, files, presets, serving

pytest.importorskip("c2pa", reason="the extra `provenance` is not installed")
pytestmark = pytest.mark.xdist_group("credentials")
FOLDERS = {
    name: presets.published(name) for name in ("dcgan_fashion_mnist", "style_transfer_mosaic_128")
}
GARMENTS, MOSAIC = FOLDERS
SEEDS = [3, 8]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return credentials.create_test_certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def started(folder):
    """Flags to a server that signs."""
    pair = (
        f"--credentials_certificate={folder}/certificate.pem",
        f"--credentials_key={folder}/private_key.pem",
    )
    config = folder / "models.config"
    config.write_text(models_config(*((name, path.parent, "") for name, path in FOLDERS.items())))
    return (
        "--engine=embedded",
        f"--model_config_file={config}",
        "--enable_model_warmup=false",
        *pair,
    )


@pytest.fixture(scope="module", params=["alone", pytest.param("batched", marks=pytest.mark.full)])
def server(started, folder, request):
    flags = ["--enable_batching=true"] * (request.param == "batched")
    with Server(folder, *started, *flags) as server:
        yield server


def checked(png, folder):
    found = credentials.read(png, folder / "trust_anchor.pem")
    assert (found.state, found.problems) == ("valid", ())
    return found, assertion(found, "c2pa.actions")["actions"]


def told(action):
    return {name.removeprefix("tfgan_zoo."): value for name, value in action["parameters"].items()}


def test_served_images_say_what_drew_them(server, folder):
    """And one changed pixel is seen."""
    with serving.Client(server.target, GARMENTS) as client:
        by_grpc = client.generate_png(seed=SEEDS)
        assert "identical" in client.verify(FOLDERS[GARMENTS])
    body = {"signature_name": "generate_png", "instances": [{"seed": seed} for seed in SEEDS]}
    status, answer = server.predict(body, f"/v1/models/{GARMENTS}:predict")
    assert status == 200, answer
    by_rest = [base64.b64decode(row["b64"]) for row in answer["predictions"]]
    for seed, *pair in zip(SEEDS, by_grpc, by_rest, strict=True):
        for png in pair:
            _, (action,) = checked(png, folder)
            assert action["action"] == "c2pa.created"
            assert told(action) == {
                "model": GARMENTS,
                "model_version": int(FOLDERS[GARMENTS].name),
                "artifact_sha256": files.folder_sha256(FOLDERS[GARMENTS]),
                "signature": "generate_png",
                "seed": seed,
            }
            changed = credentials.read(one_pixel_changed(png), folder / "trust_anchor.pem")
            assert [code for code, _ in changed.problems] == ["assertion.dataHash.mismatch"]
        assert np.array_equal(*(np.asarray(Image.open(io.BytesIO(png))) for png in pair))


def test_translations_keep_what_they_are_made_of(server, folder):
    pair = folder / "certificate.pem", folder / "private_key.pem"
    source = credentials.Signer(*pair).sign(image(), credentials.Model("elsewhere"))
    with serving.Client(server.target, MOSAIC) as client:
        made = client.translate_png([source, image("BMP")])
    for png, has_credentials in zip(made, (True, False), strict=True):
        found, (_, edited) = checked(png, folder)
        assert edited["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
        (parent,) = found.manifest["ingredients"]
        assert ("active_manifest" in parent) == has_credentials


def test_other_outputs_stay_as_they_are(server):
    with serving.Client(server.target, GARMENTS) as client:
        latents = np.zeros((1, 128), np.float32)
        width = client.metadata()["from_latents"]["inputs"]["latents"].shape[-1]
        answer = client.predict("from_latents", {"latents": latents[:, :width]})
    assert {array.dtype.kind for array in answer.values()} == {"f"}


def test_a_client_signs_what_a_server_does_not(server, folder, tmp_path):
    """Files that a server signed are left as they are: a second signature would replace the first."""
    signer = credentials.Signer(folder / "certificate.pem", folder / "private_key.pem")
    with (
        serving.Client(server.target, GARMENTS) as client,
        pytest.raises(ValueError, match="carries content credentials already"),
    ):
        client.generate_files(tmp_path, seed=SEEDS, signer=signer)
    assert not list(tmp_path.iterdir())


def test_generate_and_the_client_sign(started, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CREDENTIALS_KEY", str(folder / "private_key.pem"))
    words = ["--url", "", "--model", GARMENTS, "--seed", "3", "--n", "2"]
    words += ["--credentials-certificate", str(folder / "certificate.pem")]
    with Server(folder, *started[:3]) as server:
        words[1] = server.target
        for out in ("grid.png", "single"):
            done = CliRunner().invoke(cli.app, ["generate", *words, "--out", str(tmp_path / out)])
            assert done.exit_code == 0, done.output
    said = {"grid.png": {"seeds": "3-4"}, "single/seed_4.png": {"seed": 4}}
    for name, expected in said.items():
        _, (action,) = checked((tmp_path / name).read_bytes(), folder)
        assert told(action) == {"model": GARMENTS, **expected}


def test_servers_that_could_not_sign_do_not_start(started, folder, tmp_path):
    (tmp_path / "broken.pem").write_text("none")
    for flags, words in (
        ([f"--credentials_certificate={tmp_path}/broken.pem", started[-1]], "sign no credentials"),
        ([started[-1]], "--credentials_key signs nothing without --credentials_certificate"),
    ):
        status, log = run(tmp_path / "log", "serve", *started[:3], *flags)
        assert status == 255 and words in log


def test_a_real_server_is_not_started_in_vain(started, tmp_path, monkeypatch):
    """It would answer images without credentials, since the flags are not its own."""
    binary = tmp_path / "tensorflow_model_server"
    binary.write_text("#!/bin/sh\necho started\n")
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    status, log = run(tmp_path / "log", "serve", *started[1:])
    assert status == 1 and "cannot put credentials into images" in log and "started" not in log


def test_inspect_reads_a_served_image(server, folder, tmp_path):
    with serving.Client(server.target, GARMENTS) as client:
        (tmp_path / "served.png").write_bytes(client.generate_png(seed=[5])[0])
    words = [
        "inspect",
        str(tmp_path / "served.png"),
        "--trust-anchors",
        str(folder / "trust_anchor.pem"),
    ]
    assert CliRunner().invoke(cli.app, words).exit_code == 0
    shown = json.loads(CliRunner().invoke(cli.app, [*words, "--json"]).stdout)
    assert shown["state"] == "valid"
