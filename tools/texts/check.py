#!/usr/bin/env python3
"""Print what to look at after a change of the training texts.

    python3 tools/texts/check.py config/models/texts.jsonl.gz             telling words, lengths, roles
    python3 tools/texts/check.py config/models/texts.jsonl.gz --samples 5  also random rows of each source

A word that stands far more often in one class than its meaning explains is an artefact of a frame: give the other class
the same frame.
"""

import argparse
import gzip
import json
import math
import random
import re
from collections import Counter, defaultdict

RARE = 25  # rows; words in fewer tell chance, not habit
TOP = 60


def features(row):
    """The words of an English text, the pairs of characters of a Chinese one."""
    text = row["text"].lower()
    if row["lang"] == "en":
        return set(re.findall(r"\w+|[^\w\s]", text))
    return {text[at : at + 2] for at in range(len(text) - 1)}


def telling(rows, category):
    """Features by log-odds of the category against all harmless rows, weighted by how often they stand there."""
    inside, outside, harmful, harmless = Counter(), Counter(), 0, 0
    for row in rows:
        if row["labels"][category] == 1:
            inside.update(features(row))
            harmful += 1
        elif row["labels"]["any"] == 0:
            outside.update(features(row))
            harmless += 1

    def odds(word):
        return math.log((inside[word] + 0.5) / (harmful + 1)) - math.log((outside[word] + 0.5) / (harmless + 1))

    ranked = [(odds(word) * math.sqrt(count), word) for word, count in inside.items() if count >= RARE]
    return [word for _, word in sorted(ranked, reverse=True)[:TOP]]


def lengths(rows, value):
    """Tenth, half, nine tenths and the longest of the characters of a class."""
    sizes = sorted(len(row["text"]) for row in rows if row["labels"]["any"] == value)
    return [sizes[int(share * (len(sizes) - 1))] for share in (0.1, 0.5, 0.9, 1.0)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--samples", type=int, default=0)
    wanted = parser.parse_args()
    with gzip.open(wanted.file, "rt", encoding="utf-8") as file:
        every = [json.loads(line) for line in file]
    for lang in ("en", "zh"):
        rows = [row for row in every if row["lang"] == lang]
        print(f"\n{lang}: characters, harmless {lengths(rows, 0)}, harmful {lengths(rows, 1)}")
        for category in ("hate", "harassment", "sexual", "violence", "self_harm", "illicit", "jailbreak"):
            print(f"{lang} {category}: {' '.join(telling(rows, category))}")
    if wanted.samples:
        by_source = defaultdict(list)
        for row in every:
            by_source[row["source"], row["lang"], row["role"]].append(row["text"])
        for name, found in sorted(by_source.items()):
            print("\n" + " ".join(name))
            for text in random.sample(found, min(wanted.samples, len(found))):
                print("   ", repr(text))


if __name__ == "__main__":
    main()
