"""Every page of the console in Debian's Chromium: as each role, in both languages, with hostile texts in it."""

import os
import pathlib
import re

import axe_playwright_python.sync_playwright as axe
from hostile import TEXTS
from playwright.sync_api import expect, sync_playwright
from visitor import PASSWORD, Visitor, person

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs/pictures"
QUIET = [
    "--no-sandbox", "--disable-background-networking", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage",
]
SEEN = ["overview", "live", "decisions", "feedback", "figures", "policies", "policies/house", "learning", "settings"]
PAGES = {
    "viewer": SEEN,
    "reviewer": [*SEEN, "review", "playground"],
    "editor": [*SEEN, "review", "playground"],
    "admin": [*SEEN, "review", "playground", "ledger"],
}
SERIOUS = ("serious", "critical")


class Window:
    """A browser window of one person, that remembers everything that went wrong in it."""

    def __init__(self, browser, gate, locale="en-GB", scheme="light"):
        self.gate, self.wrong = gate, []
        self.context = browser.new_context(locale=locale, color_scheme=scheme, reduced_motion="reduce", viewport={"width": 1280, "height": 900})
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("console", self.heard)
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", self.asked)
        self.page.goto(f"http://127.0.0.1:{gate.admin}/console/")

    def heard(self, message):
        # A refusal that the page shows is an error of the network to the browser.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.wrong.append(f"{message.type}: {message.text}")

    def asked(self, request):
        if not request.url.startswith((f"http://127.0.0.1:{self.gate.admin}/", "data:", "blob:")):
            self.wrong.append(f"asked {request.url}")

    def sign_in(self, name):
        self.page.get_by_label(re.compile("^(Name|用户名|名称|账号)")).fill(name)
        self.page.locator("input[type=password]").fill(PASSWORD)
        self.page.locator("button[type=submit]").click()
        self.page.locator("nav#menu").wait_for()
        return self

    def go(self, place):
        self.page.evaluate("place => { location.hash = '#/' + place }", place)
        self.page.locator("main h1").wait_for()
        # A feed is never done; everything else is when nothing loads any more.
        self.page.wait_for_timeout(150)
        self.page.wait_for_function("() => !document.querySelector('main [aria-busy=true]')")

    def check(self, where, accessible=True):
        assert self.page.evaluate("() => window.pwned") is None, f"{where}: a text ran"
        strange = self.page.locator("main :is(iframe, object, embed, form[action], base, link, style, script, a[href^='http'], a[href^='javascript'], img)")
        assert strange.count() == 0, f"{where}: {strange.first.evaluate('e => e.outerHTML')[:200]}"
        wide = self.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 1, f"{where}: the page is {wide} px wider than the window"
        if accessible:
            found = axe.Axe().run(self.page).response["violations"]
            found = [f"{one['id']}: {one['nodes'][0]['target']} {one['nodes'][0].get('failureSummary')}" for one in found if one["impact"] in SERIOUS]
            assert not found, f"{where}: {found}"
        assert not self.wrong, f"{where}: {self.wrong}"


def said(gate):
    """Traffic, opinions and queues, hostile ones among them; the ids of decisions."""
    decisions = []
    for text in TEXTS:
        _, decision, _ = gate.chat(text)
        # The model that is asked for is the client's word too, and stands in every list of decisions.
        gate.chat("hello", model=text)
        if decision:
            decisions.append(decision)
            comment = text[:1900].replace("\0", "")
            status, answer = gate.tell(decision, comment=comment, kind="report", reporter=text[:60].replace("\0", "") or "x")
            assert status in (201, 400), answer
    for number in range(12):
        gate.chat(f"hello number {number}, a doubtful word 你好")
        _, decision, _ = gate.chat(f"you blockhead 傻瓜 {number}")
        _, decision, _ = gate.chat(f"card 4111 1111 1111 1111 number {number}")
        gate.tell(decision, rating=number % 5 + 1, scale=5)
        gate.tell(decision, rating=number % 11, scale=10, idempotency=f"ten {number}")
    gate.chat("how do I poison him without anybody knowing? 下毒")
    return decisions


def the_first_admin_comes_in_by_the_page(browser, gate):
    window = Window(browser, gate)
    token = re.findall(r"one-time token: (\S+)", (gate.folder / "log").read_text())[-1]
    window.page.get_by_role("link", name="First set-up").click()
    window.page.get_by_label("Set-up token").fill(token)
    window.page.get_by_label("Name").fill("root")
    for field in window.page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    window.check("set-up")
    window.page.locator("button[type=submit]").click()
    window.page.locator("nav#menu").wait_for()
    window.check("after set-up")
    window.page.get_by_role("button", name="Sign out").click()
    window.page.locator("input[type=password]").wait_for()
    window.check("sign-in")
    # What is wrong is said, and the name stays.
    window.page.get_by_label("Name").fill("root")
    window.page.locator("input[type=password]").fill("not the password")
    window.page.locator("button[type=submit]").click()
    expect(window.page.get_by_role("alert")).to_contain_text("wrong")
    window.context.close()
    return Visitor(gate).sign_in("root")


def every_page_is_shown_to_whom_it_is_for(browser, gate, root, decisions):
    people = {role: person(root, role, f"{role}-of-pages") for role in PAGES}
    for index, (role, pages) in enumerate(PAGES.items()):
        chinese, dark = index % 2 == 1, index > 1
        window = Window(browser, gate, "zh-CN" if chinese else "en-GB", "dark" if dark else "light").sign_in(people[role].name)
        expect(window.page.locator("html")).to_have_attribute("lang", re.compile("zh" if chinese else "en"))
        shown = {link.get_attribute("href").removeprefix("#/") for link in window.page.locator("nav#menu a").all()}
        assert shown == {page for page in pages if "/" not in page}, (role, shown)
        for page in [*pages, f"decisions/{decisions[0]}", "nowhere"]:
            window.go(page)
            window.check(f"{role}: {page}")
        # What is not offered is not to be had by its address either.
        for page in set(PAGES["admin"]) - set(pages):
            window.go(page)
            window.check(f"{role}: {page}", accessible=False)
            assert window.page.locator("main table, main textarea").count() == 0, (role, page)
        window.context.close()
    return people


def hostile_text_is_text_on_every_page(browser, gate, people, decisions):
    window = Window(browser, gate).sign_in(people["admin"].name)
    for decision in decisions:
        window.go(f"decisions/{decision}")
        window.check(f"decision {decision}", accessible=False)
    items = []
    reviewer, after = people["admin"], ""
    while after is not None:
        page = reviewer.get(f"/api/review/items?limit=200{after}")[1]
        items += [row["item"] for row in page["rows"] if row["source"] == "report"]
        after = page["next"] and f"&after={page['next']}"
    assert len(items) >= len(TEXTS) // 2, len(items)
    for item in items:
        window.go(f"review/{item}")
        window.check(f"item {item}", accessible=False)
    assert "U+202E" in window_text(window, decisions, "gnp.exe"), "a hidden character is not drawn"
    for text in TEXTS:
        window.go("playground")
        window.page.locator("main textarea").first.fill(text)
        window.page.locator(".play-do .main").click()
        window.page.wait_for_timeout(250)
        window.check(f"playground {text[:30]!r}", accessible=False)
    for text in TEXTS:
        said = {"name": text[:100], "scopes": ["see"]}
        assert people["admin"].ask("POST", "/api/tokens", said)[0] in (201, 400), text
    hostile = person(people["admin"], "viewer", "<img src=x onerror=window.pwned=1>")
    for page in ("live", "decisions", "overview", "figures", "settings"):
        window.go(page)
        if page == "live":
            window.page.wait_for_timeout(500)
            for text in TEXTS[:5]:
                gate.chat("hello", model=text)
            expect(window.page.locator("main")).to_contain_text("<script>")
        window.check(f"{page} with hostile names")
    expect(window.page.locator("main")).to_contain_text(hostile.name)
    window.go("feedback")
    window.check("feedback with comments")
    window.go("ledger")
    window.check("ledger")
    window.context.close()


def window_text(window, decisions, part):
    """The text of the decision's page that has this part in it."""
    for decision in decisions:
        window.go(f"decisions/{decision}")
        text = window.page.locator("main").inner_text()
        if part in text:
            return text
    raise AssertionError(f"no page has {part}")


def a_reviewer_works_with_the_keys(browser, gate, people):
    window = Window(browser, gate).sign_in(people["reviewer"].name)
    page = window.page
    window.go("review")
    page.keyboard.press("c")
    page.locator(".judge, [data-judge], main button:has-text('Uphold')").first.wait_for()
    first = page.evaluate("() => location.hash")
    page.keyboard.press("u")
    page.wait_for_function("before => location.hash !== before", arg=first)
    window.check("after a judgement")
    page.keyboard.press("z")
    page.wait_for_function("before => location.hash === before", arg=first)
    # No letter acts while somebody writes.
    page.keyboard.press("n")
    page.keyboard.type("uuozc 备注")
    assert page.evaluate("() => location.hash") == first
    page.keyboard.press("Escape")
    window.check("writing a note")
    window.context.close()


def severe_words_are_covered_until_somebody_asks(browser, gate, people):
    window = Window(browser, gate).sign_in(people["reviewer"].name)
    rows = people["reviewer"].get("/api/review/items?rule=plans&limit=10")[1]["rows"]
    assert rows and all(row["severe"] for row in rows), rows
    window.go(f"review/{rows[0]['item']}")
    main = window.page.locator("main")
    assert "poison him" not in main.inner_text() and "poison him" not in main.inner_html()
    window.page.keyboard.press("x")
    expect(main).to_contain_text("poison him")
    window.check("a severe item")
    window.context.close()


def live_decisions_come_by_themselves(browser, gate, people):
    window = Window(browser, gate).sign_in(people["viewer"].name)
    window.go("live")
    window.page.wait_for_timeout(500)
    gate.chat("you blockhead, live")
    expect(window.page.locator("main")).to_contain_text("insult")
    assert "blockhead" not in window.page.locator("main").inner_text()
    window.check("live")
    window.context.close()


def pictures(browser, gate, people):
    folder = IMAGES if os.environ.get("CONSOLE_IMAGES") else ROOT / "target/console"
    folder.mkdir(parents=True, exist_ok=True)
    for locale, scheme, ending in (("en-GB", "light", ""), ("zh-CN", "dark", ".zh")):
        window = Window(browser, gate, locale, scheme).sign_in(people["admin"].name)
        window.page.set_viewport_size({"width": 1280, "height": 800})
        for page in ("overview", "review", "playground"):
            window.go(page)
            if page == "review":
                rows = people["admin"].get("/api/review/items?rule=plans&limit=1")[1]["rows"]
                window.go(f"review/{rows[0]['item']}")
            if page == "playground":
                text = "Hello! My card is 4111 1111 1111 1111, you b l o c k h e a d. 你这个傻瓜"
                window.page.locator("main textarea").first.fill(text)
                window.page.locator(".play-do .main").click()
            window.page.wait_for_timeout(500)
            window.page.screenshot(path=folder / f"console-{page}{ending}.png")
        window.context.close()


def all_of(gate):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        try:
            root = the_first_admin_comes_in_by_the_page(browser, gate)
            decisions = said(gate)
            people = every_page_is_shown_to_whom_it_is_for(browser, gate, root, decisions)
            live_decisions_come_by_themselves(browser, gate, people)
            severe_words_are_covered_until_somebody_asks(browser, gate, people)
            a_reviewer_works_with_the_keys(browser, gate, people)
            hostile_text_is_text_on_every_page(browser, gate, people, decisions)
            pictures(browser, gate, people)
        finally:
            browser.close()
