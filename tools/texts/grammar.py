"""Banks of words and frames, and how a text is grown from them.

A bank file is plain text:

    # a comment
    [name]                      starts a bank
    a line with a {slot}        one entry; the slot is filled from the bank of that name
    3* a line                   an entry that counts three times
    | one | two | three         a line that begins with a bar lists short entries
    (one|two|)                  a choice inside an entry; the empty choice leaves it out
    {frame X=bank}              fills from `frame`, where {X} then stands for an entry of `bank`
    {task:ing}                  the entry with its first verb as a gerund
    {#2-9}                      a number
    \\n \\t \\\\                    a line break, a tab, a backslash

The entries of a bank are dealt like a pack of cards, so that each comes up before any comes up again.
"""

import re

from forms import FORMS

DEEPEST = 24  # slots within slots; more is a bank that names itself


class Mistake(Exception):
    """A bank file says something that cannot be grown."""


SLOT = re.compile(r"\{(#\d+-\d+|[A-Za-z_][\w.]*)(:[a-z]+)?((?: [A-Z]\w*=[\w.]+)*)\}")
HEAD = re.compile(r"\[([a-z_][\w.]*)\]\s*$")
ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}
TIMES = re.compile(r"(\d+)\* ")


def parse(text):
    """An entry as a list of parts: text, ("slot", name, form, bindings) or ("choice", entries)."""
    parts, at, plain = [], 0, []

    def flush():
        if plain:
            parts.append("".join(plain))
            plain.clear()

    while at < len(text):
        if text[at] == "{" and (slot := SLOT.match(text, at)):
            flush()
            bound = tuple(tuple(one.split("=")) for one in slot[3].split())
            parts.append(("slot", slot[1], (slot[2] or "")[1:], bound))
            at = slot.end()
        elif text[at] == "(" and (options := choices(text, at)):
            flush()
            parts.append(("choice", [parse(one) for one in options[0]]))
            at = options[1]
        elif text[at : at + 2] in ESCAPES:
            plain.append(ESCAPES[text[at : at + 2]])
            at += 2
        else:
            plain.append(text[at])
            at += 1
    flush()
    return parts


def choices(text, start):
    """The options of the parenthesis at `start` and where it ends; None if it holds no bar of its own."""
    depth, begin, options, at = 0, start + 1, [], start
    while at < len(text):
        if text[at] == "(":
            depth += 1
        elif text[at] == ")":
            depth -= 1
            if depth == 0:
                options.append(text[begin:at])
                return (options, at + 1) if len(options) > 1 else None
        elif text[at] == "|" and depth == 1:
            options.append(text[begin:at])
            begin = at + 1
        at += 1
    return None


def read(folder):
    """The banks of every file of a folder: name -> entries."""
    banks = {}
    for path in sorted(folder.glob("*.txt")):
        name = None
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            where = f"{path.name}:{number}"
            if not line.strip() or line.startswith("# "):
                continue
            if head := HEAD.match(line):
                name = head[1]
                if name in banks:
                    raise Mistake(f"{where}: the bank {name} stands twice")
                banks[name] = []
            elif name is None:
                raise Mistake(f"{where}: an entry before the first bank")
            elif line.startswith("| "):
                banks[name] += [parse(one.strip()) for one in line[2:].split(" | ")]
            else:
                times = TIMES.match(line)
                entry = parse(line[times.end() :] if times else line)
                banks[name] += [entry] * (int(times[1]) if times else 1)
    verify(banks)
    return banks


def slots(parts):
    """The slots of an entry, with those inside choices."""
    for part in parts:
        if part[0] == "slot":
            yield part
        elif part[0] == "choice":
            for option in part[1]:
                yield from slots(option)


def verify(banks):
    """Every slot names a bank, a number, or something bound (a capital letter first)."""
    for name, entries in banks.items():
        if not entries:
            raise Mistake(f"the bank {name} is empty")
        for part in (part for entry in entries for part in slots(entry)):
            for wanted in (part[1], *(value for _, value in part[3])):
                if wanted not in banks and not re.match(r"#\d|[A-Z]$|G\.\w+$", wanted):
                    raise Mistake(f"[{name}] has a slot {{{wanted}}}, which no bank fills")
            if part[2] not in FORMS and part[2]:
                raise Mistake(f"[{name}] asks for the form {part[2]!r}, which is none")


class Grower:
    """Grows texts from banks with one source of chance."""

    def __init__(self, banks, rng):
        self.banks, self.rng, self.decks = banks, rng, {}

    def deal(self, name):
        """The next entry of a bank."""
        deck = self.decks.get(name)
        if not deck:
            if name not in self.banks:
                raise Mistake(f"no bank is called {name}")
            deck = self.banks[name][:]
            self.rng.shuffle(deck)
            self.decks[name] = deck
        return deck.pop()

    def grow(self, name, bound=None, depth=0):
        """A text from an entry of the bank `name`; `bound` gives slots another bank or a fixed text."""
        if depth > DEEPEST:
            raise Mistake(f"the bank {name} goes too deep")
        return self.fill(self.deal(name), bound or {}, depth)

    def fill(self, parts, bound, depth):
        made = []
        for part in parts:
            if isinstance(part, str):
                made.append(part)
            elif part[0] == "choice":
                made.append(self.fill(self.rng.choice(part[1]), bound, depth))
            else:
                made.append(self.slot(part, bound, depth))
        return "".join(made)

    def slot(self, part, bound, depth):
        _, name, form, binds = part
        if name[0] == "#":
            low, high = name[1:].split("-")
            return str(self.rng.randint(int(low), int(high)))
        given = bound.get(name)
        if isinstance(given, tuple):
            text = given[0]
        else:
            inner = bound
            if binds:
                inner = dict(bound)
                inner.update((key, bound.get(value, value)) for key, value in binds)
            text = self.grow(given or name, inner, depth + 1)
        return FORMS[form](text) if form else text
