//! Plots as inline SVG, drawn with nothing but the figures; colours come from the page.

use std::fmt::Write as _;

use crate::eval::metrics::{Confusion, Interval};

/// The inner size of a square plot, in units of the drawing.
const SIDE: f64 = 220.0;
/// Room for the numbers of the axes.
const MARGIN: f64 = 40.0;
/// Steps that lie closer together than this are drawn as one.
const FINEST: f64 = 1.0 / 440.0;
/// The height of one bar with its gap.
const ROW: f64 = 26.0;
/// Room for the names of bars.
const NAMES: f64 = 105.0;
/// The length of a bar of 1.
const BAR: f64 = 120.0;

/// The most characters of a name beside a bar; tables have it whole.
const LONGEST_NAME: usize = 17;

/// A line through points between 0 and 1.
pub(super) struct Line {
    /// The class of the style: `a`, `b` or `c`.
    pub(super) class: &'static str,
    /// What the legend says.
    pub(super) name: String,
    /// The points.
    pub(super) points: Vec<(f64, f64)>,
    /// Whether the points themselves are marked.
    pub(super) dotted: bool,
    /// Whether a value holds from the point before up to its own, as where nothing lies between two thresholds.
    pub(super) stepped: bool,
}

/// A square plot of the unit square.
pub(super) struct Plot<'a> {
    pub(super) title: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
    pub(super) lines: Vec<Line>,
    /// Whether the diagonal is drawn, where chance or perfect calibration lies.
    pub(super) diagonal: bool,
}

/// One bar: a rate with its interval.
pub(super) struct BarLine {
    pub(super) name: String,
    pub(super) value: Option<f64>,
    pub(super) interval: Option<Interval>,
}

/// Text as it may stand in HTML, also inside of attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Characters that HTML does not allow, and those that turn the direction of what follows.
            c if (c.is_control() && !matches!(c, '\n' | '\t')) || is_turning(c) => {
                write!(escaped, "&lt;U+{:04X}&gt;", u32::from(c)).unwrap_or_default();
            }
            c => escaped.push(c),
        }
    }
    escaped
}

const fn is_turning(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
}

// === impl Plot ===

impl Plot<'_> {
    /// The drawing with its legend.
    pub(super) fn svg(&self) -> String {
        let (width, height) = (SIDE + MARGIN + 12.0, SIDE + 40.0);
        let mut svg = format!(
            "<figure class=\"plot\"><figcaption>{}</figcaption><svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{0}\">",
            escape(self.title)
        );
        svg.push_str(&axes(self.x, self.y));
        if self.diagonal {
            svg.push_str(&path("diagonal", &[(0.0, 0.0), (1.0, 1.0)]));
        }
        for line in &self.lines {
            let points = thinned(&line.points);
            let drawn = if line.stepped { stepped(&points) } else { points.clone() };
            svg.push_str(&path(line.class, &drawn));
            if line.dotted {
                for (x, y) in points.iter().map(|point| place(*point)) {
                    let class = line.class;
                    write!(
                        svg,
                        "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"
                    )
                    .unwrap_or_default();
                }
            }
        }
        svg.push_str("</svg>");
        let named: Vec<&Line> = self.lines.iter().filter(|line| !line.name.is_empty()).collect();
        if !named.is_empty() {
            svg.push_str("<p class=\"legend\">");
            for line in named {
                let (class, name) = (line.class, escape(&line.name));
                write!(svg, "<span class=\"key {class}\"></span>{name} ").unwrap_or_default();
            }
            svg.push_str("</p>");
        }
        svg.push_str("</figure>");
        svg
    }
}

/// Where a point of the unit square lies in the drawing.
fn place((x, y): (f64, f64)) -> (f64, f64) {
    (MARGIN + x.clamp(0.0, 1.0) * SIDE, 6.0 + (1.0 - y.clamp(0.0, 1.0)) * SIDE)
}

fn axes(x: &str, y: &str) -> String {
    let mut svg = String::new();
    for step in 0..=4 {
        let at = f64::from(step) / 4.0;
        let ((left, bottom), (right, top)) = (place((at, 0.0)), place((at, 1.0)));
        write!(svg, "<line class=\"grid\" x1=\"{left:.1}\" y1=\"{bottom:.1}\" x2=\"{right:.1}\" y2=\"{top:.1}\"/>")
            .unwrap_or_default();
        let ((left, bottom), (right, top)) = (place((0.0, at)), place((1.0, at)));
        write!(svg, "<line class=\"grid\" x1=\"{left:.1}\" y1=\"{bottom:.1}\" x2=\"{right:.1}\" y2=\"{top:.1}\"/>")
            .unwrap_or_default();
        let ((x_at, low), (_, y_at)) = (place((at, 0.0)), place((0.0, at)));
        write!(
            svg,
            "<text x=\"{x_at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{at}</text><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{at}</text>",
            low + 14.0,
            MARGIN - 4.0,
            y_at + 4.0
        )
        .unwrap_or_default();
    }
    let (middle, low) = place((0.5, 0.0));
    let (_, high) = place((0.0, 0.5));
    write!(
        svg,
        "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text><text transform=\"translate(10 {high:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        low + 29.0,
        escape(x),
        escape(y)
    )
    .unwrap_or_default();
    svg
}

fn path(class: &str, points: &[(f64, f64)]) -> String {
    let mut data = String::new();
    for (number, point) in points.iter().enumerate() {
        let (x, y) = place(*point);
        let step = if number == 0 { 'M' } else { 'L' };
        write!(data, "{step}{x:.1} {y:.1}").unwrap_or_default();
    }
    if data.is_empty() {
        String::new()
    } else {
        format!("<path class=\"line {class}\" d=\"{data}\"/>")
    }
}

/// Points with a corner before each: first up or down, then along.
fn stepped(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut drawn: Vec<(f64, f64)> = Vec::with_capacity(2 * points.len());
    for (x, y) in points {
        if let Some((before, _)) = drawn.last() {
            drawn.push((*before, *y));
        }
        drawn.push((*x, *y));
    }
    drawn
}

/// Points without those that nobody could tell from the one before; the last one stays.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (number, point) in points.iter().enumerate() {
        let is_far = kept
            .last()
            .is_none_or(|(x, y)| (point.0 - x).abs() >= FINEST || (point.1 - y).abs() >= FINEST);
        if is_far || number + 1 == points.len() {
            kept.push(*point);
        }
    }
    kept
}

fn shortened(name: &str) -> String {
    let kept: String = name.chars().take(LONGEST_NAME).collect();
    if kept.len() < name.len() { format!("{kept}…") } else { kept }
}

/// Horizontal bars between 0 and 1, with their intervals as lines.
pub(super) fn bars(title: &str, lines: &[BarLine]) -> String {
    let width = NAMES + BAR + 50.0;
    let mut svg = String::new();
    let mut top = 4.0;
    for line in lines {
        let name = shortened(&line.name);
        write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            NAMES - 6.0,
            top + 15.0,
            escape(&name)
        )
        .unwrap_or_default();
        let value = line.value.unwrap_or_default().clamp(0.0, 1.0);
        write!(svg, "<rect class=\"back\" x=\"{NAMES}\" y=\"{top:.1}\" width=\"{BAR}\" height=\"18\"/><rect class=\"bar\" x=\"{NAMES}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"18\"/>", value * BAR)
            .unwrap_or_default();
        if let Some(interval) = line.interval {
            let (low, high) = (NAMES + interval.low * BAR, NAMES + interval.high * BAR);
            let middle = top + 9.0;
            write!(svg, "<path class=\"whisker\" d=\"M{low:.1} {middle:.1}H{high:.1}M{low:.1} {:.1}v8M{high:.1} {:.1}v8\"/>", middle - 4.0, middle - 4.0)
                .unwrap_or_default();
        }
        let shown = line.value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
        write!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{shown}</text>", NAMES + BAR + 8.0, top + 15.0)
            .unwrap_or_default();
        top += ROW;
    }
    let title = escape(title);
    format!(
        "<figure class=\"bars\"><figcaption>{title}</figcaption><svg viewBox=\"0 0 {width} {:.1}\" role=\"img\" aria-label=\"{title}\">{svg}</svg></figure>",
        top + 2.0
    )
}

/// The four counts as a square of four, darker where more are.
pub(super) fn matrix(judge: &str, counted: &Confusion) -> String {
    let cells = [
        (counted.hits, counted.positives(), 0.0, 0.0, "hits"),
        (counted.misses, counted.positives(), 1.0, 0.0, "misses"),
        (counted.false_alarms, counted.negatives(), 0.0, 1.0, "false alarms"),
        (counted.passes, counted.negatives(), 1.0, 1.0, "passes"),
    ];
    let mut svg = String::new();
    for (count, whole, column, row, name) in cells {
        let share = Confusion { hits: count, misses: whole - count, ..Confusion::default() };
        let share = share.recall();
        let (x, y) = (78.0 + column * 98.0, 24.0 + row * 98.0);
        let opacity = 0.08 + 0.6 * share.unwrap_or_default();
        let percent = share.map_or_else(String::new, |share| format!("{:.1} %", share * 100.0));
        write!(
            svg,
            "<rect class=\"cell\" x=\"{x}\" y=\"{y}\" width=\"94\" height=\"94\" fill-opacity=\"{opacity:.2}\"/><text class=\"count\" x=\"{0}\" y=\"{1}\" text-anchor=\"middle\">{count}</text><text x=\"{0}\" y=\"{2}\" text-anchor=\"middle\">{name}</text><text x=\"{0}\" y=\"{3}\" text-anchor=\"middle\">{percent}</text>",
            x + 47.0,
            y + 40.0,
            y + 58.0,
            y + 74.0
        )
        .unwrap_or_default();
    }
    let judge = if judge.is_empty() { String::new() } else { format!(" – {}", escape(judge)) };
    format!(
        "<figure class=\"plot\"><figcaption>Confusion matrix{judge}</figcaption><svg viewBox=\"0 0 272 224\" role=\"img\" aria-label=\"Confusion matrix\"><text x=\"125\" y=\"16\" text-anchor=\"middle\">selected</text><text x=\"223\" y=\"16\" text-anchor=\"middle\">not selected</text><text x=\"72\" y=\"74\" text-anchor=\"end\">labelled</text><text x=\"72\" y=\"172\" text-anchor=\"end\">free</text>{svg}</svg></figure>"
    )
}
