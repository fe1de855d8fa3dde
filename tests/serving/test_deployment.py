"""The files of serving/: what they say of the server, of each other, and of what an operator does."""

import http.server
import json
import pathlib
import subprocess
import threading

import pytest
import yaml

SERVING = pathlib.Path(__file__).parents[2] / "serving"
BASE, PRODUCTION = SERVING / "kubernetes" / "base", SERVING / "kubernetes/overlays/production"
READY = SERVING / "config" / "ready.sh"


def documents(path):
    return list(yaml.safe_load_all(path.read_text()))


def compose():
    return documents(SERVING / "docker-compose.yml")[0]["services"]["serving"]


def deployment():
    return documents(BASE / "deployment.yaml")[0]["spec"]


def container():
    (found,) = deployment()["template"]["spec"]["containers"]
    return found


@pytest.mark.parametrize("flags", [lambda: compose()["command"], lambda: container()["args"]])
def test_one_bad_version_does_not_hold_up_the_others(flags):
    assert {"--max_num_load_retries=0", "--num_load_threads=2", "--grpc_max_threads=64"} <= set(
        flags()
    )


def test_probes_give_time_and_ask_for_more_than_a_connection():
    """All models with their warm-up were seen to take 320 s and more on a busy machine."""
    start = container()["startupProbe"]
    assert start["periodSeconds"] * start["failureThreshold"] >= 1200
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container()[probe]["timeoutSeconds"] >= 10  # the default is 1
    monitoring = (SERVING / "config" / "monitoring.config").read_text()
    path = container()["livenessProbe"]["httpGet"]["path"]
    assert f'"{path}"' in monitoring and container()["livenessProbe"]["httpGet"]["port"] == "http"
    assert compose()["healthcheck"]["test"][-1].endswith("ready.sh")


def test_compose_mounts_folders():
    """A file that is mounted alone stays the old one when it is replaced by a rename."""
    for volume in compose()["volumes"]:
        assert (SERVING / volume.split(":")[0]).resolve().is_dir()


def test_only_the_autoscaler_sets_replicas():
    assert "replicas" not in deployment()
    assert "replicas" not in documents(PRODUCTION / "kustomization.yaml")[0]
    (base,), (patch,) = documents(BASE / "hpa.yaml"), documents(PRODUCTION / "autoscaling.yaml")
    assert base["metadata"]["name"] == patch["metadata"]["name"]
    (budget,) = documents(PRODUCTION / "disruption-budget.yaml")
    assert budget["spec"]["minAvailable"] < patch["spec"]["minReplicas"]


def test_every_kubernetes_file_is_used_or_told():
    """Each file of a folder is a resource or a patch of its kustomization, or named in README.md."""
    readme = (SERVING / "README.md").read_text()
    for folder in (BASE, PRODUCTION):
        (found,) = documents(folder / "kustomization.yaml")
        used = set(found["resources"]) | {patch["path"] for patch in found.get("patches", [])}
        for file in folder.glob("*.yaml"):
            assert file.name in used | {"kustomization.yaml"} or file.name in readme, file
        for name in used:
            assert (folder / name).exists(), name


def test_network_policy():
    """It selects the server's pods, lets its two ports in by label, and nothing out."""
    (policy,) = documents(BASE / "network-policy.yaml")
    spec = policy["spec"]
    assert spec["podSelector"]["matchLabels"].items() <= (
        deployment()["template"]["metadata"]["labels"].items()
    )
    assert spec["egress"] == [] and set(spec["policyTypes"]) == {"Ingress", "Egress"}
    ports = {port["name"] for port in container()["ports"]}
    for rule in spec["ingress"]:
        assert rule["from"] and {port["port"] for port in rule["ports"]} <= ports


def test_the_claim_can_be_filled():
    """The writer mounts for writing what the Deployment mounts for reading, as the same user."""
    (claim,), (pod,) = documents(PRODUCTION / "claim.yaml"), documents(PRODUCTION / "writer.yaml")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for spec in (pod["spec"], deployment()["template"]["spec"])
        for volume in spec["volumes"]
        if "persistentVolumeClaim" in volume
    }
    assert claims == {claim["metadata"]["name"]}
    (mount,) = pod["spec"]["containers"][0]["volumeMounts"]
    assert not mount.get("readOnly")
    user = {
        spec["securityContext"]["runAsUser"]
        for spec in (pod["spec"], deployment()["template"]["spec"])
    }
    assert len(user) == 1


def test_dashboard_leaves_probes_out():
    """A server counts questions about a model's state, too, with API="" in its latencies."""
    text = (SERVING / "grafana" / "dashboards" / "tfgan_zoo.json").read_text()
    for panel in json.loads(text)["panels"]:
        for target in panel["targets"]:
            if ":request_latency" in target["expr"]:
                assert 'API!=""' in target["expr"]
            elif ":request_count" in target["expr"]:
                assert 'status!="OK"' in target["expr"]


class _States(http.server.BaseHTTPRequestHandler):
    states = {"good": "AVAILABLE", "bad": "LOADING"}

    def do_GET(self):
        state = self.states.get(self.path.rpartition("/")[2])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"model_version_status": [{"state": state}]}).encode())

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(
    ("text", "is_ready"),
    [
        ('model_config_list {\n  config {\n    name: "good"\n  }\n}\n', True),
        ("model_config_list { config { name: 'good' base_path: '/x' } }", True),
        ('config { name: "good" } config { name: "bad" }', False),
        ('# config { name: "bad" }\nconfig { name:"good" model_platform: "x" }', True),
        ("", False),  # of no model, nothing is ready
    ],
)
def test_ready_script_reads_any_form_of_names(text, is_ready, tmp_path):
    (tmp_path / "models.config").write_text(text)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _States) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = ["bash", READY, tmp_path / "models.config", str(server.server_port)]
        done = subprocess.run(command, timeout=30, capture_output=True)
        server.shutdown()
    assert (done.returncode == 0) == is_ready, done
