"""The system calls of the gate against those that its unit allows."""

import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

from gate import DEPLOY, TIDEGATE, Ports, ask, chat, environment, succeed, tool, wait_for

# What a process does before the filter is in force, or what every process may do.
BEFORE = {"execve"}


def allowed() -> set[str]:
    """What the lines `SystemCallFilter` of the unit come to."""
    analyze = tool("systemd-analyze", why="system calls are not compared")
    names: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", (DEPLOY / "systemd/tidegate.service").read_text(), re.M):
        groups = line.lstrip("~").split()
        listed = {name for group in groups for name in members(analyze, group)}
        names = names - listed if line.startswith("~") else names | listed
    return names


def members(analyze: str, group: str) -> set[str]:
    if not group.startswith("@"):
        return {group}
    lines = [line.strip() for line in succeed(analyze, "syscall-filter", "--no-pager", group).splitlines()[1:]]
    return {name for line in lines if line and not line.startswith("#") for name in members(analyze, line)}


class TheSandbox(unittest.TestCase):
    def test_the_gate_makes_no_system_call_that_its_unit_forbids(self) -> None:
        permitted = allowed()
        self.assertTrue({"accept4", "read", "exit_group"} <= permitted)
        self.assertFalse({"setuid", "sched_setaffinity", "mount"} & permitted)
        strace = tool("strace", why="system calls are not compared")
        if subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True, check=False).returncode != 0:
            raise unittest.SkipTest("skipped: strace may not trace here, so system calls are not compared")
        ports = Ports()
        data, admin = ports.of("gate", "8080"), ports.of("gate", "9901")
        settings = {"TIDEGATE_LISTEN": f"127.0.0.1:{data}", "TIDEGATE_ADMIN__LISTEN": f"127.0.0.1:{admin}", "TIDEGATE_DRAIN__DELAY": "0s"}
        with tempfile.TemporaryDirectory() as folder:
            seen = pathlib.Path(folder, "calls")
            command = [strace, "-f", "-qq", "-o", str(seen), TIDEGATE, "serve", "--config", str(DEPLOY / "kubernetes/config/tidegate.yaml")]
            process = subprocess.Popen(command, env=environment(settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                wait_for("the gate is ready", lambda: ask(admin, "/readyz")[0] == 200)
                self.assertEqual(chat(data, "hello")[0], 200)
                self.assertEqual(chat(data, "hello", stream=True)[0], 200)
                gate = int(re.match(r"\d+", seen.read_text())[0])
                subprocess.run(["kill", "-HUP", str(gate)], check=True)
                wait_for("the reload is over", lambda: 'tidegate_policy_reloads_total{outcome="ok"} 2' in ask(admin, "/metrics")[1])
                subprocess.run(["kill", "-TERM", str(gate)], check=True)
                self.assertEqual(process.wait(timeout=60), 0)
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                    process.wait()
            calls = set(re.findall(r"^\d+ +([a-z0-9_]+)\(", seen.read_text(), re.M)) - BEFORE
        self.assertIn("accept4", calls)
        self.assertEqual(calls - permitted, set())


if __name__ == "__main__":
    unittest.main()
