#!/usr/bin/env python3
"""Write src/text/data/t2s.txt: traditional Chinese characters with their one simplified form.

The facts come from OpenCC's character dictionary (TSCharacters, Apache-2.0), as packaged in
opencc-python-reimplemented. Only characters whose first form is a single other character are kept.

    python3 -m venv /tmp/t2s && /tmp/t2s/bin/pip install opencc-python-reimplemented==0.1.7
    /tmp/t2s/bin/python tools/t2s.py > src/text/data/t2s.txt
"""

import pathlib

import opencc

HEADER = """\
# Traditional Chinese characters and their simplified forms, one pair a line.
# Source: OpenCC's dictionary TSCharacters (Apache-2.0); made by tools/t2s.py.
"""

folder = pathlib.Path(opencc.__file__).parent
pairs = {}
for line in (folder / "dictionary" / "TSCharacters.txt").read_text("utf-8").splitlines():
    traditional, _, simplified = line.partition("\t")
    first = simplified.split(" ")[0].strip()
    if len(traditional) == 1 and len(first) == 1 and traditional != first:
        pairs[traditional] = first
print(HEADER + "\n".join(t + s for t, s in sorted(pairs.items())))
