"""Content credentials in image files: what they say, and that a changed pixel is seen."""

import io
import json
import pathlib
import re
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tfgan_zoo import cli, credentials, files
from tfgan_zoo.credentials import Model, manifests

pytest.importorskip("c2pa", reason="the extra `provenance` is not installed")
ROOT = pathlib.Path(__file__).parents[1]
MODEL = Model("dcgan_fashion_mnist", 1, "ab" * 32)
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"  # as https://cv.iptc.org lists them
STRANGER = ROOT / "tests" / "stranger"
KINDS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return credentials.create_test_certificate(tmp_path_factory.mktemp("certificates") / "own")


@pytest.fixture(scope="module")
def signer(folder):
    return credentials.Signer(folder / "certificate.pem", folder / "private_key.pem")


@pytest.fixture
def anchor(folder):
    return folder / "trust_anchor.pem"


def image(kind="PNG", seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 10, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def assertion(found, label):
    (data,) = (a["data"] for a in found.manifest["assertions"] if a["label"].startswith(label))
    return data


def chunks(png):
    """`[(type, content)]` of a PNG file."""
    place, found = 8, []
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        found.append((png[place + 4 : place + 8], png[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def one_pixel_changed(png):
    """The same file with one value of one pixel another one, and every other chunk as it was."""
    parts = chunks(png)
    lines = bytearray(zlib.decompress(b"".join(c for kind, c in parts if kind == b"IDAT")))
    lines[-1] ^= 1  # the last value of the last pixel
    data, written = zlib.compress(bytes(lines)), png[:8]
    for kind, content in parts:
        content, data = (data, b"") if kind == b"IDAT" else (content, data)
        check = zlib.crc32(kind + content)
        written += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
    return written


def run(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.mark.parametrize("kind", KINDS)
def test_credentials_say_what_drew_an_image(signer, anchor, kind):
    made = signer.sign(image(kind), MODEL, {"seed": 7})
    found = credentials.read(made, anchor)
    assert (found.state, found.problems) == ("valid", ())
    assert np.array_equal(*(Image.open(io.BytesIO(x)) for x in (image(kind), made)))
    (action,) = assertion(found, "c2pa.actions")["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"] == IPTC + "trainedAlgorithmicMedia"
    told = {"model": MODEL.name, "model_version": 1, "artifact_sha256": MODEL.sha256, "seed": 7}
    assert action["parameters"] == {f"tfgan_zoo.{name}": value for name, value in told.items()}
    assert assertion(found, "c2pa.ai-disclosure") == {
        "modelType": "c2pa.types.model.tensorflow",
        "modelName": MODEL.name,
        "modelIdentifier": f"pkg:generic/{MODEL.name}@1?checksum=sha256:{MODEL.sha256}",
    }
    assert found.manifest["claim_generator_info"][0]["name"] == "tfgan_zoo"


def test_one_changed_pixel_is_seen(signer, anchor):
    made = signer.sign(image(), MODEL)
    changed = one_pixel_changed(made)
    before, after = (np.asarray(Image.open(io.BytesIO(x))).astype(int) for x in (made, changed))
    assert np.abs(before - after).sum() == 1  # one value of 360
    found = credentials.read(changed, anchor)
    assert found.state == "invalid"
    assert [code for code, _ in found.problems] == ["assertion.dataHash.mismatch"]


def test_a_signer_whom_nobody_knows_is_not_trusted(signer, tmp_path):
    made = signer.sign(image(), MODEL)
    other = credentials.create_test_certificate(tmp_path / "other") / "trust_anchor.pem"
    for anchors in (None, other):
        found = credentials.read(made, anchors)
        assert (found.state, found.problems[0][0]) == ("untrusted", "signingCredential.untrusted")


def test_a_translated_picture_keeps_the_credentials_of_its_source(signer, anchor):
    source, style = signer.sign(image(), MODEL), image("JPEG")
    bitmap = image("BMP")  # whose credentials nobody could read
    made = signer.sign(image(seed=1), Model("mosaic"), {}, [source, style, bitmap])
    found = credentials.read(made, anchor)
    assert (found.state, found.problems) == ("valid", ())
    opened, edited = assertion(found, "c2pa.actions")["actions"]
    assert (opened["action"], edited["action"]) == ("c2pa.opened", "c2pa.edited")
    assert edited["digitalSourceType"] == IPTC + "compositeWithTrainedAlgorithmicMedia"
    relations = [each["relationship"] for each in found.manifest["ingredients"]]
    assert sorted(relations) == ["inputTo", "inputTo", "parentOf"]
    (parent,) = (e for e in found.manifest["ingredients"] if e["relationship"] == "parentOf")
    kept = found.store["manifests"][parent["active_manifest"]]
    assert any(a["label"] == manifests.DISCLOSURE for a in kept["assertions"])
    assert "thumbnail" not in json.dumps(found.store)  # no copy of a user's picture


def test_a_changed_source_is_told_and_does_not_spoil_the_image(signer, anchor):
    source = one_pixel_changed(signer.sign(image(), MODEL))
    made = signer.sign(image(seed=1), Model("mosaic"), {}, [source])
    found = credentials.read(made, anchor)
    assert found.state == "valid"
    (parent,) = found.manifest["ingredients"]
    assert "dataHash.mismatch" in json.dumps(parent["validation_results"])


def test_sources_with_broken_credentials_do_not_stop_anybody(signer, anchor):
    """Of one the text of an assertion is no UTF-8, which the SDK would not sign."""
    source = signer.sign(image(), Model("broken"))
    broken = source.replace(b"modelNamefbroken", b"modelNamef\xffroken")
    assert broken != source
    made = signer.sign(image(seed=1), Model("mosaic"), {}, [broken])
    found = credentials.read(made, anchor)
    assert (found.state, found.problems) == ("valid", ())
    (parent,) = found.manifest["ingredients"]
    assert "could not be read" in parent["description"] and "active_manifest" not in parent


def test_what_is_not_signed(signer, folder, tmp_path):
    made = signer.sign(image(), MODEL)
    with pytest.raises(ValueError, match="carries content credentials already"):
        signer.sign(made, MODEL)
    with pytest.raises(ValueError, match="PNG, JPEG, WebP and GIF files"):
        signer.sign(image("BMP"), MODEL)
    with pytest.raises(ValueError, match="cannot be signed"):
        signer.sign(image()[:60], MODEL)
    certificate, other = folder / "certificate.pem", credentials.create_test_certificate(tmp_path)
    with pytest.raises(ValueError, match="sign no credentials"):
        credentials.Signer(certificate, other / "private_key.pem")
    with pytest.raises(ValueError, match="no private key in PEM form"):
        credentials.Signer(certificate, certificate)
    with pytest.raises(ValueError, match="sign no credentials"):
        credentials.Signer(folder / "private_key.pem", folder / "private_key.pem")


def test_keys_stay_where_they_are(signer, folder):
    """They are in no image, their owner alone may read them, and the checkout holds none."""
    key = (folder / "private_key.pem").read_bytes()
    assert (folder / "private_key.pem").stat().st_mode & 0o777 == 0o600
    secret = b"".join(key.splitlines()[1:-1])
    made = signer.sign(image(), MODEL)
    assert secret not in made and b"PRIVATE" not in made
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    number = load_pem_private_key(key, None).private_numbers().private_value
    assert number.to_bytes(32, "big") not in made
    listed = ["git", "grep", "-IlF", "-e", "PRIVATE KEY" + "-----"]
    found = subprocess.run(listed, capture_output=True, text=True, cwd=ROOT)
    assert set(found.stdout.split()) <= {
        "serving/config/ssl.config.example"
    }  # which has dots in it


def test_test_certificates_replace_nothing(folder):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    refused = run("test-certificate", folder)
    assert refused.exit_code == 1 and "exists already" in refused.output
    assert before == {path: path.read_bytes() for path in folder.iterdir()}


def test_inspect_says_what_holds(signer, anchor, tmp_path):
    made = signer.sign(image(), MODEL, {"seed": 7})
    written = {"own": made, "changed": one_pixel_changed(made), "bare": image(), "text": b"hello"}
    for name, content in written.items():
        (tmp_path / f"{name}.png").write_bytes(content)
    expected = {
        "own": (0, "valid, signed by tfgan_zoo test certificate"),
        "changed": (5, "INVALID"),
        "bare": (4, "no content credentials, which says nothing about its origin"),
        "text": (1, "carries no content credentials"),
        "nothing": (1, "There is no file"),
    }
    for name, (status, words) in expected.items():
        shown = run("inspect", tmp_path / f"{name}.png", "--trust-anchors", anchor)
        assert shown.exit_code == status and words in shown.output, shown.output
    for missing in (tmp_path / "missing.pem", tmp_path / "own.png"):
        shown = run("inspect", tmp_path / "own.png", "--trust-anchors", missing, "--json")
        assert shown.exit_code == 1 and missing.name in shown.output
        assert "trust anchors" in shown.output or "no certificates in PEM" in shown.output
        assert "unreadable" not in shown.output
    shown = run("inspect", tmp_path / "own.png")
    assert (
        shown.exit_code == 3 and "nobody trusted" in shown.output and ": valid" not in shown.output
    )
    assert re.search(r"^ +seed +7$", shown.output, re.MULTILINE)
    several = run(
        "inspect", *(tmp_path / f"{name}.png" for name in ("own", "changed", "bare")), "--json"
    )
    states = [json.loads(line)["state"] for line in several.stdout.splitlines()]
    assert (several.exit_code, states) == (5, ["untrusted", "invalid", "none"])


def test_a_strangers_credentials_are_read(tmp_path):
    """A file that c2pie 0.1.1 signed by version 1.4 of the specification, with a key that is gone."""
    shown = run("inspect", STRANGER / "signed.jpg", "--trust-anchors", STRANGER / "root.pem")
    assert shown.exit_code == 0 and "valid, signed by stranger of" in shown.output
    assert "stds.schema-org.CreativeWork" in shown.output
    content = (STRANGER / "signed.jpg").read_bytes()
    assert credentials.read(content).state == "untrusted"
    changed = content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]  # before the marker of the end
    found = credentials.read(changed, STRANGER / "root.pem")
    assert [code for code, _ in found.problems] == ["assertion.dataHash.mismatch"]
    assert "Tourmaline Core" in str(credentials.read(content).manifest["assertions"])


def test_hostile_text_does_not_reach_the_terminal(signer, tmp_path):
    hostile = "\x1b]0;owned\x07\x1b[2J\r\nvalid, signed by everybody\u202e\x9b" + "x" * 5000
    (tmp_path / "hostile.png").write_bytes(
        signer.sign(image(), Model(hostile), {"a\x1bb": hostile})
    )
    for words in ([], ["--json"]):
        shown = run("inspect", tmp_path / "hostile.png", *words)
        assert shown.exit_code == 3
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown.output)
    assert len(run("inspect", tmp_path / "hostile.png").output) < 2000


def test_damaged_files_are_no_fault_of_ours(signer):
    made, rng = signer.sign(image(), MODEL), np.random.default_rng(0)
    states = set()
    for place in rng.integers(0, len(made), 100):
        for broken in (made[:place], made[:place] + b"\xff\xff\xff\xff" + made[place + 4 :]):
            try:
                states.add(credentials.read(broken).state)
            except ValueError:
                states.add("refused")
    assert (
        states <= {"refused", "none", "invalid", "untrusted"} and {"refused", "invalid"} <= states
    )


def test_larger_files_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(credentials.reading, "MAX_BYTES", 100)
    (tmp_path / "large.png").write_bytes(image())
    with pytest.raises(ValueError, match="100 are read at most"):
        credentials.read(tmp_path / "large.png")
    with pytest.raises(ValueError, match="is no file"):
        credentials.read(tmp_path)
    with pytest.raises(ValueError, match="no certificates in PEM form"):
        credentials.read(image(), tmp_path / "large.png")


def test_options_that_sign_nothing_are_refused(folder, monkeypatch):
    certificate, key = folder / "certificate.pem", folder / "private_key.pem"
    assert credentials.signer() is None
    with pytest.raises(ValueError, match="key signs nothing without certificate"):
        credentials.signer(key=key)
    with pytest.raises(ValueError, match="TFGAN_ZOO_CREDENTIALS_KEY"):
        credentials.signer(certificate)
    monkeypatch.setenv("TFGAN_ZOO_CREDENTIALS_KEY", str(key))
    assert credentials.signer() is None
    assert isinstance(credentials.signer(certificate), credentials.Signer)


def test_the_digest_is_that_of_coreutils(tmp_path):
    for name in ("b", "a b", "z/ü.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    line = "find * -type f | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum"
    printed = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True).stdout
    assert files.folder_sha256(tmp_path) == printed.split()[0]


def test_the_sdk_is_imported_when_it_is_used():
    text = "import sys, tfgan_zoo.cli; print([n for n in ('c2pa', 'cryptography') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
