"""Bodies that parsers read differently: those that are known, with what the gate says to them, and any number of made-up ones."""

import json
import random

TERM = "grenade"
CHAT = "/v1/chat/completions"
# Path, and a body that asks for a few words about TEXT.
KINDS = {
    CHAT: {"model": "m", "messages": [{"role": "user", "content": "TEXT"}]},
    "/v1/messages": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "TEXT"}]},
    "/api/chat": {"model": "m", "stream": False, "messages": [{"role": "user", "content": "TEXT"}]},
}


def body(text="hi", path=CHAT):
    return json.dumps(KINDS[path]).replace("TEXT", text)


def known():
    """(what, bytes, content type, status, code); status 200 is for what passes as it came."""
    plain, say = body(), f"a {TERM}"
    opened = lambda more: body().replace("{", "{" + more + ",", 1).encode()
    message = lambda more: body().replace('{"role"', "{" + more + ', "role"', 1).encode()
    js = "application/json"
    bad = [
        ("a key twice", opened(f'"messages":[{{"role":"user","content":"{say}"}}]'), "duplicate_key"),
        ("a key twice, once escaped", message(f'"con\\u0074ent":"{say}"'), "duplicate_key"),
        ("a key twice in a part", plain.replace('"hi"', f'[{{"type":"text","text":"hi","te\\u0078t":"{say}"}}]').encode(), "duplicate_key"),
        ("a key twice where nobody looks", opened(f'"x":{{"a":1,"\\u0061":"{say}"}}'), "duplicate_key"),
        ("content in capitals", message(f'"CONTENT":"{say}"'), "ambiguous_key"),
        ("Content", plain.replace('"content": "hi"', f'"Content":"{say}"').encode(), "ambiguous_key"),
        ("messages with a long s", plain.replace("messages", "me\u017f\u017fages").encode(), "ambiguous_key"),
        ("messages with an escaped long s", opened(f'"me\\u017fsages":[{{"role":"user","content":"{say}"}}]'), "ambiguous_key"),
        ("half a pair", body("\\ud83d").encode(), "lone_surrogate"),
        ("the other half", body("\\ude00\\ud83d").encode(), "lone_surrogate"),
        ("half a pair in a key", opened('"\\udc00":1'), "lone_surrogate"),
        ("a control character", body("a\x01b").encode(), "control_character"),
        ("a line feed in a string", body("a\nb").encode(), "control_character"),
        ("a byte order mark", b"\xef\xbb\xbf" + plain.encode(), "byte_order_mark"),
        ("bytes that are no UTF-8", body("\u00ff").encode("latin-1"), "invalid_utf8"),
        ("an overlong slash", body("SLASH").encode().replace(b"SLASH", b"\xc0\xaf"), "invalid_utf8"),
        ("an overlong letter", body("g").encode().replace(b'"g"', b'"\xc1\xa7renade"'), "invalid_utf8"),
        ("surrogates in UTF-8", body("X").encode().replace(b'"X"', b'"\xed\xa0\xbd\xed\xb8\x80"'), "invalid_utf8"),
        ("GBK", body("\u70b8\u5f39").encode("gbk"), "invalid_utf8"),
        ("UTF-16 with a mark", plain.encode("utf-16"), "invalid_utf8"),
        ("UTF-16 without one", plain.encode("utf-16-le"), "invalid_json"),
        ("UTF-16, big end first", body(say).encode("utf-16-be"), "invalid_json"),
        ("UTF-32", body(say).encode("utf-32-le"), "invalid_json"),
        ("NaN", opened('"x":NaN'), "invalid_number"),
        ("Infinity", opened('"x":Infinity'), "invalid_number"),
        ("-Infinity", opened('"x":-Infinity'), "invalid_number"),
        ("a zero in front", opened('"x":01'), "invalid_number"),
        ("a plus", opened('"x":+1'), "invalid_json"),
        ("a full stop", opened('"x":1.'), "invalid_number"),
        ("hexadecimal", opened('"x":0x1'), "invalid_number"),
        ("too deep", opened('"x":' + "[" * 65 + "]" * 65), "too_deep"),
        ("much too deep", opened('"x":' + "[" * 100_000 + "]" * 100_000), "too_deep"),
        ("two documents", (plain + body(say)).encode(), "trailing_bytes"),
        ("two documents on two lines", (plain + "\n" + body(say)).encode(), "trailing_bytes"),
        ("a comma behind", (plain + ",").encode(), "trailing_bytes"),
        ("a zero byte behind", (plain + "\0").encode(), "trailing_bytes"),
        ("a comment behind", (plain + "/* x */").encode(), "trailing_bytes"),
        ("a comment", opened("/* x */\"y\":1"), "invalid_json"),
        ("a comma too many", plain.replace('"hi"}', '"hi",}').encode(), "invalid_json"),
        ("single quotes", plain.replace('"', "'").encode(), "invalid_json"),
        ("a key without quotes", opened("x:1"), "invalid_json"),
        ("an unknown escape", body("\\x67renade").encode(), "invalid_json"),
        ("a list", f'["m",[{{"role":"user","content":"{say}"}}]]'.encode(), "top_level_not_object"),
        ("a form feed between", opened('"x":\f1'), "invalid_json"),
        ("a space of another sort", opened('"x":\u00a01'), "invalid_json"),
    ]
    cases = [(what, sent, js, 400, code) for what, sent, code in bad]
    cases.append(("said to be UTF-16", plain.encode("utf-16"), js + ";charset=utf-16", 415, "unsupported_media_type"))
    for what, sent in [
        ("zero in a text", body("a\\u0000b").encode()),
        ("a pair", body("\\ud83d\\ude00").encode()),
        ("escaped slash", body("a\\/b").encode()),
        ("1e999", opened('"x":1e999')),
        ("2^64+1", opened('"x":18446744073709551617')),
        ("-0 and 1.0", opened('"x":[-0,1.0,1E5]')),
        ("64 deep", opened('"x":' + "[" * 63 + "]" * 63)),
        ("spaces", ("\r\n\t " + plain + " \n").encode()),
        ("__proto__", opened('"__proto__":{"a":1}')),
        ("another key", opened('"K":1,"k":2')),
    ]:
        cases.append((what, sent, js, 200, ""))
    cases.append(("the term", body(say).encode(), js, 400, "content_policy_violation"))
    cases.append(("the term escaped", body("a \\u0067ren\\u0061de").encode(), js, 400, "content_policy_violation"))
    cases.append(("the term in a number's place", opened(f'"x":"{say}"'), js, 400, "content_policy_violation"))
    return cases


def escaped(rng, text):
    return "".join(f"\\u{ord(c):04x}" if rng.random() < 0.3 else c for c in text)


def made_up(seed):
    """A body, its path and its content type, made up by chance from the number of the case."""
    rng = random.Random(seed)
    path = rng.choice(list(KINDS))
    say = rng.choice(["hi there", f"a {TERM} here", f"{TERM}", "mail ada@example.org now", "\u70b8\u5f39", "caf\\u00e9 \\ud83d\\ude00"])
    text = body(escaped(rng, say) if "\\" not in say and rng.random() < 0.5 else say, path)
    other = rng.choice([f'"a {TERM}"', '"x"', "1e400", "-0", "NaN", '"\\ud800"', "[]", '"\\u0000"', "null", f'{{"{TERM}":1}}'])
    keys = ["messages", "content", "role", "x", "model", "prompt", "system", "input", "tools", "__proto__", ""]
    key = rng.choice(keys)
    key = rng.choice([key, key, key.upper(), key.title(), key.replace("s", "\u017f"), key.replace("k", "\u212a"), escaped(rng, key)])
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
        at = rng.choice([i for i, c in enumerate(text) if c == "{"])
        kind = rng.randrange(5)
        if kind == 0:
            text = text[: at + 1] + f'"{key}":{other},' + text[at + 1 :]
        elif kind == 1:
            end = text.rfind("}")
            text = text[:end] + f',"{key}":{other}' + text[end:]
        elif kind == 2:
            text = text + rng.choice([" ", "\n", "\0", ",", "{}", text, "//", "\ufeff"])
        elif kind == 3:
            where = rng.randrange(len(text))
            text = text[:where] + rng.choice(["\0", "\x0b", "\u2028", "\ufeff", "/**/", "\\", '"', " ", "\u00a0", "\\ud83d", "\x7f"]) + text[where:]
        else:
            text = text.replace('"hi there"', f'[{{"type":"text","text":{other}}}]')
    coding = rng.choice(["utf-8"] * 12 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "utf-7"])
    sent = text.encode(coding, errors="replace")
    if rng.random() < 0.1:
        where = rng.randrange(len(sent))
        sent = sent[:where] + rng.choice([b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc3"]) + sent[where:]
    sort = rng.choice(["application/json"] * 9 + [f"application/json; charset={coding}"])
    return path, sent, sort
