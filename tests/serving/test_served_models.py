"""Every variant, from the model to the answer of a server: the same pixels everywhere."""

import asyncio
import base64
import json
import pathlib
import shutil
import subprocess

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, enlarge, make
from running_server import Server, models_config
from tensorflow.core.protobuf import saved_model_pb2
from typer.testing import CliRunner

import tfgan_zoo
from tfgan_zoo import cli, serving, weights
from tfgan_zoo.serving import StatusError, config
from tfgan_zoo.serving.golden import VerificationError
from tfgan_zoo.tasks.sampling import latents_from_seeds
from tfgan_zoo.weights import named

pytestmark = pytest.mark.xdist_group("served_models")
SEEDS = np.arange(6)
# Each has a kind of signature or of export of its own; the others, which are drawn as these, are slow.
KINDS = {
    "DCGAN",
    "ConditionalGAN",
    "ACGAN",
    "InfoGAN",
    "BigGAN",
    "ProGAN",
    "StyleGAN2",
    "VAEGAN",
    "TextGAN",
}
VARIANTS = [
    pytest.param(name, marks=() if name in KINDS else pytest.mark.full, id=name) for name in CASES
]
READY = pathlib.Path(__file__).parents[2] / "serving" / "config" / "ready.sh"


def brighten(gan):
    """Larger weights, for images that are not all grey; smaller ones where a layer more has them."""
    scale = 10 if isinstance(gan, (tfgan_zoo.ProGAN, tfgan_zoo.TextGAN)) else 30
    scale = 3 if isinstance(gan, tfgan_zoo.StyleGAN3) else scale
    enlarge(gan.ema_generator, scale)
    assert gan.generate(8, seed=0).std() > 10


@pytest.fixture(scope="module")
def models(request, tmp_path_factory):
    """`{variant: model}`, exported side by side: those that this run of the tests asks for."""
    root = tmp_path_factory.mktemp("exported")
    here = (item for item in request.session.items if item.module is request.module)
    params = (getattr(item, "callspec", None) for item in here)
    asked = KINDS | {found.params.get("variant") for found in params if found}
    found = {variant: make(variant, name=variant.lower()) for variant in CASES if variant in asked}
    for gan in found.values():
        brighten(gan)
        gan.export(root)
    return root, found


@pytest.fixture(scope="module")
def server(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    rows = [(path.name, path, "") for path in sorted(models[0].iterdir())]
    (folder / "models.config").write_text(models_config(*rows))
    (folder / "batching.config").write_text(
        "max_batch_size { value: 32 } batch_timeout_micros { value: 1000 } "
        "num_batch_threads { value: 2 } allowed_batch_sizes: [1, 2, 4, 8, 16, 32]"
    )
    flags = ["--enable_batching=true", f"--batching_parameters_file={folder}/batching.config"]
    flags += [f"--model_config_file={folder}/models.config", "--grpc_max_threads=64"]
    flags += ["--enable_model_warmup=false"]  # of 20 models with six signatures each
    with Server(folder, *flags) as server:
        yield server


def asked_of(gan, seeds=SEEDS):
    """Labels or texts for seeds, `{name of the argument: values}`."""
    return {gan.condition.key: gan.condition.defaults(seeds).numpy()} if gan.condition else {}


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_a_class_that_does_not_exist_is_an_error_of_the_client(protocol, server):
    with serving.Client(server.url if protocol == "rest" else server.target, "acgan") as client:
        for label in (3, -1):
            with pytest.raises(ValueError, match=rf"no class {label}: labels must lie in \[0, 3\)"):
                client.generate(2, seed=0, labels=[0, label])
        for wrong in ({"labels": 1.7}, {"labels": [0, 1, 2]}, {"seed": 1.5}, {"n": 2.0}):
            with pytest.raises(ValueError, match="must be"):
                client.generate(**{"n": 2, "seed": 0, **wrong})


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_served_images_are_the_models(variant, protocol, models, server):
    root, found = models
    gan, name = found[variant], variant.lower()
    expected = gan.generate_from_seeds(SEEDS, **asked_of(gan))
    with serving.Client(server.url if protocol == "rest" else server.target, name) as client:
        images = client.generate(seed=SEEDS, **asked_of(gan))
        assert client.status() == {1: "AVAILABLE"}
        assert client.verify(root / name / "1") == "8 images, identical"
        assert {"generate_png", "generate", "from_latents", "score"} <= client.metadata().keys()
    np.testing.assert_array_equal(images, expected)


@pytest.mark.parametrize("variant", VARIANTS)
def test_batch_mates_change_nothing(variant, models):
    """A row alone, among 8 and among 32: the same bytes, and floats equal to 5e-6."""
    root, found = models
    gan = found[variant]
    signatures = tf.saved_model.load(str(root / variant.lower() / "1")).signatures

    def ask(name, seeds):
        inputs = {"seed": tf.constant(seeds, tf.int64)}
        if gan.condition:
            inputs[gan.condition.served] = gan.condition.defaults(seeds)
        if gan.truncates:
            inputs["truncation"] = tf.ones([len(seeds)])
        return next(iter(signatures[name](**inputs).values())).numpy()

    many, some = ask("generate", range(32)), ask("generate", range(8))
    for row in range(8):
        alone = ask("generate", [row])[0]
        np.testing.assert_allclose(alone, many[row], atol=1e-3)
        np.testing.assert_allclose(some[row], many[row], atol=1e-3)
    assert ask("generate_png", range(32))[3] == ask("generate_png", [3])[0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_from_preset_loads_what_is_served(variant, models):
    root, found = models
    again = tfgan_zoo.from_preset(f"{root}/{variant.lower()}")
    assert type(again) is type(found[variant])
    ours, theirs = (weights.variables(gan) for gan in (again, found[variant]))
    assert ours.keys() == theirs.keys()
    for name in ours.keys() - {n for n in ours if n.split("/")[0] in named.averaged(again)}:
        np.testing.assert_array_equal(ours[name], theirs[name])
    for average, network in again.ema_pairs():
        for ours, theirs in zip(network.weights, average.weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def demands_xla(path):
    content = (path / "saved_model.pb").read_bytes()
    (graph,) = saved_model_pb2.SavedModel.FromString(content).meta_graphs
    return any(f.attr["_XlaMustCompile"].b for f in graph.graph_def.library.function)


def test_nothing_is_compiled_by_xla_unless_asked(models, tmp_path):
    """A stock server runs with XLA compilation off, and refuses functions that demand it."""
    assert not any(demands_xla(path) for path in models[0].glob("*/1"))
    compiled = models[1]["DCGAN"].export(tmp_path, jit_compile=True)
    assert demands_xla(compiled)
    seed = tf.constant([1, 2], tf.int64)
    both = (
        tf.saved_model.load(str(path)).signatures["generate"](seed=seed)["images"]
        for path in (compiled, models[0] / "dcgan" / "1")
    )
    np.testing.assert_allclose(*both, atol=1e-5)


def test_score(models, server):
    gan = models[1]["DCGAN"]
    images = gan(tf.random.stateless_uniform([3, 4], [0, 0], -1, 1))
    with serving.Client(server.target, "dcgan") as client:
        logits = client.predict("score", {"images": images})["logits"]
    np.testing.assert_allclose(logits, gan.discriminator(images), atol=1e-6)


def test_curl_like_request(server, models):
    """The default signature by plain REST gives a PNG file."""
    status, answer = server.predict({"instances": [7]}, "/v1/models/dcgan:predict")
    assert status == 200
    image = tf.io.decode_png(base64.b64decode(answer["predictions"][0]["b64"])).numpy()
    np.testing.assert_array_equal(image, models[1]["DCGAN"].generate(1, seed=7)[0])


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_texts_through_the_client(protocol, server, models):
    gan, texts = models[1]["TextGAN"], ["Red apple", "日本語", "dog"]
    expected = gan.generate(3, seed=7, texts=texts)
    target = server.url if protocol == "rest" else server.target
    with serving.Client(target, "textgan") as client:
        np.testing.assert_array_equal(client.generate(3, seed=7, texts=texts), expected)
        np.testing.assert_array_equal(client.generate(2, 9, texts="dog")[0], expected[2])
        latents = np.zeros([2, gan.latent_dim], np.float32)
        images = client.predict("from_latents", {"latents": latents, "text": ["dog", "dog"]})
        drawn = gan.render(latents, ["dog", "dog"])
        np.testing.assert_allclose(next(iter(images.values())), drawn, atol=1e-5)
        logits = client.predict("score", {"images": drawn, "text": ["dog", "red apple"]})
        assert np.shape(next(iter(logits.values()))) == (2, 1)
        with pytest.raises(ValueError, match="textgan draws from texts: give texts"):
            client.generate(1)
        with pytest.raises(ValueError, match="textgan takes no label. Received: 1"):
            client.generate(1, labels=1, texts="dog")
    with (
        serving.Client(target, "dcgan") as client,
        pytest.raises(ValueError, match="dcgan takes no text"),
    ):
        client.generate(1, texts="dog")


def test_texts_as_plain_json(server, models):
    """By columns and by rows, as strings and in base64; a blank text, too, has an answer."""
    gan, path = models[1]["TextGAN"], "/v1/models/textgan:predict"
    expected = gan.forward_seeds([7, 7, 8], tf.constant(["dog", "red apple", ""])).numpy()
    inputs = {"seed": [7, 7, 8], "text": ["dog", {"b64": "cmVkIGFwcGxl"}, ""]}
    status, columns = server.predict({"signature_name": "generate", "inputs": inputs}, path)
    assert status == 200, columns
    np.testing.assert_allclose(columns["outputs"], expected, atol=1e-5)
    rows = [dict(zip(inputs, row, strict=True)) for row in zip(*inputs.values(), strict=True)]
    _, answer = server.predict({"signature_name": "generate", "instances": rows}, path)
    np.testing.assert_allclose(answer["predictions"], expected, atol=1e-5)
    status, error = server.predict({"inputs": {"seed": [7], "text": [5]}}, path)
    assert status == 400 and "error" in error


def test_client_files_and_png(server, tmp_path):
    with serving.Client(server.target, "dcgan") as client:
        paths = client.generate_files(tmp_path / "out", 3, seed=5)
        assert [path.name for path in paths] == ["seed_5.png", "seed_6.png", "seed_7.png"]
        assert [path.read_bytes() for path in paths] == client.generate_png(3, seed=5)
        assert client.generate(40, seed=0).shape == (40, 8, 8, 1)


def test_async_client(server, models):
    async def ask():
        async with serving.AsyncClient(server.target, "dcgan") as client:
            return await asyncio.gather(*(client.generate(2, seed=s) for s in (0, 2)))

    images = np.concatenate(asyncio.run(ask()))
    np.testing.assert_array_equal(images, models[1]["DCGAN"].generate(4, seed=0))


def test_client_mistakes(server):
    with serving.Client(server.target, "dcgan") as client:
        with pytest.raises(ValueError, match="dcgan takes no label. Received: 3"):
            client.generate(1, labels=3)
        with pytest.raises(ValueError, match="n must be a positive integer"):
            client.generate(0)
        with pytest.raises(ValueError, match="n=3 does not fit 2 seeds"):
            client.generate(3, seed=[1, 2])
        with pytest.raises(
            StatusError, match="INVALID_ARGUMENT: Task size 40 is larger than maximum"
        ):
            client.generate(40, seed=0, batch_size=40)
    with (
        serving.Client(server.url, "nothing") as client,
        pytest.raises(StatusError, match="NOT_FOUND: Servable not found for request: Latest"),
    ):
        client.generate(1)
    with pytest.raises(ValueError, match="version or version_label, not both"):
        serving.Client(server.target, "dcgan", version=1, version_label="stable")


@pytest.mark.parametrize("target", ["localhost:1", "http://localhost:1"])
def test_a_server_that_is_not_there(target):
    with (
        serving.Client(target, "dcgan", retries=1, timeout=5) as client,
        pytest.raises(StatusError, match=rf"UNAVAILABLE: .*\(from {target}\)"),
    ):
        client.generate(1)


def test_ready_script(server, models, tmp_path):
    text = config.write(models[0])
    (tmp_path / "models.config").write_text(text)
    script = ["bash", str(READY), str(tmp_path / "models.config")]
    assert subprocess.run([*script, str(server.rest_port)]).returncode == 0
    (tmp_path / "models.config").write_text(text.replace('"dcgan"', '"nothing"'))
    assert subprocess.run([*script, str(server.rest_port)]).returncode == 1
    assert subprocess.run([*script, "1"], stderr=subprocess.DEVNULL).returncode == 1


def test_command_line(server, models, tmp_path):
    def run(*words):
        return CliRunner().invoke(cli.app, list(map(str, words)))

    grid = tmp_path / "grid.png"
    words = ("--model", "conditionalgan", "--n", 4, "--seed", 1)
    made = run("generate", "--url", server.target, *words, "--labels", "0-2,1", "--out", grid)
    assert made.exit_code == 0, made.output
    assert tf.io.decode_png(grid.read_bytes()).shape == (18, 18, 1)
    words = (
        "--model",
        "textgan",
        "--n",
        4,
        "--seed",
        1,
        "--text",
        "dog",
        "--out",
        tmp_path / "dog",
    )
    made = run("generate", "--url", server.url, *words)
    assert made.exit_code == 0, made.output
    assert (tmp_path / "dog" / "seed_3.png").is_file()
    wrong = run("generate", "--url", server.url, *words, "--text", "red apple")
    assert wrong.exit_code == 1 and "one text, or one for each of 4" in wrong.output
    folder = models[0] / "dcgan" / "1"
    assert "identical" in run("verify", folder).output
    words = ("--model", "dcgan", "--golden", folder)
    assert "identical" in run("verify", server.url, *words).output
    wrong = run("verify", server.url, *words[:3], models[0] / "vaegan" / "1")
    assert wrong.exit_code == 1 and "images differ from the exported ones" in wrong.output
    assert "give --model and --golden" in run("verify", server.url).output


# === The artifact ===


def test_versions(tmp_path):
    gan = make("DCGAN", name="garments")
    assert gan.export(tmp_path) == tmp_path / "garments" / "1"
    assert gan.export(tmp_path) == tmp_path / "garments" / "2"
    assert gan.export(tmp_path, "other", 7) == tmp_path / "other" / "7"
    with pytest.raises(FileExistsError, match=r"other/7 exists"):
        gan.export(tmp_path, "other", 7)
    with pytest.raises(ValueError, match="A version is an int from 1 to"):
        gan.export(tmp_path, version=0)
    with pytest.raises(ValueError, match="A name has up to 200 letters"):
        gan.export(tmp_path, "../evil")
    assert {path.name for path in (tmp_path / "garments").iterdir()} == {"1", "2"}


def test_verify_sees_one_changed_weight(tmp_path):
    gan = make("DCGAN", name="dcgan")
    brighten(gan)
    good = gan.export(tmp_path)
    assert serving.verify(good) == "8 images, identical"
    weight = next(v for v in gan.ema_generator.variables[::-1] if v.path.endswith("bias"))
    values = weight.numpy()
    values.flat[0] += 0.5
    weight.assign(values)
    changed = gan.export(tmp_path)
    for name in (
        "saved_model.pb",
        "variables",
        "fingerprint.pb",
    ):  # the new weights, the old golden images
        target = good / name
        shutil.rmtree(target) if target.is_dir() else target.unlink()
        copy = shutil.copytree if (changed / name).is_dir() else shutil.copy
        copy(changed / name, target)
    with pytest.raises(VerificationError, match="variables.*changed after the export"):
        serving.verify(good)
    record = json.loads((good / "assets.extra" / "golden.json").read_text())
    (good / "assets.extra" / "golden.json").write_text(json.dumps({**record, "files": {}}))
    with pytest.raises(
        VerificationError, match="8 of 8 images differ .* of 255 levels, 1 is allowed"
    ):
        serving.verify(good)
    flags = ["--model_name=dcgan", f"--model_base_path={tmp_path}/dcgan"]
    shutil.rmtree(changed)
    with (
        Server(tmp_path, *flags) as server,
        serving.Client(server.target, "dcgan") as client,
        pytest.raises(VerificationError, match="8 of 8 images differ"),
    ):
        client.verify(good)
    with pytest.raises(FileNotFoundError, match="holds no golden outputs"):
        serving.verify(tmp_path)


def test_warmup_covers_every_signature_and_batch_size(tmp_path):
    from tfgan_zoo.serving.servable import Servable

    path = make("ConditionalGAN", name="cgan").export(tmp_path, warmup_batch_sizes=[1, 4])
    servable = Servable(path)
    assert servable.warm_up() == 2 * 6
    servable.close()


def test_standing_statistics(tmp_path):
    """Estimated statistics are the means over the batches, here against numpy."""
    gan = make("DCGAN", name="dcgan")
    path = gan.export(tmp_path, standing_statistics=3)
    exported = tfgan_zoo.from_preset(str(path))
    first, again = (
        next(x for x in g.ema_generator.layers if isinstance(x, keras.layers.BatchNormalization))
        for g in (gan, exported)
    )
    inner = keras.Model(gan.ema_generator.input, first.input)
    latents = latents_from_seeds(range(3 * 64), gan.latent_dim, gan.latent_distribution)
    values = (
        inner.predict(latents, verbose=0).astype(np.float64).reshape(3, -1, first.input.shape[-1])
    )
    np.testing.assert_allclose(again.moving_mean, values.mean((0, 1)), atol=1e-5)
    np.testing.assert_allclose(again.moving_variance, values.var(1).mean(0), rtol=1e-4)
    np.testing.assert_array_equal(first.moving_mean, np.zeros(first.moving_mean.shape))


class Truncated(tf.Module):
    """A model that is not ours: its images are seed times truncation."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.int64, "seed"),
            tf.TensorSpec([None], tf.float32, "truncation"),
        ]
    )
    def generate_png(self, seed, truncation):
        level = tf.cast(tf.cast(seed, tf.float32) * truncation, tf.uint8)
        images = tf.tile(level[:, None, None, None], [1, 4, 4, 1])
        return {"image_bytes": tf.io.encode_png(images)}


def test_truncation(tmp_path):
    model = Truncated()
    tf.saved_model.save(model, str(tmp_path / "any" / "1"), {"generate_png": model.generate_png})
    flags = ["--model_name=any", f"--model_base_path={tmp_path}/any"]
    with Server(tmp_path, *flags) as server, serving.Client(server.url, "any") as client:
        levels = client.generate(seed=[10, 20, 30], truncation=[0.5, 1, 0.1])[:, 0, 0, 0]
        assert levels.tolist() == [5, 20, 3]
        assert client.generate(2, seed=7)[:, 0, 0, 0].tolist() == [7, 8]
        with pytest.raises(ValueError, match="any takes no label"):
            client.generate(1, labels=1)
