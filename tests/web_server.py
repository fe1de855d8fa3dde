"""A web server on this machine that cuts, lies and redirects as it is told."""

import hashlib
import http.server
import io
import re
import tarfile
import threading
import time
import zipfile

from tfgan_zoo import files


def packed(kind, files):
    """The bytes of an archive of `{name: bytes}`."""
    content = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, value in files.items():
                archive.writestr(name, value)
        return content.getvalue()
    with tarfile.open(fileobj=content, mode="w:gz" if kind == "tar.gz" else "w") as archive:
        for name, value in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(value), 0.5  # with which Python writes a longer header
            archive.addfile(member, io.BytesIO(value))
    return content.getvalue()


def kept():
    """What lies in the cache, without empty folders."""
    found = files.home().rglob("*")
    return sorted(str(path.relative_to(files.home())) for path in found if path.is_file())


def contents(folder):
    """`{name: bytes}` of the files in a folder."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


class Server(http.server.ThreadingHTTPServer):
    """Serves `files`, `{path: bytes}`.

    Attributes:
        cuts: How many answers end after half of what they should send.
        statuses: Of the next answers, where they are not 200; the last one stays.
        redirects: `{path: address}`.
        length: "given", "none" or "chunked".
        names_version: Whether answers have an ETag, by which a part is taken up again.
        pause: Seconds between the halves of an answer.
        asked: Pairs of a path and the start of the range, None for all of it.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.redirects, self.asked = {}, {}, []
        self.cuts, self.statuses, self.length, self.names_version = 0, [], "given", True
        self.pause = 0
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.server
        found = re.fullmatch("bytes=([0-9]+)-", self.headers.get("Range", ""))
        server.asked.append((self.path, found and int(found[1])))
        if server.statuses:
            status = server.statuses[0] if len(server.statuses) == 1 else server.statuses.pop(0)
            if status != 200:
                return self._send(status, {"Content-Length": 0}, b"")
        if self.path in server.redirects:
            headers = {"Location": server.redirects[self.path], "Content-Length": 0}
            return self._send(302, headers, b"")
        if self.path not in server.files:
            return self._send(404, {"Content-Length": 0}, b"")
        return self._file(server.files[self.path], found and int(found[1]))

    def _file(self, content, start):
        headers = {}
        if self.server.names_version:
            headers["ETag"] = f'"{hashlib.md5(content).hexdigest()}"'
        if start is None or self.headers.get("If-Range") != headers.get("ETag"):
            start, status = 0, 200
        else:
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        rest = content[start:]
        if self.server.length == "given":
            headers["Content-Length"] = len(rest)
        elif self.server.length == "chunked":
            headers["Transfer-Encoding"] = "chunked"
        else:
            self.close_connection = True
        self._send(status, headers, rest)

    def _send(self, status, headers, content):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, str(value))
        self.end_headers()
        half = len(content) // 2
        self._write(content[:half])
        if content and self.server.cuts:
            self.server.cuts -= 1
            self.close_connection = True
            return
        time.sleep(self.server.pause if content else 0)
        self._write(content[half:])
        if self.server.length == "chunked" and content:
            self.wfile.write(b"0\r\n\r\n")

    def _write(self, content):
        if not content:
            return
        if self.server.length == "chunked":
            content = b"%x\r\n%s\r\n" % (len(content), content)
        self.wfile.write(content)
