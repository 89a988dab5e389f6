"""What manifests start, started here: the same commands, settings and files, without containers."""

import contextlib
import json
import pathlib
import re
import shlex
import shutil
import tempfile
import unittest
import urllib.parse

import yaml
from gate import DEPLOY, ROOT, TIDEGATE, Ports, ask, chat, environment, running, succeed, tool, wait_for
from test_files import KUSTOMIZATIONS, gate_of, kustomized, of_kind

TOKEN = "a-token-of-this-test"
POD_IP = "10.1.2.3"

# The tests of the shipped policies take a debug build half a minute, and `make policies` has run them.
UNTESTED = {"TIDEGATE_POLICIES__REQUIRE_TESTS_PASS": "false"}


class Compose:
    """A service of a compose file, with its folders and addresses moved here."""

    def __init__(self, path: pathlib.Path) -> None:
        self.folder = path.parent
        self.services = yaml.safe_load(path.read_text())["services"]
        self.ports = Ports()

    def moved(self, name: str, text: str) -> str:
        for volume in self.services[name].get("volumes", []):
            source, target, *_ = volume.split(":")
            if source.startswith("."):
                text = re.sub(rf"{re.escape(target)}(?=/|$)", str((self.folder / source).resolve()), text)
        # A container in the network of another one has its loopback.
        owner = self.services[name].get("network_mode", "").removeprefix("service:") or name
        return self.ports.moved(owner, text, tuple(self.services))

    def command(self, name: str) -> list[str]:
        return [self.moved(name, part) for part in self.services[name]["command"]]

    def settings(self, name: str) -> dict[str, str]:
        """Variables, with those left out that the user may set, and the default of the admin listener moved as well."""
        given = self.services[name].get("environment", {})
        given = {key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for key, value in given.items()}
        if name == "tidegate":
            given.setdefault("TIDEGATE_ADMIN__LISTEN", "127.0.0.1:9901")
        return {key: self.moved(name, value) for key, value in given.items()}

    def is_healthy(self, name: str) -> bool:
        kind, program, *arguments = self.services[name]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "/usr/local/bin/tidegate")
        return health([self.moved(name, part) for part in arguments])


def health(arguments: list[str]) -> bool:
    with contextlib.suppress(AssertionError):
        return succeed(TIDEGATE, *arguments, env=environment({})) == "healthy\n"
    return False


def decisions(text: str) -> float:
    """How many decisions metrics tell of."""
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("tidegate_decisions_total{"))


class TheStack(unittest.TestCase):
    def test_the_gate_screens_what_goes_to_the_demo_model_and_prometheus_sees_it(self) -> None:
        stack = Compose(DEPLOY / "compose/compose.yaml")
        with contextlib.ExitStack() as processes:
            self.assertFalse(stack.is_healthy("mock-upstream"))
            processes.enter_context(running(stack.command("mock-upstream"), {}))
            wait_for("the demo model is healthy", lambda: stack.is_healthy("mock-upstream"))
            self.assertFalse(stack.is_healthy("tidegate"))
            settings = stack.settings("tidegate") | UNTESTED
            processes.enter_context(running(stack.command("tidegate"), settings))
            wait_for("the gate is healthy", lambda: stack.is_healthy("tidegate"))

            port = stack.ports.of("tidegate", "8080")
            status, text = chat(port, "say: all is well")
            self.assertEqual((status, json.loads(text)["choices"][0]["message"]["content"]), (200, "all is well"))
            status, text = chat(port, "my key is AKIAIOSFODNN7EXAMPLE")
            self.assertEqual((status, json.loads(text)["error"]["code"]), (400, "content_policy_violation"))
            self.assertEqual(ask(port, "/metrics")[0], 404, "metrics are not for clients")
            status, metrics = ask(stack.ports.of("tidegate", "9901"), "/metrics")
            self.assertEqual((status, decisions(metrics)), (200, 3))

            self.scraped(stack, processes)

    def scraped(self, stack: Compose, processes: contextlib.ExitStack) -> None:
        """Prometheus, with the file that is mounted into its container, in the network of the gate."""
        prometheus = tool("prometheus", why="nothing scrapes the stack")
        folder = pathlib.Path(processes.enter_context(tempfile.TemporaryDirectory()))
        shutil.copytree(ROOT / "config/prometheus", folder, dirs_exist_ok=True)
        file = folder / "prometheus.yml"
        file.write_text(stack.moved("prometheus", file.read_text()).replace("scrape_interval: 15s", "scrape_interval: 1s"))
        port = stack.ports.of("tidegate", "9090")
        arguments = [f"--config.file={file}", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"]
        processes.enter_context(running(arguments, {}, prometheus, cwd=folder))

        def asked(query: str) -> list[float]:
            status, text = ask(port, f"/api/v1/query?query={urllib.parse.quote(query)}")
            return [] if status != 200 else [float(one["value"][1]) for one in json.loads(text)["data"]["result"]]

        wait_for("Prometheus has the decisions", lambda: asked("sum(tidegate_decisions_total)") == [3.0])
        self.assertEqual(asked('up{job="tidegate"}'), [1.0])

    def test_every_folder_that_is_mounted_is_there_and_read_only(self) -> None:
        stack = Compose(DEPLOY / "compose/compose.yaml")
        for name, service in stack.services.items():
            for volume in service.get("volumes", []):
                source, _, *mode = volume.split(":")
                if source.startswith("."):
                    self.assertTrue((stack.folder / source).is_dir(), f"{name}: {source}")
                    self.assertEqual(mode, ["ro"], f"{name}: {source}")

    def test_every_port_is_for_this_machine_alone(self) -> None:
        services = Compose(DEPLOY / "compose/compose.yaml").services
        ports = [port for service in services.values() for port in service.get("ports", [])]
        self.assertEqual(len(ports), 3)
        self.assertTrue(all(port.startswith("127.0.0.1:") for port in ports), ports)

    def test_grafana_has_its_data_source_and_its_dashboard(self) -> None:
        services = Compose(DEPLOY / "compose/compose.yaml").services
        grafana = ROOT / "config/grafana"
        (source,) = yaml.safe_load((grafana / "provisioning/datasources/prometheus.yaml").read_text())["datasources"]
        url = urllib.parse.urlsplit(source["url"])
        # Prometheus has no network of its own, so its name is one of the container that has.
        self.assertEqual(services["prometheus"]["network_mode"], "service:tidegate")
        self.assertIn(url.hostname, services["tidegate"]["networks"]["default"]["aliases"])
        self.assertIn(f"127.0.0.1:9090:{url.port}", services["tidegate"]["ports"])
        (provider,) = yaml.safe_load((grafana / "provisioning/dashboards/tidegate.yaml").read_text())["providers"]
        mounts = {target: host for host, target, *_ in (volume.split(":") for volume in services["grafana"]["volumes"])}
        path = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertEqual(pathlib.PurePath(path).parent.as_posix(), provider["options"]["path"])
        dashboard = (DEPLOY / "compose" / mounts[provider["options"]["path"]]).resolve() / pathlib.PurePath(path).name
        self.assertIn("panels", json.loads(dashboard.read_text()))


class TheImage(unittest.TestCase):
    def test_what_the_image_starts_is_healthy_by_its_own_check(self) -> None:
        text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
        lines = {verb: rest for verb, rest in re.findall(r"^([A-Z]+) (.*)$", text.rpartition("\nFROM ")[2], re.M)}
        self.assertIn("--chown=nonroot:nonroot config/ /etc/tidegate/", text)
        self.assertEqual(lines["USER"], "65532:65532")
        ports = Ports()

        def moved(part: str) -> str:
            return ports.moved("image", part.replace("/etc/tidegate", str(ROOT / "config")))

        (program,) = json.loads(lines["ENTRYPOINT"])
        check = json.loads(re.search(r"CMD (\[.*\])", lines["HEALTHCHECK"])[1])
        self.assertEqual((program, check[0]), ("/usr/local/bin/tidegate",) * 2)
        settings = dict(one.split("=", 1) for one in shlex.split(lines["ENV"]))
        settings = {"TIDEGATE_ADMIN__LISTEN": "127.0.0.1:9901"} | settings
        settings = {name: moved(value) for name, value in settings.items()} | UNTESTED
        with running([moved(part) for part in json.loads(lines["CMD"])], settings):
            wait_for("the image is healthy", lambda: health([moved(part) for part in check[1:]]))
            self.assertEqual(chat(ports.of("image", "8080"), "hello")[0], 200)


class Pod:
    """The gate of a pod, with its volumes in a folder and its addresses moved here."""

    def __init__(self, objects: list[dict], folder: pathlib.Path, ports: Ports) -> None:
        self.container, pod = gate_of(objects)
        self.folder, self.ports = folder, ports
        self.paths: dict[str, str] = {}
        for mount in self.container["volumeMounts"]:
            (volume,) = [one for one in pod["volumes"] if one["name"] == mount["name"]]
            place = folder / mount["name"]
            self.paths[mount["mountPath"]] = str(place)
            for path, text in self.files(volume, objects).items():
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                (place / path).write_text(text)
                if "secret" in volume:
                    (place / path).chmod(volume["secret"]["defaultMode"])

    @staticmethod
    def files(volume: dict, objects: list[dict]) -> dict[str, str]:
        if volume.get("secret", {}).get("secretName") == "tidegate-store":
            return {"password": "hunter2", "key": "0123456789abcdef0123456789abcdef"}
        if "secret" in volume:
            return {"admin_tokens": f"{TOKEN}\n", "metrics_token": TOKEN}
        data = of_kind(objects, "ConfigMap")["data"]
        items = volume["configMap"]["items"]
        assert {item["key"] for item in items} == set(data), "a file of the ConfigMap is not mounted"
        return {item["path"]: data[item["key"]] for item in items}

    def moved(self, text: str, to_loopback: bool = True) -> str:
        # A longer path may begin with a shorter one.
        for path, place in sorted(self.paths.items(), reverse=True):
            text = text.replace(path, place)
        return self.ports.moved("pod", text) if to_loopback else text

    def arguments(self) -> list[str]:
        return [self.moved(part) for part in self.container["args"]]

    def settings(self, to_loopback: bool = True) -> dict[str, str]:
        """Variables, with `$(NAME)` put in as the kubelet does."""
        known: dict[str, str] = {}
        for one in self.container["env"]:
            if "valueFrom" in one:
                assert one["valueFrom"] == {"fieldRef": {"fieldPath": "status.podIP"}}
                known[one["name"]] = POD_IP
            else:
                value = re.sub(r"\$\((\w+)\)", lambda found: known[found[1]], one["value"])
                known[one["name"]] = value
        known = {name: self.moved(value, to_loopback) for name, value in known.items() if name != "POD_IP"}
        if to_loopback:
            known.setdefault("TIDEGATE_ADMIN__LISTEN", self.moved("127.0.0.1:9901"))
        return known

    def port(self, name: str) -> int:
        (port,) = [one["containerPort"] for one in self.container["ports"] if one["name"] == name]
        return self.ports.of("pod", str(port))

    def is_well(self, probe: str) -> bool:
        """What the kubelet sees: over HTTP it names the address of the pod as the host."""
        told = self.container[probe]
        if "exec" in told:
            program, *arguments = told["exec"]["command"]
            assert program == "/usr/local/bin/tidegate"
            moved = [self.moved(part) for part in arguments]
            return health(moved if "--url" in moved else [*moved, "--url", self.moved("http://127.0.0.1:9901/readyz")])
        get = told["httpGet"]
        host = f"{POD_IP}:{9901 if get['port'] == 'admin' else get['port']}"
        return ask(self.port(get["port"]), get["path"], headers={"host": host})[0] == 200


class ThePod(unittest.TestCase):
    def pod(self, name: str) -> Pod:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return Pod(kustomized(name), pathlib.Path(folder.name), Ports())

    def test_configurations_pass_check_and_their_policies_pass_their_tests(self) -> None:
        for name in KUSTOMIZATIONS:
            with self.subTest(name):
                pod = self.pod(name)
                settings = environment(pod.settings(to_loopback=False))
                file = pod.moved("/etc/tidegate/tidegate.yaml")
                succeed(TIDEGATE, "check", "--config", file, "--deny-warnings", env=settings)
                succeed(TIDEGATE, "test", "--config", file, env=settings)
                effective = succeed(TIDEGATE, "check", "--config", file, "--show-effective", env=settings)
                for variable in pod.settings():
                    if any(one["name"] == variable for one in pod.container["env"]):
                        self.assertIn(variable, effective)

    def test_probes_and_prometheus_are_answered_and_nobody_else(self) -> None:
        pod = self.pod("base")
        with running(pod.arguments(), pod.settings()):
            wait_for("the pod has started", lambda: pod.is_well("startupProbe"))
            self.assertTrue(pod.is_well("readinessProbe") and pod.is_well("livenessProbe"))
            self.assertEqual(chat(pod.port("http"), "hello")[0], 200)
            admin, host, token = pod.port("admin"), {"host": f"{POD_IP}:9901"}, {"authorization": f"Bearer {TOKEN}"}
            self.assertEqual(ask(admin, "/metrics", headers=host | token)[0], 200)
            self.assertEqual(ask(admin, "/metrics", headers={"host": f"[{POD_IP}]:9901"} | token)[0], 200)
            self.assertEqual(ask(admin, "/metrics", headers=host)[0], 401)
            self.assertEqual(ask(admin, "/metrics", headers={"host": "10.9.9.9:9901"} | token)[0], 403)

    def test_an_edit_of_the_configmap_is_live_without_a_restart(self) -> None:
        pod = self.pod("base")
        mount = pod.folder / "config"
        # As the kubelet does it: files of a version in a folder of their own, links to them by way of one link that is swapped.
        versions = [pod.folder / "config" / name for name in ("..first", "..second")]
        places = list(mount.iterdir())
        versions[0].mkdir()
        for place in places:
            shutil.move(place, versions[0])
            place.symlink_to(pathlib.Path("..data", place.name))
        (mount / "..data").symlink_to("..first")
        shutil.copytree(versions[0], versions[1])
        policy = versions[1] / "policies/starter.yaml"
        policy.write_text(policy.read_text().replace("mode: shadow", "mode: enforce"))
        secret = "my key is AKIAIOSFODNN7EXAMPLE"
        with running(pod.arguments(), pod.settings()):
            wait_for("the pod has started", lambda: pod.is_well("startupProbe"))
            self.assertEqual(chat(pod.port("http"), secret)[0], 200)
            (mount / "..new").symlink_to("..second")
            (mount / "..new").rename(mount / "..data")
            shutil.rmtree(versions[0])
            wait_for("the edit is live", lambda: chat(pod.port("http"), secret)[0] == 400)
            self.assertTrue(pod.is_well("livenessProbe"))

    def test_a_sidecar_asks_itself_whether_it_is_well(self) -> None:
        pod = self.pod("overlays/sidecar")
        self.assertEqual(pod.container["restartPolicy"], "Always")
        self.assertFalse(pod.is_well("startupProbe"))
        with running(pod.arguments(), pod.settings()):
            wait_for("the sidecar has started", lambda: pod.is_well("startupProbe"))
            self.assertTrue(pod.is_well("livenessProbe"))
            self.assertEqual(chat(pod.ports.of("pod", "8080"), "hello")[0], 200)
        addresses = pod.settings(to_loopback=False)
        self.assertEqual(addresses["TIDEGATE_LISTEN"], "127.0.0.1:8080")
        self.assertNotIn("TIDEGATE_ADMIN__LISTEN", addresses)


if __name__ == "__main__":
    unittest.main()
