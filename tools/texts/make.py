#!/usr/bin/env python3
"""Write the training texts of the built-in classifier.

    python3 tools/texts/make.py -o config/models/texts.jsonl.gz --seed 1
    python3 tools/texts/make.py -o texts.jsonl                   the same, not packed
    python3 tools/texts/make.py -o texts.jsonl --table FILE      also the tables of counts (Markdown)

The same seed gives the same rows, byte for byte. Word banks and frames are in banks/, one module for each kind of rows
in kinds/. config/models/texts.md tells what the rows are.
"""

import argparse
import gzip
import io
import json
import random
import re
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import grammar
import registers
from kinds import PLANS

HERE = Path(__file__).resolve().parent
LONGEST = 4000  # characters in a text
TRIES = 12  # texts grown for each row wanted before a plan is given up as too poor

# What a row labelled sexual may not contain, whatever the bank says: people under age, school, family.
YOUNG = re.compile(
    r"\b(child\w*|kids?|sons?|daughters?|school\w*|class\w*|students?|pupils?|teen\w*|young\w*|girls?|boys?|bab(?:y|ies)|minors?|"
    r"niece|nephew|little|toddler|teachers?|coach|step\w+|mothers?|fathers?|mom|dad|grand\w+|brothers?|sisters?|famil\w+|"
    r"siblings?|cousins?|uncle|aunt|five|ten|tiny|playground|garden)\b"
    r"|孩|童|儿子|女儿|兒|学|學|幼|少女|少年|未成年|小姑娘|宝贝|小红|小明|小美|老师|妈|爸|爷|奶奶|哥|姐|弟|妹|叔|校|班",
    re.IGNORECASE,
)


def tables(lang):
    """Tables of identity groups: name -> list of {column: value}, from banks/<lang>/*.tsv."""
    made = {}
    for path in sorted((HERE / "banks" / lang).glob("*.tsv")):
        head, *lines = (line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("# "))
        columns = [one.strip() for one in head.split("|")]
        made[path.stem] = [dict(zip(columns, (one.strip() for one in line.split("|")), strict=True)) for line in lines]
    return made


def traditional():
    """The table from simplified to traditional characters: pairs in banks/zh/traditional.map."""
    pairs = (HERE / "banks" / "zh" / "traditional.map").read_text(encoding="utf-8").split()
    return str.maketrans({pair[0]: pair[1] for pair in pairs})


def key(text):
    """Two texts with the same key are the same text."""
    return re.sub(r"\s+", " ", text.lower()).strip(" .,!?;:。，！？…~")


def dealt(table, balanced, rng):
    """The lines of a table of groups in a new order, each once, or as often as its share says."""
    deck = [record for record in table for _ in range(int(record["share"]) if balanced else 1)]
    return rng.sample(deck, len(deck))


def texts(plan, world, seed):
    """The texts of a plan with their group, without end."""
    banks, groups, table = world[plan.lang]
    rng = random.Random(f"{seed} {plan.kind} {plan.lang} {plan.start}")
    grower = grammar.Grower(banks, rng)
    deck = []
    while True:
        bound, group = dict(plan.bind), None
        if plan.groups:
            deck = deck or dealt(groups[plan.groups], plan.balanced, rng)
            record = deck.pop()
            group = record["group"]
            bound.update((f"G.{column}", (value,)) for column, value in record.items())
        text = grower.grow(plan.start, bound)
        if plan.register != "raw":
            written = plan.register == "written"
            text = registers.english(text, rng, written) if plan.lang == "en" else registers.chinese(text, rng, table, written)
        yield text, group


def rows(plan, world, seed, known):
    """The rows of a plan; a text that is there already, in any plan, is not written again."""
    made, tries = [], 0
    for text, group in texts(plan, world, seed):
        if len(made) == plan.count:
            return made
        tries += 1
        if tries > TRIES * plan.count:
            sys.exit(f"{plan.kind} {plan.lang} {plan.start}: only {len(made)} of {plan.count} different texts")
        mark = key(text)
        if mark in known or not 2 <= len(mark) <= LONGEST or "sexual" in plan.yes and YOUNG.search(text):
            continue
        known.add(mark)
        row = {"text": text, "lang": plan.lang, "source": f"tidegate_{plan.kind}", "role": plan.role, "labels": plan.labels()}
        made.append(row | {"group": group} if group else row)
    return made


def everything(seed):
    """All rows, in the order of the plans. They have no ids: those would be a tenth of the packed file."""
    table = traditional()
    world = {lang: (grammar.read(HERE / "banks" / lang), tables(lang), table) for lang in ("en", "zh")}
    known, made = set(), []
    for plan in PLANS:
        made += rows(plan, world, seed, known)
    return made


def packed(rows_, path):
    """The rows as the bytes of a file; gzip without name and time where the path ends in .gz."""
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows_).encode()
    if path.suffix != ".gz":
        return text
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, compresslevel=9, mtime=0) as file:
        file.write(text)
    return buffer.getvalue()


def summary(rows_):
    """The tables of counts that the card shows: rows by source, and labels by category."""
    sources, labels = Counter(), Counter()
    for row in rows_:
        sources[row["source"], row["lang"], row["role"]] += 1
        labels.update((name, row["lang"], value) for name, value in row["labels"].items())
    columns = [(lang, role) for lang in ("en", "zh") for role in ("prompt", "completion")]
    lines = ["| source | en prompts | en completions | zh prompts | zh completions |", "|---|---|---|---|---|"]
    for source in sorted({name for name, _, _ in sources}):
        lines.append(f"| {source} | " + " | ".join(str(sources[source, *column]) for column in columns) + " |")
    lines += ["", "| category | en 1 | en 0 | en null | zh 1 | zh 0 | zh null |", "|---|---|---|---|---|---|---|"]
    for name in rows_[0]["labels"]:
        counts = (labels[name, lang, value] for lang in ("en", "zh") for value in (1, 0, None))
        lines.append(f"| {name} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--table", type=Path)
    wanted = parser.parse_args()
    try:
        made = everything(wanted.seed)
    except grammar.Mistake as mistake:
        sys.exit(str(mistake))
    wanted.output.write_bytes(packed(made, wanted.output))
    if wanted.table:
        wanted.table.write_text(summary(made), encoding="utf-8")
    print(f"{len(made)} rows in {wanted.output}")


if __name__ == "__main__":
    main()
