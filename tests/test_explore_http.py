"""The server of `tfgan-zoo explore`: who may ask it, and for what."""

import re
import signal
import struct
import subprocess
import sys
import time
import zlib

import httpx
import numpy as np
import pytest
from cases import make
from explored import explored, picture, pixels, tiny
from typer.testing import CliRunner

import tfgan_zoo
from tfgan_zoo import cli
from tfgan_zoo.explore import Drawing, Translation, guards

HEADERS = {"X-Explore": "1"}


@pytest.fixture(scope="module")
def page():
    with explored(Drawing(tiny("DCGAN"), ["m"])) as (address, explore), asking(address) as client:
        yield client, explore


def asking(address):
    return httpx.Client(base_url=address, headers=HEADERS, timeout=60)


def test_the_page_and_its_model(page):
    client, explore = page
    for path, kind in {"/": "html", "/explore.js": "javascript", "/explore.css": "css"}.items():
        answer = client.get(path)
        assert answer.status_code == 200 and kind in answer.headers["Content-Type"]
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "://" not in answer.text.replace("http://www.w3.org", "")  # all of it is here
        assert (
            answer.headers["X-Content-Type-Options"] == "nosniff"
            and "Set-Cookie" not in answer.headers
        )
    assert client.get("/api/model").json()["class"] == "DCGAN"
    answer = client.get("/api/image?seed=3")
    assert answer.headers["Content-Type"] == "image/png"
    np.testing.assert_array_equal(pixels(answer.content), explore.backend.gan.generate(1, 3)[0])
    wrong = client.get("/api/image?seed=1&seed=2")
    assert wrong.status_code == 400 and wrong.json() == {"error": "seed is given twice."}
    command = client.get("/api/command?seed=3").json()["command"]
    assert command == "tfgan-zoo draw m --seed 3 --out picture.png"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {"Host": "attacker.example"}, 403),
        ("GET", "/api/model", {"Host": "127.0.0.1.attacker.example:80"}, 403),
        ("GET", "/api/model", {"Host": ""}, 403),
        ("GET", "/api/model", {"Host": "localhost:1"}, 200),
        ("GET", "/api/image", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("GET", "/", {"Sec-Fetch-Site": "cross-site"}, 200),  # a link to the page
        ("POST", "/api/picture", {"Origin": "http://attacker.example"}, 403),
        ("POST", "/api/picture", {"Origin": "null"}, 403),
        ("POST", "/api/picture", {"X-Explore": ""}, 403),
        ("DELETE", "/api/job", {"X-Explore": ""}, 403),
        ("OPTIONS", "/api/picture", {"Origin": "http://attacker.example"}, 403),
        ("GET", "/../../etc/passwd", {}, 404),
        ("GET", "/page/%2e%2e/app.py", {}, 404),
        ("PUT", "/api/picture", {}, 405),
        ("POST", "/api/translate", {}, 404),  # of translators
    ],
)
def test_who_may_ask(page, method, path, headers, status):
    answer = page[0].request(method, path, headers=headers)
    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]
    assert "Access-Control-Allow-Origin" not in answer.headers


def bomb(width, height):
    """A small PNG file that says that it is large."""

    def chunk(kind, data):
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("contents", "status", "message"),
    [
        (b"", 400, "empty"),
        (b"not a picture", 400, "no image in a known format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 400, "no image in a known format"),
        (bomb(60_000, 60_000), 400, "more"),
        (bomb(3_000, 3_000), 400, "3000 x 3000 pixels, more than max_pixels"),
        (picture(64, 64, 3)[:500], 400, ""),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * (10 * 2**20), 413, "more than 10 MiB"),
    ],
    ids=["empty", "text", "svg", "bomb", "large", "cut off", "bytes"],
)
def test_hostile_uploads(page, contents, status, message):
    answer = page[0].post("/api/picture", content=contents)
    assert answer.status_code == status
    assert message in answer.json()["error"] and len(answer.json()["error"]) > 10
    assert page[0].get("/api/model").status_code == 200


def upload(client, contents):
    return client.post("/api/picture", content=contents).json()


def ended(client):
    for _ in range(600):
        job = client.get("/api/job").json()
        if job["state"] != "running":
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def test_a_job_tells_how_far_it_is_and_is_cancelled(page):
    client, _ = page
    found = upload(client, picture(30, 20))
    assert (found["width"], found["height"]) == (20, 30)
    asked = {"picture": found["picture"], "steps": 2000, "candidates": 4, "restarts": 1}
    assert client.post("/api/project", params=asked).status_code == 202
    while not client.get("/api/job").json()["done"]:
        time.sleep(0.05)
    for busy in (client.get("/api/image"), client.post("/api/project", params=asked)):
        assert busy.status_code == 409 and "The projection is running" in busy.json()["error"]
    client.delete("/api/job")
    job = ended(client)
    assert job["state"] == "cancelled" and job["total"] == 2000 and job["done"] < 2000
    assert client.get("/api/image").status_code == 200
    client.post("/api/project", params={"picture": "0" * 16})
    assert "Choose the picture again" in ended(client)["error"]
    client.post("/api/project", params={**asked, "steps": 2001})
    assert ended(client)["error"] == "steps must lie in [0, 2,000]. Received: 2001."


def test_a_translation_over_http():
    model = make("RealESRGAN")
    with explored(Translation(model, ["m"])) as (address, _), asking(address) as client:
        file = picture(9, 14)
        asked = {"picture": upload(client, file)["picture"], "file": "a b.png"}
        client.post("/api/translate", params=asked)
        made = ended(client)["result"]
        png = client.get("/api/image", params=made).content
        np.testing.assert_array_equal(pixels(png), model.translate(pixels(file)))
        command = client.get("/api/command", params=made).json()["command"]
        assert command == "tfgan-zoo translate m 'a b.png' picture.png"
        client.post("/api/translate", params={**asked, "domain": "1"})
        assert "domain is missing, or not taken" in ended(client)["error"]


def test_waiting_requests_are_bounded(page):
    client, explore = page
    explore.worker._waiting = 8
    try:
        answer = client.get("/api/image")
    finally:
        explore.worker._waiting = 0
    assert answer.status_code == 409 and "Too many pictures" in answer.json()["error"]


def test_hosts():
    assert all(map(guards.is_loopback, ("localhost", "127.0.0.1", "127.1.2.3", "::1")))
    assert not any(map(guards.is_loopback, ("0.0.0.0", "::", "example.org", "192.168.0.2")))


def test_other_hosts_and_ports_are_refused_before_the_model_is_loaded():
    def error(*words):
        done = CliRunner().invoke(cli.app, ["explore", *words])
        assert done.exit_code == 1
        return " ".join(done.output.split())

    assert "add --allow-remote" in error("dcgan_fashion_mnist", "--host", "0.0.0.0")
    assert "Give a model, or --url and --model" in error("--url", "localhost:8500")
    assert "--port must lie in" in error("x", "--port", "70000")


@pytest.mark.full
def test_the_command_serves_until_it_is_ended():
    words = ["explore", "dcgan_fashion_mnist", "--port", "0", "--no-browser"]
    command = [sys.executable, "-m", "tfgan_zoo", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as served:
        line = served.stdout.readline()
        address = re.fullmatch(r"Exploring dcgan_fashion_mnist: (http://127\S+/) .*\n", line)[1]
        png = httpx.get(f"{address}api/image?seed=3", timeout=60).content
        expected = tfgan_zoo.from_preset("dcgan_fashion_mnist").generate(1, 3)[0]
        np.testing.assert_array_equal(pixels(png), expected)
        taken = ["explore", "x", "--port", address.rpartition(":")[2].strip("/")]
        done = CliRunner().invoke(cli.app, taken)
        assert done.exit_code == 1 and "--port 0 takes a free one" in done.output
        served.send_signal(signal.SIGINT)
        assert served.wait(60) == 0


_SLOW = """
import time
from tfgan_zoo.explore import app

class Slow:
    jobs, image_parameters, takes_pictures = {"wait": ("It", (), lambda _: time.sleep(60))}, (), False
    describe = dict

app.serve(Slow(), "slow", "127.0.0.1", 0, lambda address: print(address, flush=True))
"""


@pytest.mark.full
def test_a_second_signal_does_not_wait_for_what_is_computed():
    with subprocess.Popen(
        [sys.executable, "-c", _SLOW], stdout=subprocess.PIPE, text=True
    ) as served:
        with asking(served.stdout.readline().strip()) as client:
            assert client.post("/api/wait").status_code == 202
        served.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            served.wait(2)
        served.send_signal(signal.SIGINT)
        assert served.wait(5) == -signal.SIGINT


def test_a_page_that_others_reach_says_so():
    backend = Translation(make("Pix2Pix"), ["m"])
    with explored(backend, "0.0.0.0") as (address, _), asking(address) as client:
        assert client.get("/api/model").json()["is_local"] is False
        hosts = {"192.168.0.2:80": 200, "[fe80::1]:80": 200, "attacker.example": 403}
        for host, status in hosts.items():
            assert client.get("/api/model", headers={"Host": host}).status_code == status
