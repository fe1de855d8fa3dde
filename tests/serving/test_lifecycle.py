"""Versions that come and go on disk, and configurations that change, as lifecycle.json has them."""

import gzip
import json
import pathlib
import shutil
import socket
import time

import pytest
from running_server import PROTOCOL, Server, models_config, transcript
from test_transcripts import canonical

pytestmark = pytest.mark.xdist_group("lifecycle")
STEPS = {step["step"].partition(":")[0]: step["answers"] for step in transcript("lifecycle.json")}
PREDICT = '{"instances": [1.0]}'
_PATIENCE = 15  # seconds; recorded after 4 to 6


class Life:
    """A server of one folder whose content and configuration change."""

    def __init__(self, folder: pathlib.Path):
        self.folder, self.base = folder, folder / "probe"
        self.base.mkdir()
        self.config = folder / "models.config"

    def publish(self, version, content=None):
        """Puts a version in place by a rename, as everybody should."""
        temporary = self.folder / f".new-{version}"
        shutil.copytree(PROTOCOL / "probe" / str(content or version), temporary)
        target = self.base / str(version)
        shutil.rmtree(target, ignore_errors=True)
        temporary.rename(target)

    def configure(self, *models):
        temporary = self.folder / "new.config"
        temporary.write_text(models_config(*models))
        temporary.rename(self.config)

    def check(self, server, step):
        """Waits until the server answers as recorded."""
        deadline = time.monotonic() + _PATIENCE
        for recorded in STEPS[step]:
            wanted = self._wanted(recorded)
            while (answer := self._ask(server, recorded)) != wanted and time.monotonic() < deadline:
                time.sleep(0.1)
            assert answer == wanted

    def _wanted(self, recorded):
        body = recorded["body"].replace("MODELS/probe", str(self.base))
        return recorded["status"], _comparable(body), recorded["content_type"]

    def _ask(self, server, recorded):
        method, path = recorded["request"].split(" ", 1)
        body = PREDICT if method == "POST" else None
        status, content_type, text = server.http(method, path, body)
        return status, _comparable(text), content_type


def _comparable(body):
    try:
        return canonical(body)
    except json.JSONDecodeError:
        return body


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    life = Life(tmp_path_factory.mktemp("life"))
    life.publish(1)
    life.configure(("probe", life.base, ""))
    return life


@pytest.fixture(scope="module")
def server(life):
    flags = [f"--model_config_file={life.config}", "--model_config_file_poll_wait_seconds=1"]
    flags += ["--max_num_load_retries=0", "--max_rows=200000"]
    with Server(life.folder, *flags) as server:
        yield server


def test_versions_come_and_go(life, server):
    life.check(server, "version 1 loaded, policy latest")
    life.publish(2)
    life.check(server, "version 2 appears (renamed into place)")
    shutil.rmtree(life.base / "2")
    life.check(server, "version 2 removed from disk, 1 still there")
    (life.base / "3").mkdir()
    life.check(server, "empty folder 3 appears")


def test_broken_versions(life, server):
    (life.folder / "corrupt").mkdir()
    content = (PROTOCOL / "probe" / "3" / "saved_model.pb").read_bytes()
    (life.folder / "corrupt" / "saved_model.pb").write_bytes(content[:1000])
    (life.folder / "corrupt").rename(life.base / "4")
    life.check(server, "version 4 with a corrupt saved_model.pb")
    shutil.copytree(PROTOCOL / "probe" / "3", life.folder / "bare")
    shutil.rmtree(life.folder / "bare" / "variables")
    (life.folder / "bare").rename(life.base / "5")
    life.check(server, "version 5 without its variables folder")
    (life.base / "abc").mkdir()
    (life.base / "007").mkdir()
    life.check(server, "folders abc and 007 appear")
    for name in ("007", "4", "5", "3"):
        shutil.rmtree(life.base / name)
    life.publish(3)
    life.check(server, "good version 3 appears")


def test_configurations(life, server):
    life.config.write_text("rubbish {{{")
    time.sleep(2.5)
    life.check(server, "config file replaced by rubbish")
    both = "model_version_policy { specific { versions: 1 versions: 3 } }"
    labels = 'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 3 }'
    life.configure(("probe", life.base, f"{both} {labels}"))
    time.sleep(2.5)
    life.check(server, "config with versions 1 and 3 and labels (new versions not loaded yet)")
    life.check(server, "after 4 s more")
    life.configure(("probe", life.base, 'version_labels { key: "stable" value: 3 }'))
    life.check(server, "label stable moved to 3")
    life.configure(("other", life.base, ""))
    life.check(server, "model probe taken out of the config, other put in")
    life.configure(("probe", life.base, ""))
    life.check(server, "probe back")


@pytest.mark.parametrize("recorded", STEPS["other HTTP"], ids=lambda r: r["request"])
def test_other_http(recorded, life, server):
    assert life._ask(server, recorded) == life._wanted(recorded)


def test_large_and_encoded_bodies(server):
    body = json.dumps({"instances": [1.0] * 200_000})
    path = "/v1/models/probe:predict"
    plain = server.http("POST", path, body)
    assert plain[0] == 200 and len(json.loads(plain[2])["predictions"]) == 200_000
    packed = gzip.compress(PREDICT.encode())
    status, _, text = server.http("POST", path, packed, {"Content-Encoding": "gzip"})
    assert (status, json.loads(text)) == (200, {"predictions": [3.0]})
    assert server.http("POST", path, body, {"Accept-Encoding": "gzip"}) == plain


def test_chunked_request(server):
    request = (
        b"POST /v1/models/probe:predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"a\r\n" + PREDICT[:10].encode() + b"\r\na\r\n" + PREDICT[10:].encode() + b"\r\n0\r\n\r\n"
    )
    with socket.create_connection(("localhost", server.rest_port), timeout=10) as connection:
        connection.sendall(request)
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    assert json.loads(answer.partition("\r\n\r\n")[2]) == {"predictions": [3.0]}


def test_sigterm(tmp_path):
    """Of the command as a user starts it."""
    flags = ["--model_name=probe", f"--model_base_path={PROTOCOL}/probe"]
    with Server(tmp_path, *flags, is_forked=False) as server:
        assert server.stop() == STEPS["SIGTERM"][0]["exit"]
