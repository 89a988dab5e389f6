"""Draws the simulated month of docs/adaptive.md: docs/pictures/adaptive.svg, and the numbers beside it as adaptive.csv.

    cargo test --locked --lib a_month_ends_near_its_target -- --nocapture | python3 tools/adaptive_plot.py
"""

import csv
import pathlib
import sys

FOLDER = pathlib.Path(__file__).parent.parent / "docs/pictures"
WIDTH, LEFT, RIGHT = 760, 70, 20
# Panels: top, height, the scale's ends, the distance of its lines, what it shows.
THRESHOLD = (40, 170, 0.25, 0.85, 0.1, "threshold")
RATE = (260, 230, 0.0, 0.02, 0.005, "benign texts flagged")
HEIGHT = 550
BLUE, ORANGE, GREY, GREEN = "#1f5fa8", "#b8560f", "#666666", "#2b7a3d"
BOUNDS, TARGET = (0.3, 0.8), 0.005


def rows(lines):
    """The rows of the first table among other lines; the name of the test may stand before its head."""
    table = []
    for line in lines:
        line = line.rstrip("\n")
        at = line.find("day,prevalence,")
        if at >= 0:
            table = [line[at:]]
        elif table and line[:1].isdigit():
            table.append(line)
        elif table:
            break
    if len(table) < 3:
        sys.exit("no table on standard input")
    return table


def across(day, days):
    return LEFT + (day - 1) / (days - 1) * (WIDTH - LEFT - RIGHT)


def up(value, panel):
    top, height, low, high = panel[:4]
    share = (min(max(value, low), high) - low) / (high - low)
    return top + height * (1 - share)


def path(points):
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def line(points, colour, more=""):
    return f'<polyline points="{path(points)}" fill="none" stroke="{colour}" stroke-width="2" {more}/>'


def level(value, panel, colour, label):
    y = up(value, panel)
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}" stroke-dasharray="6 4"/>'
        f'<text x="{WIDTH - RIGHT - 4}" y="{y - 5:.1f}" text-anchor="end" fill="{colour}">{label}</text>'
    )


def frame(panel, percent):
    top, height, low, high, distance, name = panel
    parts = [f'<text x="{LEFT}" y="{top - 10}" font-weight="bold">{name}</text>']
    steps = round((high - low) / distance)
    for number in range(steps + 1):
        value = low + number * distance
        y = up(value, panel)
        text = f"{value * 100:.1f} %" if percent else f"{value:.2f}"
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{GREY}">{text}</text>')
    return parts


def draw(table):
    days = list(csv.DictReader(table))
    count = len(days)
    of = lambda name: [float(day[name]) for day in days]
    x = [across(number, count) for number in of("day")]
    shift = next(at for at, day in zip(x, days) if day["prevalence"] != days[0]["prevalence"])
    measured = [(at, day) for at, day in zip(x, days) if day["measured"]]
    band = [(at, up(float(day["high"]), RATE)) for at, day in measured]
    band += [(at, up(float(day["low"]), RATE)) for at, day in reversed(measured)]
    bottom = RATE[0] + RATE[1]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" role="img">',
        "<title>A simulated month: the threshold, and the share of benign texts that it flags</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *frame(THRESHOLD, False),
        level(BOUNDS[0], THRESHOLD, GREY, "lower bound"),
        level(BOUNDS[1], THRESHOLD, GREY, "upper bound"),
        line([(at, up(value, THRESHOLD)) for at, value in zip(x, of("threshold"))], BLUE),
        *frame(RATE, True),
        f'<polygon points="{path(band)}" fill="{ORANGE}" fill-opacity="0.15"/>',
        level(TARGET, RATE, GREEN, "target"),
        line([(at, up(float(day["measured"]), RATE)) for at, day in measured], ORANGE, 'stroke-dasharray="2 3"'),
        line([(at, up(value, RATE)) for at, value in zip(x, of("true_fpr"))], BLUE),
        f'<line x1="{shift:.1f}" x2="{shift:.1f}" y1="{THRESHOLD[0]}" y2="{bottom}" stroke="{GREY}" stroke-dasharray="1 3"/>',
        f'<text x="{shift + 5:.1f}" y="{THRESHOLD[0] + 14}" fill="{GREY}">twice as many harmful texts</text>',
    ]
    for number in [1, 5, 10, 15, 20, 25, 30]:
        if number <= count:
            parts.append(f'<text x="{across(number, count):.1f}" y="{bottom + 18}" text-anchor="middle" fill="{GREY}">{number}</text>')
    legend = [(BLUE, "true rate, known to the simulation alone"), (ORANGE, "measured from labels, with its 95 % interval")]
    parts.append(f'<text x="{WIDTH / 2}" y="{bottom + 18}" text-anchor="middle" fill="{GREY}" dx="0" dy="16">day</text>')
    for number, (colour, text) in enumerate(legend):
        left = LEFT + number * 270
        parts.append(f'<rect x="{left}" y="{HEIGHT - 14}" width="12" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{left + 18}" y="{HEIGHT - 8}">{text}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    found = rows(sys.stdin)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "adaptive.csv").write_text("\n".join(found) + "\n", encoding="utf-8")
    (FOLDER / "adaptive.svg").write_text(draw(found), encoding="utf-8")
