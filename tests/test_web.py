"""Models of web servers, with what may go wrong on the way: never half of one."""

import concurrent.futures
import hashlib
import urllib.request

import numpy as np
import pytest
from cases import make
from tensorflow.core.protobuf import saved_model_pb2
from web_server import Server, contents, kept, packed

import tfgan_zoo
from tfgan_zoo import downloads, web

FORMATS = ["tar", "tar.gz", "zip"]
LAYOUTS = {"model": "digits/", "versions": "", "version": "1"}
RECORD = "assets.extra/preset.json"
DATA = "1/variables/variables.data-00000-of-00001"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """`(model, {name: bytes})` of its folder."""
    root = tmp_path_factory.mktemp("web")
    gan = make("VanillaGAN", name="digits")
    gan.export(root, "digits", warmup_batch_sizes=(1,))
    return gan, contents(root / "digits")


@pytest.fixture
def server(exported, tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TFGAN_ZOO_OFFLINE", raising=False)
    monkeypatch.setattr(downloads, "PAUSE", 0.01)
    with Server() as found:
        found.files["/m.tar.gz"] = packed("tar.gz", exported[1])
        yield found
        found.shutdown()


def same(gan, other):
    np.testing.assert_array_equal(gan.generate(4, seed=0), other.generate(4, seed=0))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_archives_of_a_model(kind, layout, server, exported):
    start = LAYOUTS[layout]
    named = {name: value for name, value in exported[1].items() if name.startswith("1/")}
    if layout == "version":
        named = {name.removeprefix("1/"): value for name, value in named.items()}
    server.files["/a"] = packed(kind, {start.strip("1") + k: v for k, v in named.items()})
    same(exported[0], tfgan_zoo.from_preset(f"{server.address}/a"))
    assert not [name for name in kept() if name.startswith("downloads")]


def test_what_was_fetched_is_not_fetched_again(server, exported, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_OFFLINE", "1")
    with pytest.raises(FileNotFoundError, match="is not in .*home, and TFGAN_ZOO_OFFLINE is set"):
        tfgan_zoo.from_preset(f"{server.address}/m.tar.gz")
    monkeypatch.setenv("TFGAN_ZOO_OFFLINE", "0")
    for _ in range(2):
        same(exported[0], tfgan_zoo.from_preset(f"{server.address}/m.tar.gz"))
    assert len(server.asked) == 1
    monkeypatch.setenv("TFGAN_ZOO_OFFLINE", "1")
    gan = make("VanillaGAN", name="digits", seed=7)
    tfgan_zoo.presets.load_weights(gan, f"{server.address}/m.tar.gz")
    same(exported[0], gan)
    assert len(server.asked) == 1


def test_two_threads_at_once(server):
    server.pause = 0.2
    address = f"{server.address}/m.tar.gz"
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda record: web.fetched(address, record), [RECORD] * 2))
    assert found[0] == found[1] and len(server.asked) == 1


def test_a_connection_that_is_cut(server, exported):
    """The rest alone is asked for; if every answer is cut, by the next call."""
    size, server.cuts = len(server.files["/m.tar.gz"]), 1
    same(exported[0], tfgan_zoo.from_preset(f"{server.address}/m.tar.gz"))
    assert server.asked == [("/m.tar.gz", None), ("/m.tar.gz", size // 2)]
    server.files["/n.tar.gz"], server.cuts = server.files["/m.tar.gz"], 5
    with pytest.raises(
        OSError, match=r"n\.tar\.gz cannot be fetched: \d+ of \d+ bytes came. Tried 5"
    ):
        tfgan_zoo.from_preset(f"{server.address}/n.tar.gz")
    assert not [name for name in kept() if name.startswith("models/n")]
    server.asked.clear()
    same(exported[0], tfgan_zoo.from_preset(f"{server.address}/n.tar.gz"))
    assert len(server.asked) == 1 and server.asked[0][1] > 0.9 * size


@pytest.mark.parametrize("names_version", [True, False])
def test_a_file_that_changes_while_it_is_fetched(names_version, server, exported):
    """By its ETag the server knows that another part would not fit; without one all is fetched again."""
    server.names_version = names_version
    good, server.cuts = server.files["/m.tar.gz"], 5
    server.files["/m.tar.gz"] = packed("tar.gz", {**exported[1], "README.md": b"old" * 999})
    with pytest.raises(OSError):
        tfgan_zoo.from_preset(f"{server.address}/m.tar.gz")
    server.files["/m.tar.gz"] = good
    same(exported[0], tfgan_zoo.from_preset(f"{server.address}/m.tar.gz"))
    assert not [name for name in kept() if name.endswith("README.md")]


def test_checksums(server, exported):
    right = hashlib.sha256(server.files["/m.tar.gz"]).hexdigest()
    address = f"{server.address}/m.tar.gz#sha256="
    with pytest.raises(OSError, match=f"has the SHA-256 {right}, and {'0' * 64} was expected"):
        tfgan_zoo.from_preset(address + "0" * 64)
    assert not kept()
    same(exported[0], tfgan_zoo.from_preset(address + right.upper()))
    with pytest.raises(ValueError, match="Behind # an address has sha256="):
        tfgan_zoo.from_preset(address + "12")


@pytest.mark.parametrize("kind", FORMATS)
def test_half_a_file_that_was_published_so(kind, server, exported):
    content = packed(kind, exported[1])
    server.files["/h"] = content[: len(content) // 2]
    with pytest.raises(ValueError, match=r"^h-\w+ (is refused|holds no)"):
        tfgan_zoo.from_preset(f"{server.address}/h")
    assert not kept()


@pytest.mark.parametrize(("status", "tries"), [(401, 1), (403, 1), (404, 1), (500, 5), (503, 5)])
def test_a_server_that_refuses(status, tries, server):
    server.statuses = [status]
    with pytest.raises(OSError, match=f"m.tar.gz cannot be fetched: the server answers {status}"):
        tfgan_zoo.from_preset(f"{server.address}/m.tar.gz")
    assert len(server.asked) == tries and not kept()


def test_a_server_that_is_busy_for_a_while(server, exported):
    server.statuses = [503, 429, 200]
    same(exported[0], tfgan_zoo.from_preset(f"{server.address}/m.tar.gz"))


def test_a_server_that_says_nothing(server, monkeypatch):
    server.pause = 1
    monkeypatch.setattr(downloads, "_TIMEOUT", 0.1)
    monkeypatch.setattr(downloads, "TRIES", 2)
    with pytest.raises(OSError, match="cannot be fetched: timed out. Tried 2 times"):
        tfgan_zoo.from_preset(f"{server.address}/m.tar.gz")
    assert len(server.asked) == 2


def test_a_server_that_is_not_there(server):
    with pytest.raises(OSError, match=r"cannot be fetched: .*refused"):
        tfgan_zoo.from_preset("http://127.0.0.1:9/m.tar.gz")


def test_redirects(server, exported):
    server.redirects = {"/a": "/b", "/b": f"{server.address}/m.tar.gz", "/round": "/round"}
    same(exported[0], tfgan_zoo.from_preset(f"{server.address}/a"))
    with pytest.raises(OSError, match="cannot be fetched: the server answers 302"):
        tfgan_zoo.from_preset(f"{server.address}/round")
    for place in ("file:///etc/passwd", "http://example.com/m.tar.gz", "ftp://example.com/m"):
        server.redirects["/away"] = place
        with pytest.raises((ValueError, OSError), match="A file is fetched from https|302"):
            tfgan_zoo.from_preset(f"{server.address}/away")


def test_a_redirect_from_elsewhere_does_not_lead_to_this_machine():
    follow, request = downloads._Redirects(None), urllib.request.Request("https://example.com/a")
    for url in ("http://127.0.0.1:8500/v1/models", "https://localhost/a"):
        with pytest.raises(ValueError, match="leads to this machine itself"):
            follow.redirect_request(request, None, 302, "Found", {}, url)
    there = follow.redirect_request(request, None, 302, "Found", {}, "https://example.org/b")
    assert there.full_url == "https://example.org/b"


def test_answers_without_a_length(server, exported):
    """They end as a cut connection does; in chunks they do not."""
    server.length = "none"
    with pytest.raises(OSError, match="comes without its length"):
        tfgan_zoo.from_preset(f"{server.address}/m.tar.gz")
    right = hashlib.sha256(server.files["/m.tar.gz"]).hexdigest()
    same(exported[0], tfgan_zoo.from_preset(f"{server.address}/m.tar.gz#sha256={right}"))
    server.length = "chunked"
    server.cuts = 1
    same(exported[0], tfgan_zoo.from_preset(f"{server.address}/m.tar.gz"))


@pytest.mark.parametrize(
    "address",
    ["http://example.com/m.tar", "https://user:password@example.com/m.tar"],
)
def test_addresses_that_are_refused(address, server):
    with pytest.raises(ValueError, match="A file is fetched from https") as caught:
        tfgan_zoo.from_preset(address)
    assert "password@" not in str(caught.value)


def test_weights_that_are_damaged_within_a_whole_archive(server, exported):
    whole = exported[1][DATA]
    for damaged in (whole[:-40], bytes([whole[0] ^ 1]) + whole[1:]):
        server.files["/d"] = packed("zip", {**exported[1], DATA: damaged})
        with pytest.raises(ValueError, match=r"^d-\w+ holds no whole model"):
            tfgan_zoo.from_preset(f"{server.address}/d")
    server.files["/d"] = packed("zip", {k: v for k, v in exported[1].items() if k != DATA})
    with pytest.raises(ValueError, match=r"^d-\w+ holds no whole model"):
        tfgan_zoo.from_preset(f"{server.address}/d")
    server.files["/d"] = packed("zip", {"1/saved_model.pb": b""})
    with pytest.raises(ValueError, match=r"^d-\w+ holds no exported model"):
        tfgan_zoo.from_preset(f"{server.address}/d")
    assert not kept()


def test_a_stranger_s_graph_is_checked(server, exported):
    saved_model = saved_model_pb2.SavedModel.FromString(exported[1]["1/saved_model.pb"])
    saved_model.meta_graphs[0].graph_def.node.add(name="file", op="WriteFile")
    server.files["/s"] = packed(
        "zip", {**exported[1], "1/saved_model.pb": saved_model.SerializeToString()}
    )
    with pytest.raises(tfgan_zoo.trust.UntrustedModelError, match="WriteFile"):
        tfgan_zoo.from_preset(f"{server.address}/s")
