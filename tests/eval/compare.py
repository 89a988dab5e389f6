"""Compares what `tidegate eval` measures with what scikit-learn measures on the same labels and scores."""

import json
import math
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from sklearn import metrics
from sklearn.calibration import calibration_curve

THRESHOLD = 0.5
# Sorts of data: name, rows, how scores are drawn. The first has scores that differ, the second ties, the third only 0
# and 1 as rules give, the fourth hardly any labelled row, the last two only one class.
SORTS = ["different", "ties", "yes-or-no", "rare", "all-labelled", "none-labelled"]


def draw(rng, sort, rows):
    """Labels and scores of one sort."""
    share = {"rare": 0.02, "all-labelled": 1.0, "none-labelled": 0.0}.get(sort, 0.4)
    labels = (rng.random(rows) < share).astype(int)
    if sort == "rare":
        labels[:2] = 1
    scores = 1 / (1 + np.exp(-(rng.normal(size=rows) * 1.5 + labels * 1.2 - 0.6)))
    if sort == "ties":
        scores = np.floor(scores * 10) / 10 + 0.05
    if sort == "yes-or-no":
        scores = (scores > 0.5).astype(float)
    return labels, scores


def recall_at(labels, scores, limit):
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    return tpr[fpr <= limit].max()


def calibration_error(labels, scores):
    share, mean = calibration_curve(labels, scores, n_bins=10, strategy="uniform")
    counts = np.bincount(np.minimum((scores * 10).astype(int), 9), minlength=10)
    counts = counts[counts > 0]
    return float((counts * np.abs(share - mean)).sum() / len(labels))


def expected(labels, scores):
    """Every figure, `None` where scikit-learn has none or makes one up."""
    selected = (scores >= THRESHOLD).astype(int)
    both = 0 < labels.sum() < len(labels)
    some = labels.sum() > 0
    found = {
        "precision": metrics.precision_score(labels, selected) if selected.sum() else None,
        "recall": metrics.recall_score(labels, selected) if some else None,
        "f1": metrics.f1_score(labels, selected) if some or selected.sum() else None,
        "false_alarm_rate": float(selected[labels == 0].mean()) if (labels == 0).any() else None,
        "roc_auc": metrics.roc_auc_score(labels, scores) if both else None,
        "average_precision": metrics.average_precision_score(labels, scores) if some else None,
        "cross_entropy": metrics.log_loss(labels, scores, labels=[0, 1]),
        "brier": float(np.mean((scores - labels) ** 2)) if not both else metrics.brier_score_loss(labels, scores),
        "calibration_error": calibration_error(labels, scores),
    }
    for limit in [0.002, 0.01, 0.05]:
        found[f"recall_at_fpr_{limit}"] = recall_at(labels, scores, limit) if both else None
    return found


def evaluate(rows, *flags):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
        file.flush()
        command = [os.environ["TIDEGATE_BIN"], "eval", file.name, "--score", "score", "--no-identities", "--format", "json"]
        run = subprocess.run([*command, *flags], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"exit code {run.returncode}: {run.stderr}")
    return json.loads(run.stdout)


def rows_of(sort, labels, scores):
    pairs = zip(labels.tolist(), scores.tolist())
    return [{"text": "", "label": label, "score": score, "lang": sort} for label, score in pairs]


def close(ours, theirs):
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)


def compare_figures(rng):
    """All figures of all sorts; the number of those that agree, and complaints."""
    agreed, wrong = 0, []
    for rows in [40, 1000]:
        data = {sort: draw(rng, sort, rows) for sort in SORTS}
        every = [row for sort, drawn in data.items() for row in rows_of(sort, *drawn)]
        report = evaluate(every, "--bootstrap", "0")
        slices = {slice["language"]: slice for slice in report["judges"][0]["slices"] if slice["category"] == "any"}
        data[None] = tuple(np.concatenate(part) for part in zip(*data.values()))
        for sort, (labels, scores) in data.items():
            ours = slices[sort]
            (tn, fp), (fn, tp) = metrics.confusion_matrix(labels, scores >= THRESHOLD, labels=[0, 1])
            counts = {"true_positives": tp, "false_positives": fp, "false_negatives": fn, "true_negatives": tn}
            if ours["confusion"] != counts:
                wrong.append(f"{sort}, {rows} rows: {ours['confusion']} is not {counts}")
            figures = expected(labels, scores)
            if set(figures) != set(ours["figures"]):
                wrong.append(f"other figures: {set(figures) ^ set(ours['figures'])}")
            for name, theirs in figures.items():
                value = ours["figures"].get(name, {}).get("value")
                if close(value, theirs):
                    agreed += 1
                else:
                    wrong.append(f"{sort}, {rows} rows: {name} is {value}, and {theirs} by scikit-learn")
    return agreed, wrong


def compare_intervals(rng):
    """Our bootstrap against one of numpy's draws: other draws, so that they agree but roughly."""
    labels, scores = draw(rng, "different", 1000)
    report = evaluate(rows_of("x", labels, scores), "--bootstrap", "2000")
    figures = report["judges"][0]["slices"][0]["figures"]
    drawn = [rng.integers(0, len(labels), len(labels)) for _ in range(2000)]
    theirs = {
        "roc_auc": [metrics.roc_auc_score(labels[rows], scores[rows]) for rows in drawn],
        "brier": [np.mean((scores[rows] - labels[rows]) ** 2) for rows in drawn],
    }
    agreed, wrong = 0, []
    for name, values in theirs.items():
        for end, part in [("low", 2.5), ("high", 97.5)]:
            value = np.percentile(values, part)
            # A tenth of the width of the interval: some five standard errors of its ends.
            width = np.percentile(values, 97.5) - np.percentile(values, 2.5)
            if abs(figures[name][end] - value) < width / 10:
                agreed += 1
            else:
                wrong.append(f"interval of {name}: {end} is {figures[name][end]}, and {value} by numpy")
    return agreed, wrong


def main():
    warnings.simplefilter("ignore")
    seed = int(os.environ.get("EVAL_SEED", "1"))
    rng = np.random.default_rng(seed)
    results = [compare_figures(rng), compare_intervals(rng)]
    wrong = [complaint for _, found in results for complaint in found]
    for complaint in wrong:
        print(complaint)
    print(f"eval against scikit-learn, seed {seed}: {sum(agreed for agreed, _ in results)} agree, {len(wrong)} do not")
    sys.exit(bool(wrong))


main()
