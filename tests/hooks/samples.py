"""What is said to the gate, and what the model behind it answers."""

import json

# What stands before a finding: one to four bytes a character, marks that combine, characters of several code points,
# writing from the right, ends of lines.
BEFORE = {
    "ascii": "Please write to ",
    "latin": "Écrivez à l’été, ça ira: ",
    "chinese": "请在今天下午之前联系我们，谢谢： ",
    "wide": "ＡＢＣ　１２３ ",
    "emoji": "😀👍🏽👨‍👩‍👧‍👦🇨🇳 ",
    "combining": "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢ e\u0301 ",
    "arabic": "اكتب إلى العنوان التالي: ",
    "lines": "erste Zeile\r\nzweite Zeile – Größe\n\t",
    "rare": "𠮷野家 𝒽𝑒𝓁𝓁𝑜 ",
}
PERSONAL = {
    "mail": "alice@example.com",
    "card": "4111 1111 1111 1111",
    "address": "198.51.100.23",
    "mobile": "13812345678",
}
BEHIND = " – danke 谢谢 😀."

# Sentences of less than a block, so that blocks end between them.
FILLER = {
    "en": "The tide comes in twice a day and nobody has ever been able to stop it, so the people of the coast built gates. ",
    "zh": "潮水每天来两次，谁也挡不住，所以海边的人修了闸门，水涨的时候它们自己关上，水退的时候再打开，年年如此。",
}
LETTERS = {
    "en": "".join(f"{FILLER['en']}Number {n} – très bien 😀 – reads mail at user{n}@example.com and pays with 4111 1111 1111 1111 since then. "
                  for n in range(1, 6)),
    "zh": "".join(f"{FILLER['zh']}第{n}位😀客人的手机是 1381234567{n} ，邮件写到 user{n}@example.com 就可以了，谢谢大家的理解与支持。"
                  for n in range(1, 6)),
}
CLEAN = {language: filler * 12 for language, filler in FILLER.items()}
# Eight sentences, then one that the model finds bad, then more.
BAD = {
    "en": f"{FILLER['en'] * 8}And so you are vermin, all of you. {FILLER['en'] * 4}",
    "zh": f"{FILLER['zh'] * 8}你们都坏坏坏，真的很坏。{FILLER['zh'] * 4}",
}
MARK = {"en": "vermin", "zh": "坏"}
LONG = FILLER["en"] * 200


def script():
    """Answers of the model, by prompt."""
    answers = {f"letter {language}": text for language, text in LETTERS.items()}
    answers |= {f"clean {language}": text for language, text in CLEAN.items()}
    answers |= {f"tale {language}": text for language, text in BAD.items()}
    answers |= {f"long {model}": LONG for model in ("toxic", "flowing")}
    return "".join(json.dumps({"when": f"^tell {name}$", "reply": reply}, ensure_ascii=False) + "\n" for name, reply in answers.items())
