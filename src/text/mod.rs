//! Views of a text (stand-in while the real one is written beside this).
#![allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::indexing_slicing,
    reason = "stand-in"
)]
use crate::domain::{Span, ViewName};
#[derive(Default, Debug, Clone)]
pub struct Reading {
    text: String,
    map: Vec<(u32, u32)>,
    raw_len: usize,
}
impl Reading {
    pub fn identity(&mut self, raw: &str) {
        self.clear();
        for (i, c) in raw.char_indices() {
            self.push(c, Span::new(i, i + c.len_utf8()));
        }
        self.raw_len = raw.len();
    }
    pub fn clear(&mut self) {
        self.text.clear();
        self.map.clear();
        self.raw_len = 0;
    }
    pub fn as_str(&self) -> &str {
        &self.text
    }
    pub fn len(&self) -> usize {
        self.text.len()
    }
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
    pub fn raw_span(&self, s: usize, e: usize) -> Span {
        Span::new(self.map[s].0 as usize, self.map[e - 1].1 as usize)
    }
    pub fn raw_start(&self, at: usize) -> usize {
        self.map.get(at).map_or(self.raw_len, |m| m.0 as usize)
    }
    pub fn push(&mut self, c: char, raw: Span) {
        self.text.push(c);
        for _ in 0..c.len_utf8() {
            self.map.push((raw.start as u32, raw.end as u32));
        }
        self.raw_len = self.raw_len.max(raw.end);
    }
}
pub struct ViewDef {
    pub name: ViewName,
    pub summary: &'static str,
    pub over: Option<usize>,
    pub default_on: bool,
    pub applies: fn(&Reading) -> bool,
    pub build: fn(&Reading, &mut Reading),
    pub open_from: fn(&Reading) -> usize,
}
pub const VIEWS: &[ViewDef] = &[ViewDef {
    name: ViewName("fold"),
    summary: "",
    over: None,
    default_on: true,
    applies: |_| true,
    build: |r, o| {
        o.clear();
        for (i, c) in r.as_str().char_indices() {
            o.push(c.to_lowercase().next().unwrap_or(c), r.raw_span(i, i + c.len_utf8()));
        }
        o.raw_len = r.raw_len;
    },
    open_from: |r| r.len(),
}];
pub fn normalise_term(t: &str) -> String {
    t.to_lowercase()
}
pub fn skeleton_term(t: &str) -> String {
    t.to_lowercase()
}
pub fn repeats_term(t: &str) -> String {
    t.to_lowercase()
}

pub fn is_attached(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}')
}
