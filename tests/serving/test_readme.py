"""serving/README.md: every block runs, in its order, and answers what is written there."""

import base64
import json
import pathlib
import re
import shutil
import subprocess

import numpy as np
import pytest
from documents import ROOT, Terminal, blocks, checkout, commands, home

import tfgan_zoo
from tfgan_zoo import presets
from tfgan_zoo.serving import png, protos

PAGE = "serving/README.md"
MODELS = ("conditional_gan_fashion_mnist", "stylegan2_fashion_mnist", "textgan_avatars_32")
# What is not run here, and why.
NOT_RUN = {
    "docker ": "there is no container engine",
    "kubectl ": "there is no cluster",
    "tar ": "there is no cluster",
    "pip install": "needs a package registry",
}


def same(told, found):
    """Whether two JSON values are equal, PNG files to one level."""
    if isinstance(told, dict) and told.keys() == {"b64"} and told["b64"]:
        images = (png.decode(base64.b64decode(value["b64"])) for value in (told, found))
        return np.abs(np.subtract(*images, dtype=int)).max() <= 1
    if isinstance(told, (dict, list)):
        assert type(told) is type(found) and len(told) == len(found)
        keys = told if isinstance(told, dict) else range(len(told))
        return all(same(told[key], found[key]) for key in keys)
    return told == found


def ask(line, folder, terminal):
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", terminal.with_ports(line)],
        cwd=folder, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout


@pytest.mark.full
def test_blocks_run(tmp_path, monkeypatch):
    folder, environment = checkout(tmp_path / "tfgan_zoo"), home(tmp_path / "home", None)
    for name in MODELS:  # all 22 take minutes to load; of these the blocks ask
        version = int(presets.published(name).name)
        tfgan_zoo.from_preset(name).export(folder / "few", name, version=version)
    monkeypatch.chdir(folder)
    terminal, names, answer = Terminal(folder, environment), {}, ""
    try:
        for number, language, text in blocks(PAGE):
            if language == "python":
                code = "\n" * number + terminal.with_ports(text)
                exec(compile(code, str(ROOT / PAGE), "exec"), names)
            elif language == "json":
                assert same(json.loads(text), json.loads(answer)), f"{PAGE}:{number}\n{answer}"
            elif language == "sh":
                for line in commands(
                    text.replace("serving-config saved_models", "serving-config few")
                ):
                    if line.startswith("curl "):
                        answer = ask(line, folder, terminal)
                    elif not line.startswith(tuple(NOT_RUN)):
                        terminal.run([line])
    finally:
        terminal.close()
    for name in ("seed_7.png", "half.png", "red_hair.png", "seed_8.png", "out/seed_15.png"):
        assert png.decode((folder / name).read_bytes()).size
    assert png.decode((folder / "red_hair.png").read_bytes()).shape == (32, 32, 3)
    assert names["logits"].shape == (3, 1) and names["images"].shape == (3, 28, 28, 1)
    assert [png.decode(file).shape for file in names["files"]] == [(28, 28, 1)] * 2


def test_the_declared_proto_is_that_of_the_client():
    """Which is held against TensorFlow Serving's own; see test_client.py."""
    text = (ROOT / "serving" / "client" / "predict.proto").read_text()
    found = re.findall(r"^message (\w+) \{$(.*?)^\}$", text, re.M | re.S)
    assert [name for name, _ in found] == [
        "PredictRequest", "PredictResponse", "ModelSpec", "TensorProto", "TensorShapeProto",
    ]  # fmt: skip
    for name, body in found:
        fields = getattr(protos, name).DESCRIPTOR.fields_by_name
        body = re.sub(r"message Dim \{.*?\}", "", body, flags=re.S)
        for kind, field, number in re.findall(r"(\S+|map<.*>) (\w+) = (\d+);", body):
            assert fields[field].number == int(number), (name, field)
            plain = getattr(fields[field], f"TYPE_{kind.upper()}", fields[field].TYPE_MESSAGE)
            assert fields[field].type == plain, (name, field)


@pytest.mark.skipif(not shutil.which("protoc"), reason="protoc is not installed")
def test_the_proto_compiles_for_java(tmp_path):
    folder = ROOT / "serving" / "client"
    command = ["protoc", f"-I{folder}", f"--java_out={tmp_path}", "predict.proto"]
    subprocess.run(command, check=True)
    assert (tmp_path / "predict" / "TensorProto.java").is_file()


def test_links():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / PAGE).read_text()):
        assert (ROOT / "serving" / target).exists(), target
    for name in re.findall(
        r"`((?:config|kubernetes|kserve|client)/[\w./]*)`", (ROOT / PAGE).read_text()
    ):
        assert (ROOT / "serving" / pathlib.Path(name)).exists(), name
