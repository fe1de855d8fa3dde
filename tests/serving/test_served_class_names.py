"""Names of classes at a server, a client and the command line."""

import asyncio
import time

import numpy as np
import pytest
import tensorflow as tf
from cases import make
from running_server import Server, models_config
from typer.testing import CliRunner

from tfgan_zoo import cli
from tfgan_zoo.cli import opening
from tfgan_zoo.serving import Client
from tfgan_zoo.serving.client_classes import Classes
from tfgan_zoo.serving.client_errors import WrongServer

pytestmark = pytest.mark.xdist_group("served_class_names")
NAMES = ("T-shirt/top", "Trouser", "größe")


@pytest.fixture(scope="module")
def gan():
    gan = make("ConditionalGAN", num_classes=3)
    gan.ema_generator.set_weights([30 * weight for weight in gan.ema_generator.get_weights()])
    return gan


@pytest.fixture(scope="module")
def server(gan, tmp_path_factory):
    """Of the models garments, with names, numbers, exported without, and plain, without classes."""
    folder = tmp_path_factory.mktemp("served")
    small = {"warmup_batch_sizes": [1]}
    gan.export(folder, "numbers", **small)
    gan.class_names = NAMES
    gan.export(folder, "garments", **small)
    make("DCGAN").export(folder, "plain", **small)
    rows = [(name, folder / name, "") for name in ("garments", "numbers", "plain")]
    (folder / "models.config").write_text(models_config(*rows))
    flags = [f"--model_config_file={folder}/models.config"]
    with Server(folder, *flags) as server:
        yield server, folder


def test_rest_answers_names_as_text(server):
    body = {"signature_name": "classes", "inputs": {"label": [1, 2, 3, -1]}}
    status, answer = server[0].predict(body, "/v1/models/garments:predict")
    assert status == 200
    assert answer == {
        "outputs": {"num_classes": [3] * 4, "class_name": ["Trouser", "größe", "", ""]}
    }
    status, answer = server[0].predict(body, "/v1/models/numbers:predict")
    assert status == 200 and answer == {"outputs": [3] * 4}


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_a_client_takes_names(protocol, server, gan):
    server = server[0]
    target = server.url if protocol == "rest" else server.target
    with Client(target, "garments") as client:
        assert client.class_names() == NAMES
        expected = gan.generate(3, seed=5, labels=[1, 2, 1])
        texts = ["Trouser", "größe", "TROUSER"]
        for labels in (texts, np.array([text.encode() for text in texts])):
            np.testing.assert_array_equal(client.generate(3, seed=5, labels=labels), expected)
        one = gan.generate(2, seed=5, labels=1)
        np.testing.assert_array_equal(client.generate(2, seed=5, labels="trouser"), one)
        np.testing.assert_array_equal(client.generate(2, seed=5, labels=1), one)
        with pytest.raises(ValueError, match="no class 'trousers'. Did you mean 'Trouser'.*größe"):
            client.generate(1, labels="trousers")
        with pytest.raises(ValueError, match="labels must be an integer, or 3 integers"):
            client.generate(3, labels=["Trouser", "größe"])
        with pytest.raises(ValueError, match=r"no class 3: labels must lie in \[0, 3\)"):
            client.generate(1, labels=3)
    with Client(target, "numbers") as client:
        assert client.class_names() is None
        np.testing.assert_array_equal(client.generate(2, seed=5, labels=1), one)
        with pytest.raises(ValueError, match="numbers does not tell the names of its classes"):
            client.generate(1, labels="Trouser")
    with Client(target, "plain") as client:
        assert client.class_names() is None
        with pytest.raises(ValueError, match="plain takes no label"):
            client.generate(1, labels="Trouser")


def test_the_command_line_takes_names(server, gan, tmp_path):
    server, out = server[0], tmp_path / "out"

    def ask(model, labels):
        words = ["generate", "--url", server.url, "--model", model, "--n", "2", "--seed", "5"]
        return CliRunner().invoke(cli.app, [*words, "--labels", labels, "--out", str(out)])

    done = ask("garments", "trouser,größe")
    assert done.exit_code == 0, done.output
    drawn = [tf.io.decode_png((out / f"seed_{k}.png").read_bytes()).numpy() for k in (5, 6)]
    np.testing.assert_array_equal(drawn, gan.generate(2, seed=5, labels=[1, 2]))
    done = ask("garments", "trousers")
    assert done.exit_code == 1 and "Did you mean 'Trouser'" in done.output
    assert ask("numbers", "0,2").exit_code == 0
    done = ask("numbers", "trouser")
    assert done.exit_code == 1 and "give labels by number" in done.output


def test_a_server_is_scored_by_the_names_of_its_own_classes(server, tmp_path):
    real = tmp_path / "real.npz"
    images = np.zeros((3, 8, 8, 1), np.uint8)
    np.savez(real, images=images, labels=[0, 1, 2], class_names=NAMES[::-1])
    for model, names in (("garments", NAMES), ("numbers", NAMES[::-1])):
        with opening.open_images(server[0].url, str(real), model=model) as (images, _):
            assert images.class_names == names and images.num_classes == 3


def test_a_new_version_is_asked_for_its_names(server, gan):
    """Whose classes may have another order; those of one version are asked for once."""
    server, folder = server
    with Client(server.target, "garments") as client:
        assert client.class_names() == NAMES
        counted = []
        learn = client._client._classes._ask_names
        client._client._classes._ask_names = lambda: counted.append(1) or learn()
        assert client.class_names() == NAMES and not counted
        gan.class_names = NAMES[::-1]
        gan.export(folder, "garments", warmup_batch_sizes=[1])
        while client.status().get(2) != "AVAILABLE":
            time.sleep(0.05)
        expected = gan.generate(1, seed=5, labels=2)
        image = client.generate(1, seed=5, labels="T-shirt/top")
        np.testing.assert_array_equal(image, expected)
        assert client.class_names() == NAMES[::-1] and len(counted) == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"num_classes": np.int32([0]), "class_name": [b"a"]}, "answered 0 classes"),
        ({"num_classes": np.int32([1 << 30]), "class_name": [b"a"]}, "answered 1073741824 classes"),
        ({"num_classes": np.float32([1]), "class_name": [b"a"]}, "no number of classes"),
        ({"num_classes": np.int32([1, 1]), "class_name": [b"a"]}, "no number of classes"),
        ({"class_name": [b"a"]}, "no number of classes"),
        ({"num_classes": np.int32([1]), "class_name": [b"a", b"b"]}, "no names of its classes"),
        ({"num_classes": np.int32([1]), "class_name": [b""]}, "no names of its classes"),
        ({"num_classes": np.int32([1]), "class_name": [b"\xff"]}, "no names of its classes"),
        ({"num_classes": np.int32([1]), "class_name": [3]}, "no names of its classes"),
        ({"num_classes": np.int32([1])}, "no names of its classes"),
    ],
)
def test_hostile_answers(answer, message):
    if "class_name" in answer:
        answer["class_name"] = np.array(answer["class_name"], object)

    class Answering:
        target = "somewhere"

        async def status(self):
            return {1: "AVAILABLE"}

        async def metadata(self):
            return {"classes": {"outputs": {"num_classes": None, "class_name": None}}}

        async def predict(self, signature, inputs):
            return answer

    with pytest.raises(WrongServer, match=message):
        asyncio.run(Classes(Answering(), "any").names())
