"""Every file of a deployment by the tool that knows its format."""

import json
import pathlib
import re
import subprocess
import tempfile
import tomllib
import unittest

import yaml
from cloudcoil.models.prometheus_operator import v1 as operator
from gate import DEPLOY, ROOT, TIDEGATE, environment, succeed, tool

# What `systemd-analyze security` may say at most: 0 is fully shut, 10 wide open.
MOST_EXPOSURE = 1.5

# Kinds that Kubernetes has only where the Prometheus operator runs.
OF_THE_OPERATOR = {"ServiceMonitor": operator.ServiceMonitor, "PrometheusRule": operator.PrometheusRule}

KUSTOMIZATIONS = ["base", "overlays/monitoring", "overlays/sidecar", "overlays/store"]


def kustomized(name: str) -> list[dict]:
    """The objects that a kustomization gives."""
    program = tool("kubectl", "kustomize", why="kustomizations are not put together")
    verb = ["kustomize"] if pathlib.Path(program).name == "kubectl" else ["build"]
    return list(yaml.safe_load_all(succeed(program, *verb, DEPLOY / "kubernetes" / name)))


def of_kind(objects: list[dict], kind: str) -> dict:
    """The only object of a kind."""
    (found,) = [one for one in objects if one["kind"] == kind]
    return found


def gate_of(objects: list[dict]) -> tuple[dict, dict]:
    """The container of the gate, and the specification of its pod."""
    pod = of_kind(objects, "Deployment")["spec"]["template"]["spec"]
    containers = pod.get("initContainers", []) + pod["containers"]
    (found,) = [container for container in containers if container["name"] == "tidegate"]
    return found, pod


class Files(unittest.TestCase):
    def test_the_dockerfile_is_clean(self) -> None:
        succeed("hadolint", "--failure-threshold", "style", ROOT / "Dockerfile")

    def test_compose_files_are_those_of_the_specification(self) -> None:
        succeed("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose/compose.yaml", ROOT / "src/cli/init/compose.yaml")

    def test_workflows_are_those_of_github(self) -> None:
        workflows = sorted((ROOT / ".github/workflows").glob("*.y*ml"))
        if workflows:
            succeed("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)

    def test_yaml_is_laid_out_as_elsewhere(self) -> None:
        succeed("yamllint", "--strict", "-c", ROOT / "tests/deploy/yamllint.yaml", DEPLOY, ROOT / "src/cli/init/compose.yaml")

    def test_shell_scripts_have_no_known_pitfalls(self) -> None:
        scripts = succeed("git", "-C", ROOT, "ls-files", "*.sh", ".ci/run").split()
        self.assertIn("tests/deploy/run.sh", scripts)
        succeed("shellcheck", *[ROOT / script for script in scripts])

    def test_images_have_the_version_of_the_sources(self) -> None:
        version = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]
        images = [found for path in DEPLOY.rglob("*.yaml") for found in re.findall(r"image: tidegate:(\S+)", path.read_text())]
        self.assertEqual(set(images), {version})
        self.assertGreaterEqual(len(images), 4)


class Kubernetes(unittest.TestCase):
    def test_objects_are_valid_and_have_no_unknown_fields(self) -> None:
        for name in KUSTOMIZATIONS:
            objects = kustomized(name)
            ours = [one for one in objects if one["kind"] not in OF_THE_OPERATOR]
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder, "objects.yaml")
                path.write_text(yaml.safe_dump_all(ours))
                succeed("kubernetes-validate", "--strict", "--quiet", path)
            for one in objects:
                model = OF_THE_OPERATOR.get(one["kind"])
                if model:
                    read = model.model_validate(one).model_dump(mode="json", by_alias=True, exclude_none=True)
                    self.assertEqual(leaves(read["spec"]), leaves(one["spec"]), f"{one['kind']}: fields that the operator does not know")

    def test_a_pod_can_do_next_to_nothing(self) -> None:
        for name in KUSTOMIZATIONS:
            container, pod = gate_of(kustomized(name))
            with self.subTest(name):
                self.assertIs(pod["automountServiceAccountToken"], False)
                self.assertIs(pod["securityContext"]["runAsNonRoot"], True)
                self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                self.assertEqual(
                    container["securityContext"],
                    {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
                )
                self.assertIn("memory", container["resources"]["limits"])

    def test_configuration_is_mounted_as_a_folder_and_secrets_as_files(self) -> None:
        for name in KUSTOMIZATIONS:
            container, _ = gate_of(kustomized(name))
            with self.subTest(name):
                self.assertTrue(all(mount["readOnly"] and "subPath" not in mount for mount in container["volumeMounts"]))
                self.assertEqual([one["name"] for one in container["env"] if "secretKeyRef" in one.get("valueFrom", {})], [])

    def test_no_request_is_lost_while_pods_come_and_go(self) -> None:
        objects = kustomized("base")
        container, pod = gate_of(objects)
        self.assertEqual(of_kind(objects, "Deployment")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], 0)
        self.assertGreaterEqual(of_kind(objects, "HorizontalPodAutoscaler")["spec"]["minReplicas"], 3)
        self.assertEqual(of_kind(objects, "PodDisruptionBudget")["spec"]["maxUnavailable"], 1)
        pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        self.assertGreater(pod["terminationGracePeriodSeconds"], pause + drain())

    def test_only_monitoring_reaches_the_admin_port(self) -> None:
        for name in ["base", "overlays/monitoring"]:
            objects = kustomized(name)
            policy = of_kind(objects, "NetworkPolicy")["spec"]
            by_port = {port["port"]: rule.get("from") for rule in policy["ingress"] for port in rule["ports"]}
            monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
            self.assertEqual((policy["policyTypes"], by_port), (["Ingress"], {"http": None, "admin": [monitoring]}), name)
            template = of_kind(objects, "Deployment")["spec"]["template"]
            self.assertLessEqual(policy["podSelector"]["matchLabels"].items(), template["metadata"]["labels"].items())

    def test_selectors_find_what_they_are_for(self) -> None:
        objects = kustomized("overlays/monitoring")
        pods = of_kind(objects, "Deployment")["spec"]["template"]["metadata"]["labels"].items()
        services = [one for one in objects if one["kind"] == "Service"]
        for service in services:
            self.assertLessEqual(service["spec"]["selector"].items(), pods)
        monitor = of_kind(objects, "ServiceMonitor")["spec"]
        found = [one for one in services if monitor["selector"]["matchLabels"].items() <= one["metadata"]["labels"].items()]
        ports = [port["name"] for one in found for port in one["spec"]["ports"]]
        self.assertEqual(ports, [endpoint["port"] for endpoint in monitor["endpoints"]])
        # The alerts look at a job of this name.
        self.assertEqual(found[0]["metadata"]["labels"][monitor["jobLabel"]], "tidegate")

    def test_the_operator_has_the_alerts_of_the_rule_file(self) -> None:
        succeed("python3", ROOT / "tools/prometheus_rule.py", "--check")
        rules = of_kind(kustomized("overlays/monitoring"), "PrometheusRule")
        self.assertEqual(rules["spec"], yaml.safe_load((ROOT / "config/prometheus/rules.yml").read_text()))
        promtool = tool("promtool", why="expressions of alerts are not parsed")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "rules.yml")
            path.write_text(json.dumps(rules["spec"]))
            succeed(promtool, "check", "rules", path)


class Systemd(unittest.TestCase):
    def units(self, folder: pathlib.Path) -> list[pathlib.Path]:
        """Units that name a program which is there, so that they can be verified."""
        paths = []
        for path in sorted((DEPLOY / "systemd").rglob("*")):
            if path.is_file():
                copy = folder / path.relative_to(DEPLOY / "systemd")
                copy.parent.mkdir(exist_ok=True)
                copy.write_text(path.read_text().replace("/usr/local/bin/tidegate", TIDEGATE))
                paths.append(copy)
        return paths

    def test_units_are_understood_in_full(self) -> None:
        analyze = tool("systemd-analyze", why="units are not verified")
        with tempfile.TemporaryDirectory() as folder:
            units = [unit for unit in self.units(pathlib.Path(folder)) if unit.suffix in {".service", ".socket"}]
            done = subprocess.run([analyze, "verify", "--man=no", *units], capture_output=True, text=True, check=False)
            own = [line for line in done.stderr.splitlines() if "tidegate" in line]
            self.assertEqual((done.returncode, own), (0, []), done.stderr)

    def test_the_service_is_hardly_exposed(self) -> None:
        analyze = tool("systemd-analyze", why="exposure is not measured")
        with tempfile.TemporaryDirectory() as folder:
            self.units(pathlib.Path(folder))
            told = succeed(analyze, "security", "--offline=true", "--no-pager", pathlib.Path(folder, "tidegate.service"))
        level = re.search(r"Overall exposure level for tidegate.service: ([0-9.]+)", told)
        self.assertIsNotNone(level, told)
        self.assertLessEqual(float(level[1]), MOST_EXPOSURE)

    def test_a_stop_waits_for_the_drain(self) -> None:
        unit = (DEPLOY / "systemd/tidegate.service").read_text()
        wait = re.search(r"^TimeoutStopSec=(\d+)s$", unit, re.M)
        self.assertGreater(int(wait[1]), drain())


def leaves(value: object, path: str = "") -> dict[str, object]:
    """Every scalar of a tree by its path."""
    if isinstance(value, dict):
        return {key: leaf for name, one in value.items() for key, leaf in leaves(one, f"{path}.{name}").items()}
    if isinstance(value, list):
        return {key: leaf for at, one in enumerate(value) for key, leaf in leaves(one, f"{path}[{at}]").items()}
    return {path: value}


def drain() -> int:
    """The longest that a gate with settings of its own takes to end, in seconds."""
    told = succeed(TIDEGATE, "check", "--config", DEPLOY / "kubernetes/config/tidegate.yaml", "--show-effective", env=environment({}))
    seconds = re.findall(r"^drain\.(?:delay|timeout) = (\d+)s ", told, re.M)
    assert len(seconds) == 2, told
    return sum(int(one) for one in seconds)


if __name__ == "__main__":
    unittest.main()
