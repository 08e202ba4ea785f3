"""What docker/ holds is what its own tools take: hadolint, the compose specification, Kubernetes' and Ray's schemas."""

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

PROJECT = Path(__file__).resolve().parent.parent.parent
DOCKER = PROJECT / "docker"
BIN = Path(sys.executable).parent
DOCKERFILE = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
KUBERNETES = "1.31"


def run(*arguments: object) -> str:
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True, timeout=60, check=False, cwd=PROJECT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def kubernetes() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DOCKER / "kuberay.yaml").read_text(encoding="utf-8")))


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def test_the_dockerfile_passes_hadolint() -> None:
    assert run(BIN / "hadolint", DOCKER / "Dockerfile") == ""


def test_dependencies_come_before_code_and_nobody_is_root() -> None:
    for stage in ("worker", "service"):
        build = DOCKERFILE.split(f"AS build-{stage}\n")[1].split("\nFROM ")[0]
        assert build.index("-r requirements.txt") < build.index("COPY recall")
        final = DOCKERFILE.split(f" AS {stage}\n")[1].split("\nFROM ")[0]
        assert re.search(r"^USER 10001:10001$", final, re.M)
        assert "HEALTHCHECK" in final
        assert "warm.py" in final


@pytest.mark.parametrize("extra", ["ray", "annotation", "service"])
def test_requirements_are_those_of_the_project(extra: str) -> None:
    lines = run(sys.executable, DOCKER / "requirements.py", extra).split()
    assert "fasttext-community" in lines
    assert {"ray": "ray[default]==2.60.0", "annotation": "label-studio-sdk>=2", "service": "fastapi"}[extra] in lines


def test_compose_follows_the_compose_specification() -> None:
    run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DOCKER / "compose.yaml")


def test_what_compose_names_exists_and_is_pinned() -> None:
    config = compose()
    services = config["services"]
    assert {"s3", "ray-head", "ray-worker", "demo", "service", "postgres", "label-studio"} == set(services)
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        image, _, tag = service["image"].rpartition(":")
        assert image
        assert tag != "latest" or "build" in service, name
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), f"{name} listens to more than this machine"
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in config["volumes"], name
        for given in service.get("configs", ()):
            assert given["source"] in config["configs"]
    assert (DOCKER / config["configs"]["demo"]["file"]).is_file()


def test_kubernetes_takes_the_manifests_and_the_pods_of_the_rayjob() -> None:
    kinds = []
    for manifest in kubernetes():
        kinds.append(manifest["kind"])
        if manifest["kind"] != "RayJob":
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
            continue
        cluster = manifest["spec"]["rayClusterSpec"]
        for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
            spec = group["template"]["spec"]
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "checked"}, "spec": spec}
            kubernetes_validate.validate(pod, KUBERNETES, strict=True)
            assert spec["securityContext"]["runAsNonRoot"]
    assert kinds == ["RayJob", "Deployment", "Service"]


def test_every_place_names_the_ray_that_is_installed() -> None:
    assert kubernetes()[0]["spec"]["rayClusterSpec"]["rayVersion"] == version("ray")


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_ray_takes_the_cluster_file() -> None:
    util = pytest.importorskip("ray.autoscaler._private.util")
    config = util.prepare_config(yaml.safe_load((DOCKER / "aws.yaml").read_text(encoding="utf-8")))
    util.validate_config(config)
    assert config["provider"]["region"] == "us-east-1"
    assert config["available_node_types"]["spot"]["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
