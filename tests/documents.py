"""Runs the code blocks of a document as a reader would: in order, from the top folder, in a new home.

Python blocks share one namespace, shell blocks one terminal.
"""

import contextlib
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]
_COPIED = ("serving", "saved_models")  # written into by commands of the documents
_SECONDS = 900  # for a block


def blocks(page):
    """`[(line number, language, text)]` of the fenced blocks of a page."""
    found = []
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", (ROOT / page).read_text(), re.M | re.S):
        line = (ROOT / page).read_text()[: match.start()].count("\n") + 1
        found.append((line, match[1], match[2]))
    return found


def commands(text):
    """The commands of a shell block, without comments; continued lines are joined."""
    joined = text.replace("\\\n", " ")
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


def checkout(folder):
    """What a fresh clone has, as links, but for the folders that are written into."""
    folder.mkdir()
    for entry in ROOT.iterdir():
        if entry.name in _COPIED:
            shutil.copytree(entry, folder / entry.name, symlinks=True, copy_function=os.link)
        elif not entry.name.startswith(".") and entry.name not in ("runs", "samples", "demo"):
            (folder / entry.name).symlink_to(entry)
    return folder


def home(folder, data_dir):
    """A home without anything but, where there are any, prepared data sets."""
    folder.mkdir()
    if data_dir:
        (folder / "tensorflow_datasets").symlink_to(pathlib.Path(data_dir) / "tfds")
    return {**os.environ, "HOME": str(folder), "PYTHONPATH": str(ROOT)}


class Terminal:
    """A bash in which blocks are run one after the other; a server goes to the background.

    Args:
        folder: Where it starts.
        environment: Its variables.
    """

    def __init__(self, folder, environment):
        self.grpc, self.rest = _free_port(), _free_port()
        bin_folder = pathlib.Path(sys.executable).parent
        environment = {**environment, "PATH": f"{bin_folder}:{environment['PATH']}"}
        self.log = (folder.parent / "terminal.log").open("w+")
        self._done, writes = os.pipe()
        self._bash = subprocess.Popen(
            ["bash", "-e"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=self.log,
            stderr=subprocess.STDOUT, text=True, pass_fds=[writes], start_new_session=True,
        )  # fmt: skip
        os.close(writes)
        self._writes = writes
        self._bash.stdin.write(
            "trap 'kill $SERVER 2>/dev/null' EXIT\n"
        )  # if this process is killed, too
        self._bash.stdin.flush()  # a page may have no commands

    def run(self, lines):
        """Runs commands; one that fails raises AssertionError with all that was printed."""
        script = "\n".join([":", *map(self._told, lines)])
        self._bash.stdin.write(f"{{\n{script}\n}} </dev/null\nprintf . >&{self._writes}\n")
        self._bash.stdin.flush()
        is_ready, _, _ = select.select([self._done], [], [], _SECONDS)
        assert is_ready and os.read(self._done, 1) == b".", f"{script}\n{self.output()}"

    def _told(self, line):
        """The line with ports of this terminal; `serve` in the background, until it answers."""
        line = self.with_ports(line)
        if not line.startswith("tfgan-zoo serve "):
            return line
        port = self.rest if "--rest_api_port" in line else self.grpc
        return (
            f'if [ -n "$SERVER" ]; then kill $SERVER; wait $SERVER || true; fi\n'
            f"{line} --port={self.grpc} &\nSERVER=$!\n"
            f"until (: </dev/tcp/127.0.0.1/{port}) 2>/dev/null; do kill -0 $SERVER; sleep 0.2; done"
        )

    def with_ports(self, text):
        return text.replace("8500", str(self.grpc)).replace("8501", str(self.rest))

    def output(self):
        self.log.seek(0)
        return self.log.read()[-4000:]

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGTERM)
        self._bash.stdin.close()
        self._bash.wait(30)
        self.log.close()
        os.close(self._done)


def _free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
