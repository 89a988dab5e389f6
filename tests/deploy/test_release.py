"""What `make release` packs."""

import hashlib
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import unittest

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from gate import ROOT, TIDEGATE, environment, succeed

spec = importlib.util.spec_from_file_location("release", ROOT / "tools/release.py")
release = importlib.util.module_from_spec(spec)
spec.loader.exec_module(release)


def linked() -> set[tuple[str, str]]:
    """Crates of the normal dependency tree, as cargo itself draws it."""
    told = succeed("cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}", cwd=ROOT)
    found = {tuple(line.split()[:2]) for line in told.splitlines() if line.strip()}
    return {(name, version.removeprefix("v")) for name, version in found if name != "tidegate"}


class ARelease(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.output = pathlib.Path(folder.name)
        # The size of a binary for debugging is of no interest here, and a program that calls it does as well.
        cls.binary = cls.output / "tidegate"
        cls.binary.write_text(f'#!/bin/sh\nexec {TIDEGATE} "$@"\n')
        cls.binary.chmod(0o755)
        cls.pack(cls.output / "dist")
        cls.name = next((cls.output / "dist").glob("*.tar.gz")).name.removesuffix(".tar.gz")
        cls.folder = cls.output / "dist" / cls.name
        cls.bill = json.loads((cls.output / "dist" / f"{cls.name}.cdx.json").read_text())

    @classmethod
    def pack(cls, output: pathlib.Path) -> None:
        settings = environment({"SOURCE_DATE_EPOCH": "1700000000"})
        succeed(sys.executable, ROOT / "tools/release.py", "--binary", cls.binary, "--output", output, env=settings)

    def test_the_bill_of_materials_is_valid_cyclonedx(self) -> None:
        problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(self.bill))
        self.assertIsNone(problem)

    def test_the_bill_names_every_crate_that_is_linked_and_no_other(self) -> None:
        listed = [(one["name"], one["version"]) for one in self.bill["components"]]
        self.assertEqual(len(listed), len(set(listed)))
        self.assertEqual(set(listed), linked())
        named = tomllib.loads((ROOT / "Cargo.toml").read_text())["dependencies"]
        self.assertLessEqual(set(named), {name for name, _ in listed})
        locked = {(one["name"], one["version"]): one.get("checksum") for one in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
        for one in self.bill["components"]:
            self.assertEqual(one["hashes"], [{"alg": "SHA-256", "content": locked[one["name"], one["version"]]}])
            self.assertTrue(one["licenses"], one["name"])

    def test_the_bill_says_what_needs_what(self) -> None:
        refs = {one["bom-ref"] for one in self.bill["components"]} | {self.bill["metadata"]["component"]["bom-ref"]}
        edges = {one["ref"]: one["dependsOn"] for one in self.bill["dependencies"]}
        self.assertEqual(set(edges), refs)
        self.assertLessEqual({to for needed in edges.values() for to in needed}, refs)
        left, reached = [self.bill["metadata"]["component"]["bom-ref"]], set()
        while left:
            one = left.pop()
            left += [to for to in edges[one] if to not in reached]
            reached.add(one)
        self.assertEqual(reached, refs)

    def test_every_crate_has_a_notice_with_the_text_of_a_licence(self) -> None:
        text = (self.folder / "THIRD-PARTY-NOTICES.txt").read_text()
        head, _, texts = text.partition("-" * 80)
        users = {user for line in re.findall(r"^For (.*):$", texts, re.M) for user in line.split(", ")}
        for name, version in linked():
            self.assertIn(f"\n{name} {version}: ", head)
            self.assertIn(f"{name} {version}", users)
        for passage in ["Permission is hereby granted, free of charge", "TERMS AND CONDITIONS FOR USE", "Redistribution and use in source and binary forms"]:
            self.assertIn(passage, texts)

    def test_a_crate_without_the_text_of_a_licence_is_an_error(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "Cargo.toml").touch()
            package = {"id": "1", "name": "odd", "version": "1.0.0", "license": "BSD-3-Clause", "repository": None}
            tree = object.__new__(release.Tree)
            tree.root, tree.packages = {"id": "0"}, {"1": package | {"manifest_path": f"{folder}/Cargo.toml"}}
            with self.assertRaisesRegex(ValueError, r"odd 1\.0\.0 \(BSD-3-Clause\)"):
                release.licences(tree, "Apache")
            tree.packages["1"]["license"] = "MIT/Apache-2.0"
            self.assertEqual(release.licences(tree, "Apache"), {"1": {"LICENSE": "Apache"}})
            pathlib.Path(folder, "LICENSE-MIT").write_text("be good \n")
            self.assertEqual(release.licences(tree, "Apache"), {"1": {"LICENSE-MIT": "be good"}})

    def test_completions_and_man_pages_are_there_and_can_be_read(self) -> None:
        succeed("bash", "-n", self.folder / "completions/tidegate.bash")
        self.assertTrue((self.folder / "completions/_tidegate").read_text().startswith("#compdef tidegate"))
        self.assertIn("complete -c tidegate", (self.folder / "completions/tidegate.fish").read_text())
        commands = re.findall(r"^  ([a-z-]+) ", succeed(TIDEGATE, "--help").partition("Commands:")[2], re.M)
        pages = {path.name for path in (self.folder / "man/man1").iterdir()}
        below = re.compile(r"^  ([a-z-]+) ", re.M)
        named = {"tidegate"}
        for command in (command for command in commands if command != "help"):
            own = succeed(TIDEGATE, command, "--help").partition("Commands:\n")[2].partition("\n\n")[0]
            named |= {f"tidegate-{command}"} | {f"tidegate-{command}-{name}" for name in below.findall(own) if name != "help"}
        self.assertEqual(pages, {f"{name}.1" for name in named})
        for page in (self.folder / "man/man1").iterdir():
            self.assertIn(f".TH {page.stem}", page.read_text())

    def test_what_is_packed_works_and_sums_are_right(self) -> None:
        dist = self.output / "dist"
        listed = dict(reversed(line.split("  ")) for line in (dist / "SHA256SUMS").read_text().splitlines())
        self.assertEqual(set(listed), {f"{self.name}.tar.gz", f"{self.name}.cdx.json"})
        for name, digest in listed.items():
            self.assertEqual(hashlib.sha256((dist / name).read_bytes()).hexdigest(), digest)
        place = self.output / "unpacked"
        with tarfile.open(dist / f"{self.name}.tar.gz") as tar:
            tar.extractall(place, filter="data")
        binary = place / self.name / "tidegate"
        self.assertTrue(os.access(binary, os.X_OK))
        succeed(binary, "check", "--config", place / self.name / "config/tidegate.yaml", "--deny-warnings", env=environment({}))
        packed = {path.relative_to(place / self.name).as_posix() for path in (place / self.name).rglob("*")}
        self.assertLessEqual({"LICENSE", "THIRD-PARTY-NOTICES.txt", "sbom.cdx.json", "deploy/systemd/tidegate.service"}, packed)

    def test_the_same_sources_give_the_same_bytes(self) -> None:
        self.pack(self.output / "again")
        for name in [f"{self.name}.tar.gz", "SHA256SUMS"]:
            self.assertEqual((self.output / "again" / name).read_bytes(), (self.output / "dist" / name).read_bytes())

    def test_what_cannot_be_packed_is_said(self) -> None:
        command = [sys.executable, ROOT / "tools/release.py", "--binary", "/usr/bin/false", "--output", self.output / "none"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr.splitlines()[0]), (1, "error: /usr/bin/false completions bash: "))


if __name__ == "__main__":
    unittest.main()
