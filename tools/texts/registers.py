"""Registers: one text as people write it in a chat, in a search box, in a letter.

The register is drawn with no regard to what the text says, so that capitals, marks and slips never tell a class.
"""

import re

from forms import articles

SENTENCE = re.compile(r"(^|[.!?]\s+|\n\s*)([a-z])")
I_ALONE = re.compile(r"\bi\b(?=[ ,.!?;:']|$)")
SPACES = re.compile(r"[ \t]{2,}")
BEFORE_MARK = re.compile(r" +([,.!?;:])(?=\s|$)")
KEYS = {"a": "s", "s": "d", "e": "r", "r": "t", "t": "y", "i": "o", "o": "p", "n": "m", "l": "k", "h": "j", "u": "i", "c": "v"}
CHAT = [
    (re.compile(pattern, re.I), short)
    for pattern, short in [
        (r"\byou\b", "u"), (r"\byour\b", "ur"), (r"\bare\b", "r"), (r"\bplease\b", "pls"), (r"\bpeople\b", "ppl"),
        (r"\bbecause\b", "cuz"), (r"\bthanks\b", "thx"), (r"\bto be honest\b", "tbh"), (r"\bgoing to\b", "gonna"),
        (r"\bwant to\b", "wanna"), (r"\bi don't know\b", "idk"), (r"\btonight\b", "2nite"), (r"\bthough\b", "tho"),
        (r"\bwith\b", "w/"), (r"\bsomething\b", "smth"), (r"\bsomeone\b", "some1"), (r"\bfor\b", "4"), (r"n't\b", "nt"),
    ]
]  # fmt: skip
TAILS = ["lol", "haha", "smh", "tbh", "pls", "thx", "...", "!!", "??", "ngl", "fr"]


def proper(text):
    """Capitals where a sentence starts and for I."""
    return SENTENCE.sub(lambda match: match[1] + match[2].upper(), I_ALONE.sub("I", text))


def slips(text, rng):
    """One to three slips of the fingers."""
    letters = list(text)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(max(len(letters) - 1, 1))
        if not letters[at].isalpha():
            continue
        how = rng.random()
        if how < 0.3 and at + 1 < len(letters) and letters[at + 1].isalpha():
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        elif how < 0.55:
            letters[at] = ""
        elif how < 0.75:
            letters[at] *= 2
        else:
            letters[at] = KEYS.get(letters[at], letters[at])
    return "".join(letters)


def english(text, rng, written=False):
    """English in a register; `written` texts (answers, articles, letters) keep to the rules of spelling."""
    text = BEFORE_MARK.sub(r"\1", SPACES.sub(" ", articles(text))).strip()
    how = rng.random()
    if written or how < 0.52:
        return proper(text)
    if how < 0.74:
        return text.lower() if rng.random() < 0.7 else text
    if how < 0.82:
        return text.lower().rstrip(".!?")
    if how < 0.86:
        return re.sub(r"[,.!?;:']", "", text.lower())
    if how < 0.91:
        return slips(proper(text) if rng.random() < 0.5 else text.lower(), rng)
    if how < 0.95:
        for pattern, short in CHAT:
            text = pattern.sub(short, text)
        return text.lower() if rng.random() < 0.6 else f"{text} {rng.choice(TAILS)}"
    if how < 0.97:
        return proper(text).rstrip(".?!") + rng.choice(["!", "!!", "...", "??", " :)", " :(", "."])
    return text.upper() if rng.random() < 0.5 else proper(text) + " " + rng.choice(TAILS)


HALF = str.maketrans("，。！？：；（）", ",.!?:;()")


def chinese(text, rng, traditional, written=False):
    """Chinese in a register: marks full, half, left out or replaced by blanks; a few texts in traditional characters."""
    text = text.strip()
    if rng.random() < 0.05:
        text = text.translate(traditional)
    how = rng.random()
    if written or how < 0.6:
        return text
    if how < 0.75:
        return text.rstrip("。！？")
    if how < 0.85:
        return re.sub(r"[，。；、]\s*", " ", text).strip()
    if how < 0.92:
        return text.translate(HALF)
    if how < 0.96:
        return text.rstrip("。！？") + rng.choice(["啊", "呢", "吧", "呀", "哈哈", "…", "！！", "？？", "~"])
    return re.sub(r"[，。；、！？]", "", text)
