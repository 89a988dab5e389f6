//! Lines on their way to a target.

/// Sealed lines, in order, and how much of them the target has.
#[derive(Debug, Default)]
pub(super) struct Batch {
    text: String,
    /// Where each line ends, behind its line feed.
    ends: Vec<usize>,
    done: usize,
    /// The number of the first line in the chain.
    first: u64,
    /// Lines that are records.
    records: usize,
}

impl Batch {
    /// Adds a line, the `seq`th of its chain.
    pub(super) fn push(&mut self, line: &str, seq: u64) {
        if self.ends.is_empty() {
            self.first = seq;
        }
        self.text.push_str(line);
        self.text.push('\n');
        self.ends.push(self.text.len());
    }

    /// Adds the line of a record.
    pub(super) fn push_record(&mut self, line: &str, seq: u64) {
        self.push(line, seq);
        self.records += 1;
    }

    /// Lines that are records.
    pub(super) const fn records(&self) -> usize {
        self.records
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) fn lines(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(super) const fn first(&self) -> u64 {
        self.first
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What the target does not have yet.
    pub(super) fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.done..).unwrap_or_default()
    }

    /// The target has taken so many bytes more.
    pub(super) fn taken(&mut self, bytes: usize) {
        self.done += bytes;
    }

    /// The line that the target has a part of begins anew, because the target is another one now.
    pub(super) fn begin_line_anew(&mut self) {
        let whole = self.ends.iter().rev().find(|end| **end <= self.done);
        self.done = whole.copied().unwrap_or(0);
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        (self.done, self.records) = (0, 0);
    }
}
