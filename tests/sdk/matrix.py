"""Puts what the applications saw into docs/dialects.md between its markers, or tells where the file says otherwise.

    python3 matrix.py RECORDS FILE [--write]

Sections of SDKs that have not run are left alone.
"""

import json
import re
import sys

BEGIN, END = "<!-- matrix:begin -->", "<!-- matrix:end -->"


def sections(records):
    """A section for each SDK, by its name."""
    rows, versions = {}, {}
    for line in records:
        entry = json.loads(line)
        versions[entry["sdk"]] = entry["version"]
        row = rows.setdefault(entry["sdk"], {}).setdefault(entry["outcome"], {})
        for how in ("plain", "streamed"):
            if how in entry:
                row.setdefault(how, entry[how])
    made = {}
    for sdk, outcomes in rows.items():
        lines = [f"### {sdk}, {versions[sdk]}", "", "| | plain | streamed |", "|---|---|---|"]
        for outcome, row in outcomes.items():
            plain, streamed = row.get("plain", ""), row.get("streamed", "")
            if plain == streamed:
                streamed = "same"
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in (outcome, plain, streamed)) + " |")
        made[sdk] = "\n".join(lines).replace("|  |", "| |").replace("|  |", "| |")
    return made


def written(text):
    """The sections that stand in the file."""
    inside = text.partition(BEGIN)[2].partition(END)[0]
    found = {}
    for section in re.split(r"(?m)^(?=### )", inside):
        if section.startswith("### "):
            found[section[4:].split("\n")[0].rpartition(", ")[0]] = section.strip()
    return found


def main():
    records, path = sys.argv[1:3]
    with open(records, encoding="utf-8") as file:
        seen = sections(file)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if BEGIN not in text or END not in text:
        sys.exit(f"{path} has no {BEGIN} and {END}")
    there = written(text)
    if "--write" in sys.argv:
        merged = there | seen
        inside = "\n\n".join(merged[sdk] for sdk in sorted(merged, key=str.lower))
        head, _, rest = text.partition(BEGIN)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{head}{BEGIN}\n{inside}\n{END}{rest.partition(END)[2]}")
        return
    wrong = [sdk for sdk in seen if there.get(sdk) != seen[sdk]]
    for sdk in wrong:
        old, new = (there.get(sdk) or "").split("\n"), seen[sdk].split("\n")
        print(f"{path} does not show what {sdk} saw:")
        print("\n".join([f"  - {line}" for line in old if line not in new] + [f"  + {line}" for line in new if line not in old]))
    if wrong:
        sys.exit("TIDEGATE_WRITE_MATRIX=1 writes it")


if __name__ == "__main__":
    main()
