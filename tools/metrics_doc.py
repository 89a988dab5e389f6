"""Writes the table of metrics into docs/metrics.md, from what the binary declares.

    tidegate list metrics --format markdown | python3 tools/metrics_doc.py docs/metrics.md
"""

import sys

BEGIN, END = "<!-- begin: make docs -->\n", "<!-- end -->\n"

path = sys.argv[1]
table = sys.stdin.read()
assert table.startswith("| name |"), "no table on standard input"
with open(path, encoding="utf-8") as file:
    before, _, rest = file.read().partition(BEGIN)
assert END in rest, f"{path} lacks the marks of the table"
with open(path, "w", encoding="utf-8") as file:
    file.write(before + BEGIN + table + END + rest.split(END, 1)[1])
