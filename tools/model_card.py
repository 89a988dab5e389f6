#!/usr/bin/env python3
"""Writes the figures of a training into the card of its model.

    tidegate train DATA... --recipe RECIPE --output MODEL --report report.json
    tools/model_card.py report.json RECIPE CARD

Replaces what stands between `<!-- NAME -->` and `<!-- end -->` in the card; the rest is written by people.
Needs Python 3.9 or later, and nothing else.
"""

import hashlib
import json
import re
import sys
from pathlib import Path


def share(value):
    return "–" if value is None else f"{value:.3f}"


def percent(value):
    return f"{100 * value:.2f} %"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def figures(report):
    """How well each category is told, by language."""
    head = ["category", "language", "rows", "positives", "average precision", "ROC AUC", "cross-entropy"]
    head += ["P", "R", "F1", "R at `strict`"]
    keys = ["average_precision", "roc_auc", "cross_entropy", "precision", "recall", "f1", "recall_strict"]
    rows = []
    for line in report["categories"]:
        if line["language"] in ("all", "en", "zh") or line["positives"] > 3:
            own = [line["category"], line["language"], str(line["rows"]), str(line["positives"])]
            rows.append(own + [share(line[key]) for key in keys])
    return table(head, rows)


def alarms(report):
    """What is flagged of harmless texts. Of single sources, those with enough rows."""
    rows = []
    for line in report["benign"]:
        whole = line["texts"] in ("everyday", "harmless")
        if whole or (line["category"] == "any" and line["rows"] >= 180):
            own = [line["texts"], line["group"], line["category"], str(line["rows"])]
            rows.append(own + [percent(value) for value in line["flagged"]])
    return table(["texts", "group", "category", "rows", "`low`", "`balanced`", "`strict`"], rows)


def sources(header, card):
    """The sources of the model, with what the card says of each; the order is that of their names."""
    known = dict(re.findall(r"^\| (\w+) \| \d+ \| (.*) \|$", card, re.M))
    ours = "own work, as the project | [texts.md](texts.md)"
    missing = [s["name"] for s in header["card"]["sources"] if s["name"] not in known and not s["name"].startswith("tidegate")]
    if missing:
        sys.exit(f"the card says nothing of {', '.join(missing)}: add `| NAME | 0 | LICENCE | FROM |` to its sources")
    rows = [[s["name"], str(s["rows"]), *known.get(s["name"], ours).split(" | ")] for s in header["card"]["sources"]]
    total = sum(s["rows"] for s in header["card"]["sources"])
    note = "Texts of these sources are not part of the project, but for those of ours; weights are what was made from them."
    return f"{total} rows. {note}\n\n" + table(["source", "rows", "licence", "from"], rows)


def main():
    report_path, recipe_path, card_path = map(Path, sys.argv[1:4])
    report = json.loads(report_path.read_text())
    card = card_path.read_text()
    model = card_path.with_suffix(".tgm").read_bytes()
    length = int.from_bytes(model[12:16], "little")
    header = json.loads(model[16 : 16 + length])
    train, tune, last = report["rows"]
    parts = {
        "model": f"`{card_path.stem}.tgm`, revision `{report['revision']}`: {report['bytes']} bytes, {report['buckets']} buckets with weights.",
        "rows": f"Rows: {train} trained, {tune} set calibration and thresholds, {last} report.",
        "figures": figures(report),
        "alarms": alarms(report),
        "sources": sources(header, card),
        "recipe": f"Seed {header['card']['seed']}; SHA-256 of the recipe `{hashlib.sha256(recipe_path.read_bytes()).hexdigest()}`.",
    }
    for name, text in parts.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- end -->)", re.S)
        card, count = pattern.subn(lambda found: found[1] + text + found[2], card)
        if count != 1:
            sys.exit(f"{card_path} has no part `<!-- {name} -->`")
    card_path.write_text(card)


if __name__ == "__main__":
    main()
