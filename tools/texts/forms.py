"""Forms of words that slots ask for, and the small repairs of English grammar."""

import re

VOWELS = "aeiou"
DOUBLED = set(
    "get set put cut hit run stop plan shop chop dig rob stab shut let rip grab spot swim begin trim wrap drop drag drug hug "
    "knit jog kidnap rig scam spam snap strip slap whip tap tip pop map skip slip swap win spin ban bug tag log submit admit commit "
    "forget refer transfer blur split quit sit pin beg mug plot trap con bet format program rap rub shred slit".split()
)
DOUBLED -= {"format", "shred"}
SPECIAL = {"die": "dying", "lie": "lying", "tie": "tying", "be": "being", "see": "seeing", "flee": "fleeing", "dye": "dyeing"}


def gerund(verb):
    """The -ing form of one English verb."""
    if verb in SPECIAL:
        return SPECIAL[verb]
    if verb in DOUBLED:
        return verb + verb[-1] + "ing"
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    return verb + "ing"


def ing(phrase):
    """A verb phrase as a gerund phrase: "make tea and serve it" -> "making tea and serve it"."""
    verb, space, rest = phrase.partition(" ")
    return gerund(verb) + space + rest


def cap(text):
    return text[:1].upper() + text[1:]


FORMS = {"ing": ing, "cap": cap, "low": str.lower, "up": str.upper}

AN = re.compile(r"\b([Aa])(n?) (?=([A-Za-z]+))")
NO_AN = re.compile(r"(uni(?!n)|use|usu|eu|one\b|once|u\b|uk\b|usb|utili|ufo)", re.I)
ALSO_AN = re.compile(r"(hour|honest|heir|html\b|http|llm\b|sql\b|ssh\b|rss\b|mri\b|nft\b|npc\b|xml\b|nsfw\b|fps\b)", re.I)


def articles(text):
    """ "a apple" -> "an apple"."""

    def mend(match):
        word = match[3]
        vowel = word[0].lower() in VOWELS and not NO_AN.match(word) or bool(ALSO_AN.match(word))
        return match[1] + ("n " if vowel else " ")

    return AN.sub(mend, text)
