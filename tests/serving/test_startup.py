"""How a server starts, or why it does not, as a real one was seen to."""

import pathlib
import time

import pytest
from running_server import IS_EMBEDDED, PROTOCOL, Server, transcript

pytestmark = pytest.mark.xdist_group("startup")
STARTS = transcript("startup.json")
_CRASHES = {"batching_zero"}  # a real server dies of a signal (-11); any failure will do
_RUNNING, _ERROR = "Running gRPC", "Failed to start server. Error: "


def start(recorded, folder):
    for name, text in recorded["files"].items():
        (folder / name).write_text(text.replace("MODELS", str(PROTOCOL)))
    flags = (
        flag.replace("DIR", str(folder)).replace("MODELS", str(PROTOCOL))
        for flag in recorded["flags"]
    )
    return Server(folder, *flags)


def expected_lines(recorded, folder):
    said = "\n".join(recorded["says"])
    wanted = [_RUNNING] if _RUNNING in said else []
    if _ERROR in said:
        wanted.append(said[said.index(_ERROR) :].replace("DIR", str(folder)))
    return wanted


@pytest.mark.parametrize(
    "name",
    # Each starts a process: a third of them in the quick suite.
    [pytest.param(n, marks=() if i % 3 == 0 else pytest.mark.full) for i, n in enumerate(STARTS)],
)
def test_start(name, tmp_path: pathlib.Path):
    recorded = STARTS[name]
    server = start(recorded, tmp_path)
    wanted = expected_lines(recorded, tmp_path)
    try:
        if isinstance(recorded["exit"], int):
            status = server.process.wait(60)
            assert status != 0 if name in _CRASHES else status == recorded["exit"], server.log
        deadline = time.monotonic() + (60 if wanted else 6)
        while time.monotonic() < deadline and not (
            wanted and all(line in server.log for line in wanted)
        ):
            time.sleep(0.1)
        assert all(line in server.log for line in wanted), server.log
        if not isinstance(recorded["exit"], int):
            assert server.process.poll() is None, server.log
    finally:
        server.process.kill()
        server.process.wait()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "Both server_options.model_base_path and server_options.model_config_file are empty!"),
        (
            ["--port=0", "--model_base_path=/x"],
            "INVALID_ARGUMENT: server_options.grpc_port is not set.",
        ),
        (["--port=x", "--model_base_path=/x"], "x"),
        (["--model_config_file=/nowhere"], "Error: NOT_FOUND: /nowhere; No such file or directory"),
        (
            ["--model_base_path=/x", "--batching_parameters_file=/x"],
            "server_options.batching_parameters_file is set without setting "
            "server_options.enable_batching to true.",
        ),
    ],
)
def test_flags_that_cannot_be_used(flags, message, tmp_path):
    server = Server(tmp_path, *flags)
    assert server.process.wait(60) == 255
    if IS_EMBEDDED or "grpc_port" not in message:  # a real server of today words that otherwise
        assert message in server.log
