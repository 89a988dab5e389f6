#!/usr/bin/env python3
"""Write benign lines in English and Chinese: text that no policy should flag.

    python3 tools/benign_corpus.py            writes config/tests/corpora/benign.{en,zh}.jsonl and config/everyday.txt
    python3 tools/benign_corpus.py --check    tells whether the files are those that this script writes

The lines come from tools/benign/{en,zh}.txt: some are written one by one, most are templates with slots. The seed is
fixed, so the files can be made again to the byte. Nothing in them is about a real person.
"""

import json
import random
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "tools" / "benign"
CORPORA = ROOT / "config" / "tests" / "corpora"
EVERYDAY = ROOT / "config" / "everyday.txt"

SEED = 20261101
CORPUS_LINES = 800  # a language, hand-written lines included
EVERYDAY_LINES = 2500  # a language
SLOT = re.compile(r"\{([^{}]+)\}")


def read(language):
    """The slots, the templates and the hand-written lines of a language."""
    slots, templates, written = {}, [], []
    for line in (SOURCES / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("# ") and not SLOT.search(line):
            continue
        if line.startswith("= "):
            name, values = line[2:].split(":", 1)
            slots[name.strip()] = [value.strip() for value in values.split(" | ")]
        elif any(name in slots for name in SLOT.findall(line)):
            templates.append(line)
        else:
            written.append(line)
    return slots, templates, written


def fill(template, slots, rng):
    """One line of a template; a slot that comes twice gets two different values where it has them."""
    used = {}

    def value(match):
        name = match.group(1)
        left = [one for one in slots[name] if one not in used.get(name, [])] or slots[name]
        one = rng.choice(left)
        used.setdefault(name, []).append(one)
        return one

    return SLOT.sub(value, template)


def generated(slots, templates, rng, count, known):
    """`count` new lines, the templates in turn, so that none prevails."""
    lines, tries = [], 0
    while len(lines) < count:
        order = templates[:]
        rng.shuffle(order)
        for template in order:
            line = fill(template, slots, rng)
            tries += 1
            if line not in known and len(lines) < count:
                known.add(line)
                lines.append(line)
        if tries > 50 * count:
            sys.exit(f"the templates give only {len(lines)} of {count} lines")
    return lines


def files():
    """Every file with its content."""
    made, everyday = {}, []
    for language in ("en", "zh"):
        rng = random.Random(f"{SEED} {language}")
        slots, templates, written = read(language)
        known = set(written)
        corpus = written + generated(slots, templates, rng, CORPUS_LINES - len(written), known)
        rows = [json.dumps({"text": text, "label": "benign"}, ensure_ascii=False) for text in corpus]
        made[CORPORA / f"benign.{language}.jsonl"] = "\n".join(rows) + "\n"
        lines = written + generated(slots, templates, rng, EVERYDAY_LINES - len(written), set(written))
        rng.shuffle(lines)
        everyday += lines
    header = "# Everyday lines, half English, half Chinese; written by tools/benign_corpus.py.\n"
    # A line that begins like a comment would not be read.
    made[EVERYDAY] = header + "".join(f"{line.removeprefix('# ')}\n" for line in everyday)
    return made


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    stale = 0
    for path, content in files().items():
        if not sys.argv[1:]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != content:
            print(f"{path.relative_to(ROOT)} is not what tools/benign_corpus.py writes", file=sys.stderr)
            stale += 1
    sys.exit(1 if stale else 0)


main()
