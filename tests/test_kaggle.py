"""Models of Kaggle, by kagglehub, from a stand-in for its protocol on this machine."""

import base64
import hashlib
import http.server
import json
import threading

import pytest
from cases import make
from test_hub import same

import tfgan_zoo

pytest.importorskip("kagglehub", reason="needs the extra hub")
ADDRESS = "kaggle://owner/digits/keras/small"


class Kaggle(http.server.ThreadingHTTPServer):
    """Serves the files of `folder` as version 2 of one model.

    Attributes:
        status: Of all answers, where it is not 200.
        hash: What it says of the content of a file, or None for what is right.
    """

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder, self.status, self.hash = folder, 200, None
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class _Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        folder, kind = self.server.folder, {"Content-Type": "application/json"}
        if self.server.status != 200:
            return self._send(self.server.status, b"{}", kind)
        method = self.path.rpartition("/")[2]
        if method == "GetModelInstance":
            return self._send(200, b'{"versionNumber": 2}', kind)
        if method == "ListModelInstanceVersionFiles":
            files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
            found = {"files": [{"name": str(path.relative_to(folder))} for path in files]}
            return self._send(200, json.dumps(found).encode(), kind)
        content = (folder / asked["path"]).read_bytes()
        right = base64.b64encode(hashlib.md5(content).digest()).decode()
        self._send(200, content, {"x-goog-hash": f"md5={self.server.hash or right}"})

    def _send(self, status, content, headers):
        self.send_response(status)
        for key, value in {**headers, "Content-Length": len(content)}.items():
            self.send_header(key, str(value))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    gan = make("VanillaGAN", name="digits")
    return gan, gan.save_to_preset(tmp_path_factory.mktemp("kaggle") / "digits")


@pytest.fixture
def server(saved, tmp_path, monkeypatch):
    from kagglesdk import kaggle_env

    with Kaggle(saved[1]) as found:
        address = f"http://127.0.0.1:{found.server_port}"
        monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, address)
        monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("TFGAN_ZOO_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
        yield found
        found.shutdown()


@pytest.mark.parametrize("rest", ["", pytest.param("/2", marks=pytest.mark.full)])
def test_a_model(rest, server, saved):
    same(saved[0], tfgan_zoo.from_preset(ADDRESS + rest))


@pytest.mark.full
@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_server_that_refuses(status, server, saved):
    server.status = status
    with pytest.raises(OSError, match=f"^{ADDRESS} cannot be fetched"):
        tfgan_zoo.from_preset(ADDRESS)
    server.status = 200
    same(saved[0], tfgan_zoo.from_preset(ADDRESS))


@pytest.mark.full
def test_a_wrong_checksum(server, saved):
    server.hash = base64.b64encode(bytes(16)).decode()
    with pytest.raises(OSError, match=f"^{ADDRESS} cannot be fetched"):
        tfgan_zoo.from_preset(ADDRESS)
    server.hash = None
    same(saved[0], tfgan_zoo.from_preset(ADDRESS))
