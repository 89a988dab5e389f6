"""The documented example for Spark gives byte for byte the rows of one process, and counts the same bad rows."""

import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "pyspark_pipe.py"
TIDEGATE = os.environ["TIDEGATE_BIN"]
SEED = int(os.environ.get("SCAN_SEED", "1"))
ROWS = 4_000

POLICY = """version: 1
name: p
rules:
  - { id: insults, category: harassment, words: [idiot, 蠢货], action: review }
  - { id: threats, category: violence, words: [kill you, 杀了你], action: block }
  - { id: names, category: personal-data, words: [falcon, 猎鹰], action: redact }
"""
PIECES = ["the fox", "runs", "an idiot", "the falcon", "slowly", "今天", "天气很好", "猎鹰", "我要杀了你", "蠢货", "é", "😀", '"x"', "\\"]
BAD = ["no row", "[1]", '{"text":3}', '{"text":"a","text":"b"}', '{"other":"x"}', '{"text":"\\ud800"}', '{"text":"cut']


def row(chance: random.Random) -> str:
    if chance.random() < 0.05:
        return chance.choice(BAD)
    said = chance.choice([" ", ""]).join(chance.choice(PIECES) for _ in range(chance.randrange(1, 12)))
    ascii_only, spaces = chance.random() < 0.5, chance.choice([(",", ":"), (", ", ": "), (" ,", " : ")])
    if chance.random() < 0.5:
        return json.dumps({"id": chance.random(), "text": said}, ensure_ascii=ascii_only, separators=spaces)
    messages = [{"role": "user", "content": said}, {"role": "assistant", "content": chance.choice(PIECES)}]
    return json.dumps({"messages": messages, "n": 1e300}, ensure_ascii=ascii_only, separators=spaces)


def bad_rows(said: str) -> int:
    return sum(int(count) for count in re.findall(r"rows: .* unscannable, (\d+) bad", said))


def on_spark(folder: pathlib.Path, output: str, mode: str, policy: str) -> subprocess.CompletedProcess:
    arguments = ["data.jsonl", output, "--policy", policy, "--mode", mode, "--tidegate", TIDEGATE, "--master", "local[2]"]
    # Spark asks the name of the machine for an address of its own; a test needs none but this one.
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    return subprocess.run([sys.executable, EXAMPLE, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def main() -> None:
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "p.yaml").write_text(POLICY, encoding="utf-8")
        lines = [row(chance) for _ in range(ROWS)]
        (folder / "data.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        with open(folder / "data.jsonl", "rb") as data:
            command = [TIDEGATE, "scan", "-p", "p.yaml", "--mode", "keep", "-"]
            one = subprocess.run(command, cwd=folder, stdin=data, capture_output=True, check=True)
        done = on_spark(folder, "kept", "keep", "p.yaml")
        assert done.returncode == 0, done.stderr[-4000:]
        parts = sorted((folder / "kept").glob("part-*"))
        written = b"".join(part.read_bytes() for part in parts)
        assert len(parts) >= 2 and written == one.stdout, (len(parts), len(written), len(one.stdout))
        counted, wanted = bad_rows(done.stderr), bad_rows(one.stderr.decode())
        assert counted == wanted > 0, (counted, wanted)
        kept = written.count(b"\n")
        assert 0 < kept < ROWS
        # A scan that fails must never look like a partition without rows.
        failed = on_spark(folder, "failed", "keep", "missing.yaml")
        assert failed.returncode != 0 and not (folder / "failed" / "_SUCCESS").exists()
    print(f"spark: {ROWS} rows through {len(parts)} processes are what one process writes (SCAN_SEED={SEED})")


if __name__ == "__main__":
    main()
