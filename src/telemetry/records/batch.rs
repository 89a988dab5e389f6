//! Lines on their way to a target.

/// Sealed lines, in order, and how much of them the target has.
#[derive(Debug, Default)]
pub(super) struct Batch {
    text: String,
    lines: Vec<Line>,
    done: usize,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    /// Where it ends, behind its line feed.
    end: usize,
    is_record: bool,
}

impl Batch {
    /// Adds a line.
    pub(super) fn push(&mut self, line: &str) {
        self.add(line, false);
    }

    /// Adds the line of a record.
    pub(super) fn push_record(&mut self, line: &str) {
        self.add(line, true);
    }

    fn add(&mut self, line: &str, is_record: bool) {
        self.text.push_str(line);
        self.text.push('\n');
        self.lines.push(Line { end: self.text.len(), is_record });
    }

    /// Records of which the target does not have the whole line.
    pub(super) fn records(&self) -> usize {
        self.left().filter(|line| line.is_record).count()
    }

    fn left(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.end > self.done)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn lines(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// What the target does not have yet.
    pub(super) fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.done..).unwrap_or_default()
    }

    /// The same as text, for a target that takes whole lines.
    pub(super) fn rest_text(&self) -> &str {
        self.text.get(self.done..).unwrap_or_default()
    }

    /// The target has taken so many bytes more.
    pub(super) fn taken(&mut self, bytes: usize) {
        self.done += bytes;
    }

    /// The first line that the target does not have, with its line feed; empty where it has all.
    pub(super) fn next_line(&self) -> &str {
        let end = self.left().next().map_or(self.done, |line| line.end);
        self.text.get(self.done..end).unwrap_or_default()
    }

    /// Gives up the first line that the target does not have; whether it is a record.
    pub(super) fn skip_line(&mut self) -> bool {
        let Some(line) = self.left().next().copied() else { return false };
        self.done = line.end;
        line.is_record
    }

    /// The line that the target has a part of begins anew, because the target is another one now.
    pub(super) fn begin_line_anew(&mut self) {
        let whole = self.lines.iter().rev().find(|line| line.end <= self.done);
        self.done = whole.map_or(0, |line| line.end);
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.lines.clear();
        self.done = 0;
    }
}
