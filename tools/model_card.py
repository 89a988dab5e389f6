#!/usr/bin/env python3
"""Writes the figures of a training into the card of its model.

    tidegate train DATA... --recipe RECIPE --output MODEL --report report.json
    tidegate eval --model MODEL --format json > balanced.json
    tidegate eval --model MODEL --preset low --format json > low.json
    tools/model_card.py report.json RECIPE CARD balanced.json low.json

Replaces what stands between `<!-- NAME -->` and `<!-- end -->` in the card; the rest is written by people.
Needs Python 3.9 or later, and nothing else.
"""

import hashlib
import json
import math
import re
import sys
from pathlib import Path


def share(value):
    return "–" if value is None else f"{value:.3f}"


def percent(value):
    return f"{100 * value:.2f} %"


def sure(value, interval):
    """A figure with the values between which it lies."""
    return share(value) if value is None or not interval else f"{value:.3f} ({interval[0]:.2f}–{interval[1]:.2f})"


def wilson(part, rows):
    """A share with its interval of 95 % (Wilson 1927), in percent."""
    z = 1.959963984540054
    scale = 1 + z * z / rows
    centre = (part + z * z / (2 * rows)) / scale
    half = z / scale * math.sqrt(part * (1 - part) / rows + z * z / (4 * rows * rows))
    return f"{percent(part)} ({100 * max(centre - half, 0):.2f}–{100 * (centre + half):.2f})"


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
            rows.append(own + [sure(line[key], line["intervals"].get(key)) for key in keys])
    return table(head, rows)


def evaluation(measured):
    """How well each category is told on texts that somebody else wrote."""
    keys = ["average_precision", "precision", "recall", "f1", "false_alarm_rate"]
    rows = []
    for line in measured["judges"][0]["slices"]:
        counts = line["confusion"]
        positives = counts["true_positives"] + counts["false_negatives"]
        row = [line["category"], line["language"] or "all", str(line["rows"]), str(positives)]
        for key in keys:
            figure = line["figures"][key] or {}
            low, high = figure.get("low"), figure.get("high")
            row.append(sure(figure.get("value"), None if low is None else (low, high)))
        rows.append(row)
    head = ["category", "language", "rows", "positives", "average precision", "P", "R", "F1", "false-alarm rate"]
    return table(head, rows)


def groups(measured, low):
    """Whether groups of people are treated alike: labelled texts about them, and sentences in which only the group changes."""
    judge = measured["judges"][0]
    flips = [(name, file["judges"][0]["counterfactual"]) for name, file in (("`low`", low), ("`balanced`", measured))]
    lines = [f"At {name} {it['flips']} of {it['texts']} verdicts ({percent(it['flip_rate'])}) change with the group." for name, it in flips]
    rows, alike = [], []
    for field in judge["groups"]:
        if field["category"] != "any" or field["field"] not in ("group", "lang"):
            continue
        for group in field["groups"]:
            rates = [group[key] for key in ("selection_rate", "true_positive_rate", "false_positive_rate")]
            told = [sure(it["value"], (it["low"], it["high"])) if it else "–" for it in rates]
            rows.append([field["field"], group["name"] + (" *" if group["small"] else ""), str(group["rows"]), *told])
        apart = [share(field["disparity"][key]) for key in ("disparate_impact", "equalized_odds_difference")]
        alike.append(f"By `{field['field']}`: disparate impact {apart[0]}, equalized odds difference {apart[1]}.")
    named = sorted(flips[1][1]["identities"], key=lambda it: (-it["selected"], it["language"], it["name"]))
    worst = [f"{it['name']} ({it['language']}) {it['selected']}" for it in named[:8]]
    half = named[len(named) // 2]["selected"]
    lines += alike + [f"Flagged of {named[0]['texts']} harmless sentences, most often: {', '.join(worst)}; half of the groups {half} or fewer."]
    head = ["field", "group", "rows", "selection rate", "true positive rate", "false positive rate"]
    return " ".join(lines) + "\n\n" + table(head, rows)


def alarms(report):
    """What is flagged of harmless texts. Of single sources, those with enough rows."""
    rows = []
    for line in report["benign"]:
        whole = line["texts"] in ("everyday", "harmless")
        if whole or (line["category"] == "any" and line["rows"] >= 180):
            own = [line["texts"], line["group"], line["category"], str(line["rows"])]
            told = wilson if line["category"] == "any" else lambda part, _: percent(part)
            rows.append(own + [told(value, line["rows"]) for value in line["flagged"]])
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
    report_path, recipe_path, card_path, balanced_path, low_path = map(Path, sys.argv[1:6])
    report = json.loads(report_path.read_text())
    measured, low = (json.loads(path.read_text()) for path in (balanced_path, low_path))
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
        "evaluation": evaluation(measured),
        "groups": groups(measured, low),
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
