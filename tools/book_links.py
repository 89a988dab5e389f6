#!/usr/bin/env python3
"""A preprocessor of mdBook: links to files of the repository outside docs/ become their paths.

Such a link works where the repository is shown and would lead nowhere in the book. mdBook asks `supports RENDERER` first, then
gives [context, book] on standard input and reads the book from standard output.
"""

import json
import posixpath
import re
import sys

LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")


def outside(page, target):
    """The path in the repository of what a link of a page leads to, where that is outside docs/; else None."""
    target = target.split("#")[0]
    if not target or "://" in target or target.startswith("mailto:"):
        return None
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), target))
    return None if path.startswith("docs/") else path


def plain(page, text):
    """The text of a page with such links as words and, in brackets, paths."""

    def replaced(link):
        path = outside(page, link[2])
        return link[0] if path is None else f"{link[1]} (`{path}`)"

    parts = re.split(r"(^```.*?^```)", text, flags=re.S | re.M)
    return "".join(part if part.startswith("```") else LINK.sub(replaced, part) for part in parts)


def walk(items):
    """Changes chapters and those below them in place."""
    for item in items:
        chapter = item.get("Chapter") if isinstance(item, dict) else None
        if chapter:
            chapter["content"] = plain(chapter.get("path") or "", chapter["content"])
            walk(chapter["sub_items"])


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "supports":
        return
    _, book = json.load(sys.stdin)
    walk(book.get("items") or book.get("sections") or [])
    json.dump(book, sys.stdout)


if __name__ == "__main__":
    main()
