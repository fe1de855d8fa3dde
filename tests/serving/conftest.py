import pytest
from running_server import PROTOCOL, Server


def _start(tmp_path_factory, *flags):
    folder = tmp_path_factory.mktemp("server")
    text = (PROTOCOL / "models.config").read_text().replace("MODELS", str(PROTOCOL))
    (folder / "models.config").write_text(text)
    return Server(
        folder,
        f"--model_config_file={folder}/models.config",
        "--allow_version_labels_for_unavailable_models=true",
        *flags,
    )


@pytest.fixture(scope="session")
def probe(tmp_path_factory):
    """A server of the probe model, as it was when the transcripts were recorded."""
    with _start(tmp_path_factory, "--grpc_max_threads=64") as server:
        yield server


@pytest.fixture(scope="session")
def batching_probe(tmp_path_factory):
    """The same with batching.config."""
    flags = ["--enable_batching=true", f"--batching_parameters_file={PROTOCOL}/batching.config"]
    with _start(tmp_path_factory, "--grpc_max_threads=64", *flags) as server:
        yield server
