"""Configuration files: what is written serves, and what is broken is told before a server starts."""

import shutil

import pytest
from running_server import PROTOCOL, models_config
from typer.testing import CliRunner

from tfgan_zoo import cli
from tfgan_zoo.serving import config, messages
from tfgan_zoo.serving.statuses import StatusError

PROBE = PROTOCOL / "probe"
BAD_MODELS = [
    ("model_config_list { konfig { } }", 'no field named "konfig"'),
    (
        models_config(("probe", "models/probe", "")),
        "to have an absolute path or URI; got base_path()",
    ),
    (models_config(("probe", "/nowhere/probe", "")), "base_path /nowhere/probe is no folder"),
    (models_config(*[("probe", PROBE, "")] * 2), "Illegal to list model probe multiple times"),
    (f'model_config_list {{ config {{ name: "p" base_path: "{PROBE}" }} }}', "model_platform"),
    (models_config(("", PROBE, "")), "has no name"),
    (
        models_config(("probe", PROBE, "model_version_policy { specific { versions: 7 } }")),
        "version 7 is not in",
    ),
    (
        models_config(("probe", PROBE, 'version_labels { key: "stable" value: 1 }')),
        "label 'stable' names version 1, which is not served; served: 3",
    ),
    ("", "model_config_list has no config"),
]
BAD_BATCHING = [
    ("max_batch_size: 8", 'Expected "{"'),
    (
        "max_batch_size { value: 8 } allowed_batch_sizes: 2",
        "Last entry in allowed_batch_sizes must match",
    ),
    ("max_batch_size { value: 8 } allowed_batch_sizes: [4, 2, 8]", "monotonically increasing"),
    ("max_batch_size { value: 0 }", "max_batch_size must be positive"),
    (
        "max_batch_size { value: 100 } max_execution_batch_size { value: 4 } "
        "enable_large_batch_splitting { value: true } allowed_batch_sizes: [2, 4]",
        "must match max_batch_size; last entry was 4; expected 100",
    ),
    ("batch_timeout_micros { value: 1 }", "max_batch_size is not set"),
]


@pytest.mark.parametrize(("text", "problem"), BAD_MODELS)
def test_broken_models(text, problem, tmp_path):
    (tmp_path / "models.config").write_text(text)
    assert problem in "\n".join(config.check(tmp_path / "models.config"))


@pytest.mark.parametrize(("text", "problem"), BAD_BATCHING)
def test_broken_batching(text, problem, tmp_path):
    (tmp_path / "batching.config").write_text(text)
    assert problem in "\n".join(config.check(tmp_path / "batching.config"))


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("monitoring.config", "prometheus { }", 'no field named "prometheus"'),
        (
            "monitoring.config",
            'prometheus_config { enable: true path: "x" }',
            "must begin with '/'",
        ),
        ("monitoring.config", 'prometheus_config { path: "/x" }', "enable: true } is missing"),
        ("ssl.config", 'server_key: "/etc/key.pem"', "server_key must hold a PEM text, not a path"),
    ],
)
def test_other_broken_files(name, text, problem, tmp_path):
    (tmp_path / name).write_text(text)
    assert problem in "\n".join(config.check(tmp_path / name))


def test_batching_without_its_flag(tmp_path):
    (good := tmp_path / "batching.config").write_text("max_batch_size { value: 8 }")
    assert config.check(good) == []
    (problem,) = config.check(good, enable_batching=False)
    assert "without --enable_batching" in problem


def test_broken_versions(tmp_path):
    shutil.copytree(PROBE, tmp_path / "probe")
    shutil.rmtree(tmp_path / "probe" / "3" / "variables")
    (tmp_path / "models.config").write_text(models_config(("probe", tmp_path / "probe", "")))
    (problem,) = config.check(tmp_path / "models.config")
    assert "has no variables/variables.index" in problem


def test_missing_file_and_unknown_kind(tmp_path):
    assert "No such file" in config.check(tmp_path / "models.config")[0]
    (tmp_path / "x.config").write_text("")
    with pytest.raises(ValueError, match="Give a kind: models, batching, monitoring, ssl"):
        config.check(tmp_path / "x.config")


def test_what_is_written_is_good(tmp_path):
    shutil.copytree(PROBE, tmp_path / "models" / "probe")
    text = config.write(tmp_path / "models")
    (tmp_path / "models.config").write_text(text)
    assert config.check(tmp_path / "models.config") == []
    model = messages.read(
        tmp_path / "models.config", messages.KINDS["models"]
    ).model_config_list.config[0]
    assert list(model.model_version_policy.specific.versions) == [2, 3]
    assert dict(model.version_labels) == {"stable": 2, "canary": 3}
    there = config.write(tmp_path / "models", "/models")
    assert 'base_path: "/models/probe"' in there
    with pytest.raises(FileNotFoundError, match="holds no model"):
        config.write(tmp_path)


def test_command_line(tmp_path):
    shutil.copytree(PROBE, tmp_path / "models" / "probe")
    out = tmp_path / "models.config"
    run = lambda *words: CliRunner().invoke(cli.app, ["serving-config", *map(str, words)])  # noqa: E731
    assert run(tmp_path / "models", "--out", out).exit_code == 0
    assert run("--check", out).exit_code == 0
    out.write_text("rubbish {")
    broken = run("--check", out)
    assert broken.exit_code == 1 and f"{out}: Invalid protobuf file" in broken.output
    assert run().exit_code == 1


def test_text_is_parsed_strictly():
    with pytest.raises(StatusError, match="Invalid protobuf file: 'x'"):
        messages.parse(b"\xff", messages.BatchingParameters, "x")
