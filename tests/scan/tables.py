"""Parquet in and out of `tidegate scan`: files that pyarrow wrote, and what pyarrow reads in what the scan wrote.

Every expectation comes from the same rows as JSON Lines, which the scan reads and writes by other code.
"""

import json
import os
import pathlib
import random
import subprocess
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

POLICY = """version: 1
name: p
rules:
  - { id: insults, category: harassment, words: [idiot, 蠢货], action: review }
  - { id: threats, category: violence, words: [kill you, 杀了你], action: block }
  - { id: names, category: personal-data, words: [falcon, 猎鹰], action: redact }
"""
TEXTS = [
    "a fine day",
    "the falcon flies",
    "falcon, falcon and a fox",
    "you idiot",
    "今天天气很好",
    "猎鹰计划和 falcon",
    "我要杀了你",
    '"quoted" \\ back\u2028slash\n\x01',
    "",
]
TIDEGATE = os.environ["TIDEGATE_BIN"]
SEED = int(os.environ.get("SCAN_SEED", "1"))


def scan(folder: pathlib.Path, *arguments: str, fails: bool = False) -> str:
    done = subprocess.run([TIDEGATE, "scan", "-p", "p.yaml", *arguments], cwd=folder, capture_output=True, text=True)
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr


def chat(chance: random.Random) -> dict:
    """A row with everything that Parquet nests: lists of structs, lists of lists, maps, nulls and empty lists."""

    def message(role: str) -> dict:
        parts = [{"type": "text", "text": chance.choice(TEXTS)} for _ in range(chance.randrange(3))]
        calls = [{"name": "f", "arguments": json.dumps({"to": chance.choice(TEXTS[:3])})} for _ in range(chance.randrange(2))]
        return {"role": role, "content": parts or None, "tool_calls": calls or chance.choice([None, []])}

    return {
        "id": chance.randrange(1 << 40),
        "messages": [message(chance.choice(["user", "assistant"])) for _ in range(chance.randrange(1, 4))],
        "score": chance.choice([None, 0.5, 1e300]),
        "tags": chance.choice([None, [], ["falcon", None, "b"]]),
        "table": chance.choice([None, [], [[1, 2], [], None, [None]]]),
        "extra": chance.choice([None, [], [("idiot", 1), ("k", None)]]),
    }


CHAT = pa.schema(
    [
        ("id", pa.int64()),
        (
            "messages",
            pa.list_(
                pa.struct(
                    [
                        ("role", pa.string()),
                        ("content", pa.list_(pa.struct([("type", pa.string()), ("text", pa.large_string())]))),
                        ("tool_calls", pa.list_(pa.struct([("name", pa.string()), ("arguments", pa.string())]))),
                    ]
                )
            ),
        ),
        ("score", pa.float64()),
        ("tags", pa.list_(pa.dictionary(pa.int32(), pa.string()))),
        ("table", pa.list_(pa.list_(pa.int16()))),
        ("extra", pa.map_(pa.string(), pa.uint8())),
    ]
)


def flat(chance: random.Random, count: int) -> pa.Table:
    """One column of each type that Parquet stores, some of them with nulls, and the text."""
    some = [chance.randrange(1 << 30) for _ in range(count)]
    holes = [None if chance.random() < 0.3 else one for one in some]
    return pa.table(
        {
            "text": pa.array([chance.choice(TEXTS[:8]) for _ in range(count)]),
            "flag": pa.array([one % 2 == 0 for one in some]),
            "small": pa.array([None if one is None else one % 100 for one in holes], pa.int8()),
            "single": pa.array([None if one is None else one / 2 for one in holes], pa.float32()),
            "when": pa.array(some, pa.timestamp("ms", tz="Asia/Shanghai")),
            "price": pa.array([None if one is None else one % 9999 for one in holes]).cast(pa.decimal128(30, 2)),
            "key": pa.array([one.to_bytes(16, "big") for one in some], pa.binary(16)),
            "blob": pa.array([None if one is None else one.to_bytes(5, "little") for one in holes], pa.binary()),
            "half": pa.array([one % 7 for one in some], pa.float16()),
            "nothing": pa.nulls(count),
        },
    )


def as_rows(table: pa.Table) -> list:
    return table.to_pylist()


def without_nulls(value):
    """Parquet cannot tell null from missing; JSON can, so the rows that are compared leave null members out."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def expected(folder: pathlib.Path, rows: list, mode: str) -> list:
    """What the scan makes of the same rows as JSON Lines: for each that is written its number, and itself."""
    lines = [json.dumps({"n": number, **without_nulls(row)}, ensure_ascii=False) for number, row in enumerate(rows)]
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    scan(folder, "rows.jsonl", "--mode", mode, "-o", "expected.jsonl")
    return [json.loads(line) for line in (folder / "expected.jsonl").read_text(encoding="utf-8").split("\n") if line]


def texts_of(row: dict) -> dict:
    return without_nulls({key: row.get(key) for key in ("text", "messages")})


def compare(folder: pathlib.Path, table: pa.Table, texts: list, **how) -> None:
    pq.write_table(table, folder / "in.parquet", **how)
    stored = pq.read_table(folder / "in.parquet")
    rows = as_rows(stored)
    for mode in ["keep", "drop", "redact", "annotate"]:
        wanted = expected(folder, texts, mode)
        scan(folder, "in.parquet", "--mode", mode, "-o", "out.parquet")
        out = pq.read_table(folder / "out.parquet")
        found = as_rows(out)
        assert len(found) == len(wanted), (mode, how, len(found), len(wanted))
        assert 0 < len(found) <= len(rows), (mode, len(found))
        for one, other in zip(found, wanted):
            assert texts_of(one) == texts_of(other), (mode, one, other)
            kept = rows[other["n"]]
            rest = set(kept) - {"text", "messages"}
            assert all(one[key] == kept[key] for key in rest), (mode, one, kept)
            if mode == "annotate":
                note = one["tidegate"]
                assert note.pop("unscannable") is False
                assert note == other["tidegate"], (note, other["tidegate"])
        if mode == "annotate":
            # Done again, the column is replaced.
            scan(folder, "out.parquet", "--mode", "annotate", "-o", "again.parquet")
            assert pq.read_table(folder / "again.parquet").equals(out)
        else:
            assert out.schema.equals(stored.schema, check_metadata=True), (mode, out.schema)
            untouched = stored.take([row["n"] for row in wanted])
            if mode != "redact":
                assert out.equals(untouched), mode
        codecs = pq.ParquetFile(folder / "out.parquet").metadata
        wanted_codecs = pq.ParquetFile(folder / "in.parquet").metadata
        for leaf in range(wanted_codecs.num_columns):
            pair = [it.row_group(0).column(leaf).compression for it in (codecs, wanted_codecs)]
            assert pair[0] == pair[1], pair


def main() -> None:
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "p.yaml").write_text(POLICY, encoding="utf-8")
        ways = [
            {"compression": "snappy"},
            {"compression": "zstd", "row_group_size": 97},
            {"compression": "gzip", "data_page_version": "2.0", "data_page_size": 512},
            {"compression": "lz4", "use_dictionary": False, "version": "1.0"},
            {"compression": "none", "data_page_size": 512, "write_page_index": True},
            {"compression": {"text": "zstd", "flag": "none"}, "column_encoding": {"text": "DELTA_BYTE_ARRAY"}, "use_dictionary": False},
        ]
        for way in ways:
            table = flat(chance, 300)
            compare(folder, table, [{"text": text} for text in table["text"].to_pylist()], **way)
        chats = 0
        for way in ways[:5]:
            rows = [chat(chance) for _ in range(300)]
            # A row without a text is bad in both forms, and left out of both.
            rows = [row for row in rows if any(m["content"] or m["tool_calls"] for m in row["messages"])]
            table = pa.Table.from_pylist(rows, CHAT)
            compare(folder, table, [{"messages": row["messages"]} for row in rows], **way)
            chats += len(rows)

        # Split parts the rows; a second file goes behind the first; nested fields by name.
        table = flat(chance, 200)
        pq.write_table(table.slice(0, 120), folder / "a.parquet")
        pq.write_table(table.slice(120), folder / "b.parquet")
        summary = scan(folder, "a.parquet", "b.parquet", "--mode", "split", "-o", "parts", "--manifest", "m.json")
        kept, dropped = (pq.read_table(folder / "parts" / f"{name}.parquet") for name in ("kept", "dropped"))
        assert kept.num_rows + dropped.num_rows == 200 and kept.num_rows and dropped.num_rows, summary
        outputs = json.loads((folder / "m.json").read_text())["outputs"]
        assert [one["rows"] for one in outputs] == [kept.num_rows, dropped.num_rows], outputs
        deep = pa.table({"a": [{"b": [{"c": "a fox"}, {"c": "my falcon"}]}, {"b": [{"c": "fine"}]}, {"b": []}, None]})
        pq.write_table(deep, folder / "deep.parquet")
        said = scan(folder, "deep.parquet", "--text", "a.b[*].c", "--mode", "redact", "-o", "deep.out.parquet")
        found = pq.read_table(folder / "deep.out.parquet").to_pylist()
        assert found == [{"a": {"b": [{"c": "a fox"}, {"c": "my [NAMES]"}]}}, {"a": {"b": [{"c": "fine"}]}}], found
        assert "deep.parquet:3: `a.b[*].c` is missing" in said and "2 bad" in said, said

        # Bad rows by their numbers; bytes that are no text; what is not read, by name.
        odd = pa.table({"text": pa.array([b"fine", b"\xff\xfe", None, b"falcon"], pa.binary())})
        pq.write_table(odd, folder / "odd.parquet")
        said = scan(folder, "odd.parquet", "-o", "odd.out.parquet")
        assert "odd.parquet:2: `text` is not UTF-8" in said and "odd.parquet:3: its text is empty" in said, said
        assert pq.read_table(folder / "odd.out.parquet")["text"].to_pylist() == [b"fine"]
        assert "odd.parquet:2" in scan(folder, "odd.parquet", "--strict", "-o", "no.parquet", fails=True)
        pq.write_table(odd, folder / "brotli.parquet", compression="brotli")
        assert "`text` is compressed with Brotli" in scan(folder, "brotli.parquet", "-o", "no.parquet", fails=True)
        assert "other columns" in scan(folder, "a.parquet", "odd.parquet", "-o", "no.parquet", fails=True)
        assert not (folder / "no.parquet").exists() and not (folder / "no.parquet.part").exists()

        # Nothing kept is still a table.
        scan(folder, "odd.parquet", "--mode", "keep", "--at-least", "tag", "--text", "text", "-o", "none.parquet")
        pq.read_table(folder / "none.parquet")
    print(f"tables: {6 * 300 + chats} rows in and out of Parquet, as pyarrow and JSON Lines have them (SCAN_SEED={SEED})")


if __name__ == "__main__":
    main()
