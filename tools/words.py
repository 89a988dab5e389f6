#!/usr/bin/env python3
"""Writes src/text/data/words.en.txt: the words by which letters that were pulled apart are told apart.

They are the English words of our own texts (everyday lines, word lists, benign corpora) and those in tools/words.txt,
which would else be taken for two words (`therapist`)."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
LONGEST = 12
SHORT = "a i am an as at be by do go he if in is it me my no of on or so to up us we".split()


def texts():
    yield (ROOT / "config/everyday.txt").read_text()
    yield (ROOT / "tools/words.txt").read_text()
    yield (ROOT / "config/tests/corpora/benign.en.jsonl").read_text()
    yield "\n".join(terms())


def terms():
    for path in sorted((ROOT / "config/lexicons").glob("*.en.txt")):
        lines = path.read_text().splitlines()
        yield from (line.split(" ;")[0] for line in lines if not line.startswith("#"))


# A term that is another one without its blanks (`pipebomb`) is no ordinary word that forbids to look for that.
joined = {term.lower().replace(" ", "") for term in terms() if " " in term}
words = set(SHORT)
for text in texts():
    # Behind an apostrophe, or beside a letter that is not ASCII, stands a part of a word.
    found = re.findall(r"(?<![\w'’*])[a-z]{3,}(?![\w'’*])", text.lower())
    # Of longer words the beginning is enough.
    words.update(word[:LONGEST] for word in found if word not in joined)

path = ROOT / "src/text/data/words.en.txt"
head = "# English words, and beginnings of long ones. Written by tools/words.py; do not edit.\n"
path.write_text(head + "\n".join(sorted(words)) + "\n")
print(len(words), "words")
