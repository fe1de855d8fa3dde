"""Models of the Hugging Face Hub, fetched from a stand-in for its protocol on this machine."""

import base64
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from cases import make
from tensorflow.core.protobuf import saved_model_pb2

import tfgan_zoo
from tfgan_zoo import hub

pytest.importorskip("huggingface_hub", reason="needs the extra hub")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(http.server.ThreadingHTTPServer):
    """Serves the folders in `root` as repositories `owner/name` of one revision, "main".

    Attributes:
        cut: Names of files of which half is sent, and how often: `{"variables.index": 1}`.
        status: Of all answers, where it is not 200.
        asked: The paths of all requests.
        made: What was last asked for as a new repository.
    """

    commit = COMMIT

    daemon_threads = True

    def __init__(self, root):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root, self.cut, self.status, self.asked = pathlib.Path(root), {}, 200, []
        self.made = None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def do_POST(self):
        """A new repository, how files are to be sent, and a commit with all of them."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        parts = self.path.partition("?")[0].strip("/").split("/")
        if self.server.status != 200:
            return self._send(self.server.status, b"{}", {})
        if parts == ["api", "repos", "create"]:
            asked = json.loads(content)
            is_private = asked.get("private") or asked.get("visibility") == "private"
            self.server.made = asked["organization"], asked["name"], is_private
            folder = self.server.root / asked["organization"] / asked["name"]
            folder.mkdir(parents=True, exist_ok=True)
            found = {"url": f"{self.server.address}/{asked['organization']}/{asked['name']}"}
        elif parts == ["api", "validate-yaml"]:
            found = {"errors": [], "warnings": []}
        elif parts[4] == "preupload":
            found = {
                "files": [
                    {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for file in json.loads(content)["files"]
                ]
            }
        else:
            self._commit(self.server.root.joinpath(*parts[2:4]), content)
            place = f"{self.server.address}/{parts[2]}/{parts[3]}/commit/{COMMIT}"
            found = {"success": True, "commitOid": COMMIT, "commitUrl": place}
        return self._send(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

    def _commit(self, folder, content):
        for row in map(json.loads, content.splitlines()):
            if row["key"] == "file":
                file = folder / row["value"]["path"]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(base64.b64decode(row["value"]["content"]))

    def _answer(self):
        path = self.path.partition("?")[0]
        self.server.asked.append(f"{self.command} {path}")
        parts = path.strip("/").split("/")
        if self.server.status != 200:
            return self._send(self.server.status, b"{}", {})
        if parts[:2] == ["api", "models"] and (self.server.root / "/".join(parts[2:4])).is_dir():
            return self._describe("/".join(parts[2:4]), parts[4:])
        if len(parts) > 4 and parts[2] == "resolve" and parts[3] in (COMMIT, "main"):
            file = self.server.root.joinpath(*parts[:2], *parts[4:])
            if file.is_file():
                return self._file(file)
            return self._send(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _describe(self, name, rest):
        if rest[:1] not in (["revision"], ["tree"]) or rest[1] not in ("main", COMMIT):
            return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        folder = self.server.root / name
        files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
        names = {file: str(file.relative_to(folder)) for file in files}
        if rest[0] == "tree":
            found = [
                {"type": "file", "path": names[f], "size": f.stat().st_size, "oid": _etag(f)}
                for f in files
            ]
        else:
            siblings = [{"rfilename": names[file]} for file in files]
            found = {"id": name, "sha": COMMIT, "private": False, "siblings": siblings}
        return self._send(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

    def _file(self, file):
        content, start = file.read_bytes(), 0
        headers = {"ETag": f'"{_etag(file)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if asked := self.headers.get("Range"):
            start = int(asked.removeprefix("bytes=").split("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._send(206 if asked else 200, content[start:], headers, file.name)

    def _send(self, status, content, headers, name=None):
        self.send_response(status)
        for key, value in {**headers, "Content-Length": len(content)}.items():
            self.send_header(key, str(value))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.server.cut.get(name, 0):
            self.server.cut[name] -= 1
            content, self.close_connection = content[: len(content) // 2], True
        self.wfile.write(content)


def _etag(file):
    return hashlib.sha1(file.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """`(model, root)`: the model, and a folder with it in the repository owner/digits."""
    root = tmp_path_factory.mktemp("hub")
    gan = make("VanillaGAN", name="digits")
    gan.export(root / "owner", "digits", warmup_batch_sizes=(1,))
    (root / "owner" / "digits" / "README.md").write_text("# A card\n")
    return gan, root


@pytest.fixture
def server(exported, tmp_path, monkeypatch):
    root = shutil.copytree(exported[1], tmp_path / "root")
    found = Hub(root)
    monkeypatch.setenv("HF_ENDPOINT", found.address)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    yield found
    found.shutdown()
    found.server_close()


def same(gan, other):
    np.testing.assert_array_equal(gan.generate(4, seed=0), other.generate(4, seed=0))


@pytest.mark.parametrize("rest", ["", "/1", "@main", f"/1@{COMMIT}"])
def test_a_model_of_the_hub(rest, server, exported):
    same(exported[0], tfgan_zoo.from_preset(f"hf://owner/digits{rest}"))
    assert not [path for path in server.asked if "golden" in path or "README" in path]


def test_what_was_fetched_is_not_fetched_again(server, exported, monkeypatch):
    tfgan_zoo.from_preset("hf://owner/digits")
    server.asked.clear()
    same(exported[0], tfgan_zoo.from_preset("hf://owner/digits"))
    assert not [path for path in server.asked if path.startswith("GET") and "resolve" in path]
    server.status = 500
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    server.asked.clear()
    same(exported[0], tfgan_zoo.from_preset("hf://owner/digits"))
    assert not server.asked


@pytest.mark.parametrize("times", [1, 100])
def test_a_connection_that_is_cut(times, server, exported):
    """It is taken up again, or nothing is loaded, and another time all is."""
    server.cut = {"variables.data-00000-of-00001": times}
    if times == 1:
        same(exported[0], tfgan_zoo.from_preset("hf://owner/digits"))
        return
    with pytest.raises(OSError, match="hf://owner/digits cannot be fetched"):
        tfgan_zoo.from_preset("hf://owner/digits")
    server.cut.clear()
    same(exported[0], tfgan_zoo.from_preset("hf://owner/digits"))


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_server_that_refuses(status, server):
    server.status = status
    with pytest.raises(OSError, match="hf://owner/digits cannot be fetched"):
        tfgan_zoo.from_preset("hf://owner/digits")


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("hf://owner/none", OSError, "hf://owner/none cannot be fetched"),
        ("hf://owner/digits@other", OSError, "hf://owner/digits@other cannot be fetched"),
        ("hf://owner/digits/7", ValueError, "hf://owner/digits/7 holds no exported model"),
        ("hf://owner", ValueError, "A model of the Hub is"),
        ("hf://owner/digits/../other", ValueError, "A model of the Hub is"),
    ],
)
def test_addresses_that_lead_nowhere(address, error, message, server):
    with pytest.raises(error, match=message):
        tfgan_zoo.from_preset(address)


def test_a_server_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(OSError, match="cannot be fetched"):
        tfgan_zoo.from_preset("hf://owner/digits")


def test_a_stranger_s_graph_is_checked(server):
    graph = server.root / "owner" / "digits" / "1" / "saved_model.pb"
    saved_model = saved_model_pb2.SavedModel.FromString(graph.read_bytes())
    function = saved_model.meta_graphs[0].graph_def.library.function[-1]
    function.node_def.add(name="file", op="WriteFile")
    graph.write_bytes(saved_model.SerializeToString())
    with pytest.raises(tfgan_zoo.trust.UntrustedModelError, match="WriteFile"):
        tfgan_zoo.from_preset("hf://owner/digits")


def test_two_processes_at_once(server, exported, tmp_path):
    code = (
        "from tfgan_zoo import hub\n"
        "folder = hub.fetched('hf://owner/digits')\n"
        "print(sum(f.stat().st_size for f in sorted(folder.rglob('*')) if f.is_file()))"
    )
    environment = {**os.environ, "HF_HUB_CACHE": str(tmp_path / "shared")}
    command = [sys.executable, "-c", code]
    options = {"env": environment, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **options) for _ in range(2)]
    sizes = [process.communicate(timeout=120)[0] for process in processes]
    assert sizes[0] == sizes[1] and int(sizes[0]) > 1000


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"tfgan-zoo\[hub\]"):
        hub.fetched("hf://owner/digits")
