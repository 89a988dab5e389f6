#!/usr/bin/env python3
"""Puts a release together: the binary with what belongs to it, as a folder and an archive, a bill of materials, and sums.

    tools/release.py --binary target/release/tidegate --output dist

writes, for the host or for `--target TRIPLE`,

    dist/tidegate-VERSION-TARGET.tar.gz    binary, completions, man pages, configuration, units, licences
    dist/tidegate-VERSION-TARGET/          the same, unpacked
    dist/tidegate-VERSION-TARGET.cdx.json  every crate in the binary (CycloneDX 1.6)
    dist/SHA256SUMS

The same sources and the same binary give the same bytes: times are that of the commit (or SOURCE_DATE_EPOCH), names are sorted.
Needs Python 3.11 or later, cargo and git, and nothing else.
"""

import argparse
import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHELLS = {"bash": "tidegate.bash", "zsh": "_tidegate", "fish": "tidegate.fish"}
UNITS = ["deploy/systemd/tidegate.service", "deploy/systemd/tidegate.socket", "deploy/systemd/tidegate.service.d/credentials.conf"]
# What the classifier in the binary was made from is for those who train it anew.
LEFT_OUT = {"config/models/texts.jsonl.gz"}
# Names of the files that licences are in, before the first `-` or `.`.
LICENCE_FILES = {"LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"}
# Of names such as these, sources are not licences.
SOURCE_ENDINGS = {".rs", ".c", ".h", ".py", ".toml", ".json", ".yml", ".yaml"}
# A longer one is no licence.
MAX_LICENCE_BYTES = 256 * 1024


def tell(*command: object, cwd: pathlib.Path = ROOT) -> str:
    return subprocess.run([str(part) for part in command], cwd=cwd, check=True, capture_output=True, text=True).stdout


def moment() -> int:
    """What all times are, in seconds since 1970."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return int(given) if given else int(tell("git", "log", "-1", "--format=%ct"))


def host() -> str:
    return re.search(r"^host: (\S+)$", tell("rustc", "-vV"), re.M)[1]


# --- what is in the binary ---


class Tree:
    """The packages that are linked into the binary for a target: normal dependencies and what those depend on."""

    def __init__(self, target: str) -> None:
        told = json.loads(tell("cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target))
        packages = {package["id"]: package for package in told["packages"]}
        nodes = {node["id"]: node for node in told["resolve"]["nodes"]}
        self.root = packages[told["resolve"]["root"]]
        # Features of metadata are those of tests and build scripts too, and so it knows of more than is linked.
        linked = linked_crates(target)
        self.packages = {one: package for one, package in packages.items() if (package["name"], package["version"]) in linked}
        normal = lambda to: to["pkg"] in self.packages and any(kind["kind"] is None for kind in to["dep_kinds"])
        self.edges = {one: [to["pkg"] for to in nodes[one]["deps"] if normal(to)] for one in self.packages}
        self.sums = sums_of_lock((ROOT / "Cargo.lock").read_text(encoding="utf-8"))

    def crates(self) -> list[dict]:
        """All but the root, in order."""
        others = [package for one, package in self.packages.items() if one != self.root["id"]]
        return sorted(others, key=lambda package: (package["name"], package["version"]))


def linked_crates(target: str) -> set[tuple[str, str]]:
    """Name and version of all that a build for the target takes into the binary, or makes code of it with."""
    told = tell("cargo", "tree", "--locked", "--edges", "normal", "--target", target, "--prefix", "none", "--format", "{p}")
    named = [line.split() for line in told.splitlines() if line.strip()]
    return {(name, version.removeprefix("v")) for name, version, *_ in named}


def sums_of_lock(text: str) -> dict[tuple[str, str], str]:
    """SHA-256 of each crate's archive, by name and version."""
    packages = tomllib.loads(text)["package"]
    return {(one["name"], one["version"]): one["checksum"] for one in packages if "checksum" in one}


def expression(licence: str) -> str:
    """The licence as SPDX writes it; older crates have a slash for `OR`."""
    return re.sub(r"\s*/\s*", " OR ", licence)


# --- the bill of materials ---


def purl(package: dict) -> str:
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package: dict, kind: str, checksum: str | None) -> dict:
    made = {"type": kind, "bom-ref": purl(package), "name": package["name"], "version": package["version"], "purl": purl(package)}
    if package["description"]:
        made["description"] = " ".join(package["description"].split())
    if checksum:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["license"]:
        made["licenses"] = [{"expression": expression(package["license"])}]
    if package["repository"]:
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


def bill(tree: Tree, time: int) -> dict:
    """CycloneDX 1.6: what there is, under which licence, and what needs what."""
    checksum = lambda package: tree.sums.get((package["name"], package["version"]))
    components = [component(package, "library", checksum(package)) for package in tree.crates()]
    refs = {one: purl(package) for one, package in tree.packages.items()}
    edges = {refs[one]: sorted({refs[to] for to in needed}) for one, needed in tree.edges.items()}
    dependencies = [{"ref": ref, "dependsOn": edges[ref]} for ref in sorted(edges)]
    stamp = datetime.datetime.fromtimestamp(time, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = {
        "timestamp": stamp,
        "lifecycles": [{"phase": "build"}],
        "component": component(tree.root, "application", None),
    }
    content = json.dumps([metadata, components, dependencies], sort_keys=True)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": dependencies,
    }


# --- notices ---


def own_licences(folder: pathlib.Path) -> dict[str, str]:
    """Texts of licences in a crate, those of code that it carries along too, by path."""
    texts = {}
    for path in sorted(folder.rglob("*")):
        is_licence = re.split(r"[-.]", path.name.upper())[0] in LICENCE_FILES and path.suffix not in SOURCE_ENDINGS
        if is_licence and path.is_file() and path.stat().st_size <= MAX_LICENCE_BYTES:
            text = path.read_text(encoding="utf-8", errors="replace")
            texts[path.relative_to(folder).as_posix()] = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return texts


def licences(tree: Tree, apache: str) -> dict[str, dict[str, str]]:
    """Texts of licences of each crate, by its identity. One without any has those of its repository, or the Apache licence if it
    may be had under that.

    Raises ValueError with the names of crates for which there is none.
    """
    folder = lambda package: pathlib.Path(package["manifest_path"]).parent
    found = {package["id"]: own_licences(folder(package)) for package in tree.crates()}
    siblings = {package["repository"]: found[package["id"]] for package in tree.crates() if found[package["id"]]}
    siblings.pop(None, None)
    without = []
    for package in tree.crates():
        if found[package["id"]]:
            continue
        choices = re.split(r" OR ", expression(package["license"] or ""))
        if package["repository"] in siblings:
            found[package["id"]] = siblings[package["repository"]]
        elif "Apache-2.0" in choices:
            found[package["id"]] = {"LICENSE": apache}
        else:
            without.append(f"{package['name']} {package['version']} ({package['license']})")
    if without:
        raise ValueError(f"no text of a licence for {', '.join(without)}")
    return found


def notices(tree: Tree, compiler: str) -> str:
    """Who made what is in the binary, and on which terms; each text stands once."""
    apache = "\n".join(line.rstrip() for line in (ROOT / "LICENSE").read_text(encoding="utf-8").strip().splitlines())
    texts: dict[str, list[str]] = {}
    lines = [
        "Third-party software in tidegate",
        "",
        f"Built with {compiler}; its standard library is licensed under MIT OR Apache-2.0, copyright of the Rust Project contributors.",
        "",
    ]
    found = licences(tree, apache)
    for package in tree.crates():
        name = f"{package['name']} {package['version']}"
        authors = ", ".join(re.sub(r"\s*<[^>]*>", "", author) for author in package["authors"])
        where = f", {package['repository']}" if package["repository"] else ""
        lines.append(f"{name}: {expression(package['license'] or 'see below')}{f', {authors}' if authors else ''}{where}")
        for text in dict.fromkeys(found[package["id"]].values()):
            texts.setdefault(text, []).append(name)
    for text, users in sorted(texts.items(), key=lambda one: one[1]):
        lines += ["", "-" * 80, "", f"For {', '.join(users)}:", "", text]
    pages = (ROOT / "console/THIRD-PARTY.md").read_text(encoding="utf-8").strip()
    lines += ["", "-" * 80, "", "The pages of the console:", "", pages]
    return "\n".join(lines) + "\n"


# --- the archive ---


def write(path: pathlib.Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def fill(folder: pathlib.Path, binary: pathlib.Path, tree: Tree, sbom: str) -> None:
    """Everything that a release has."""
    folder.mkdir(parents=True)
    shutil.copyfile(binary, folder / "tidegate")
    (folder / "tidegate").chmod(0o755)
    for shell, name in SHELLS.items():
        write(folder / "completions" / name, tell(binary, "completions", shell))
    pages = folder / "man/man1"
    pages.mkdir(parents=True)
    tell(binary, "man", "--folder", pages)
    for path in ["LICENSE", "README.md", "CHANGELOG.md", *UNITS]:
        write(folder / path, (ROOT / path).read_text(encoding="utf-8"))
    for path in tell("git", "ls-files", "-z", "config").split("\0"):
        if path and path not in LEFT_OUT:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, folder / path)
    write(folder / "THIRD-PARTY-NOTICES.txt", notices(tree, tell("rustc", "--version").strip()))
    write(folder / "sbom.cdx.json", sbom)


def archive(folder: pathlib.Path, to: pathlib.Path, time: int) -> None:
    """A `.tar.gz` of which nothing depends on who made it and when."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = tarfile.TarInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
                entry.size, entry.mtime = path.stat().st_size, time
                entry.mode = 0o755 if os.access(path, os.X_OK) else 0o644
                with path.open("rb") as content:
                    tar.addfile(entry, content)
    with to.open("wb") as out, gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=9, mtime=time) as zipped:
        zipped.write(packed.getvalue())


def sums(files: list[pathlib.Path]) -> str:
    """As `sha256sum --check` reads them."""
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(files))


def main() -> int:
    parser = argparse.ArgumentParser(description="Puts a release together.")
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the binary to pack")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "dist", help="the folder to write to")
    parser.add_argument("--target", default=None, help="what the binary was built for; the host by default")
    args = parser.parse_args()
    target, time = args.target or host(), moment()
    tree = Tree(target)
    sbom = json.dumps(bill(tree, time), indent=1, ensure_ascii=False) + "\n"
    name = f"tidegate-{tree.root['version']}-{target}"
    folder = args.output / name
    shutil.rmtree(folder, ignore_errors=True)
    fill(folder, args.binary.resolve(), tree, sbom)
    packed, listed = args.output / f"{name}.tar.gz", args.output / f"{name}.cdx.json"
    archive(folder, packed, time)
    write(listed, sbom)
    write(args.output / "SHA256SUMS", sums([packed, listed]))
    print(f"{packed}: {packed.stat().st_size / 1e6:.1f} MB, {len(tree.crates())} crates")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(map(str, error.cmd))}: {error.stderr}")
    except ValueError as error:
        sys.exit(f"error: {error}")
