//! `fold`: case, width, styled letters, marks, invisible characters, white space, traditional Chinese.
//!
//! A cluster is a character with what is attached to it. An ASCII character stays itself in small
//! letters whatever marks it carries, and a Chinese character stays itself, so nothing is open after
//! them; in other scripts the last cluster can still grow.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;

use super::script::{is_attached, is_han, is_ornament, is_space, marks_are_ornament};
use super::{Reading, ViewDef};
use crate::domain::{Span, ViewName};

pub(super) const FOLD: ViewDef = ViewDef {
    name: ViewName("fold"),
    summary: "case, width, styled letters, marks, invisible characters, white space, traditional Chinese",
    over: None,
    default_on: true,
    applies: |_| true,
    build,
    open_from,
};

/// The most characters that one cluster may become: U+FDFA, the longest of Unicode, has 18.
const LONGEST_CLUSTER: usize = 32;

/// Traditional characters and their simplified forms.
static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let lines = include_str!("data/t2s.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut chars = line.chars();
            Some((chars.next()?, chars.next()?))
        })
        .collect()
});

fn build(raw: &Reading, out: &mut Reading) {
    let text = raw.as_str();
    if is_plain(text) {
        return out.ascii_lower(text);
    }
    out.begin(text.len());
    let mut clusters = text.char_indices().peekable();
    let mut folded = Vec::with_capacity(LONGEST_CLUSTER);
    while let Some((start, base)) = clusters.next() {
        let mut end = start + base.len_utf8();
        while let Some(&(at, c)) = clusters.peek().filter(|(_, c)| is_attached(*c)) {
            end = at + c.len_utf8();
            clusters.next();
        }
        let span = Span::new(start, end);
        if base.is_ascii() && !base.is_ascii_control() && base != ' ' {
            out.push(base.to_ascii_lowercase(), span);
        } else if is_space(base) {
            push_space(out, span);
        } else if is_attached(base) {
            // At the very beginning there is nothing to belong to.
            out.extend_last(end);
        } else {
            fold_until_stable(text.get(start..end).unwrap_or_default(), base, &mut folded);
            for &c in &folded {
                push_folded(out, c, span);
            }
        }
    }
}

/// ASCII without control characters and without runs of white space: only the case folds.
fn is_plain(text: &str) -> bool {
    let mut before = b'x';
    text.bytes().all(|byte| {
        let double = byte == b' ' && before == b' ';
        before = byte;
        (b' '..0x7f).contains(&byte) && !double
    })
}

/// A character that a cluster has become; a mark on what takes no marks is swallowed.
fn push_folded(out: &mut Reading, c: char, span: Span) {
    let before = out.as_str().chars().next_back();
    if is_space(c) {
        push_space(out, span);
    } else if is_attached(c) && before.is_none_or(|before| before.is_ascii() || is_han(before)) {
        out.extend_last(span.end);
    } else {
        out.push(c, span);
    }
}

/// A run of white space is one space.
fn push_space(out: &mut Reading, span: Span) {
    if out.as_str().ends_with(' ') {
        out.extend_last(span.end);
    } else {
        out.push(' ', span);
    }
}

/// What a cluster becomes may be clusters that fold further: a ligature of letters with a mark, a letter
/// of a script with marks of its own that is drawn on a neutral stroke.
fn fold_until_stable(cluster: &str, base: char, out: &mut Vec<char>) {
    const MOST_ROUNDS: usize = 4;
    fold_cluster(cluster, base, out);
    for _ in 0..MOST_ROUNDS {
        if out.iter().all(|c| c.is_ascii() || is_han(*c)) {
            return;
        }
        let text: String = out.iter().collect();
        let mut again = Vec::with_capacity(out.len());
        let mut one = Vec::new();
        let mut rest = text.as_str();
        while let Some(base) = rest.chars().next() {
            let after = rest.char_indices().skip(1).find(|(_, c)| !is_attached(*c));
            let (cluster, tail) = rest.split_at(after.map_or(rest.len(), |(at, _)| at));
            if is_attached(base) {
                again.push(base);
            } else {
                fold_cluster(cluster, base, &mut one);
                again.append(&mut one);
            }
            rest = tail;
        }
        again.truncate(LONGEST_CLUSTER);
        if again == *out {
            return;
        }
        *out = again;
    }
}

fn fold_cluster(cluster: &str, base: char, out: &mut Vec<char>) {
    out.clear();
    let ornament = marks_are_ornament(base);
    let keeps = |c: &char| {
        !(is_attached(*c) && (ornament && is_ornament(*c) || !super::script::is_mark(*c)))
    };
    if is_han(base) {
        let one = std::iter::once(base).nfkc().next().unwrap_or(base);
        return out.push(simplify(one));
    }
    let composed: Vec<char> = cluster.chars().filter(keeps).nfkc().collect();
    for c in composed {
        // Precomposed letters lose their marks too.
        if marks_are_ornament(c) && !c.is_ascii() {
            out.extend(std::iter::once(c).nfd().filter(|c| !is_ornament(*c)).flat_map(fold_case));
        } else {
            out.extend(fold_case(c));
        }
    }
    for c in out.iter_mut() {
        *c = simplify(*c);
    }
    // What has become an ASCII letter is treated as one.
    if out.first().is_some_and(char::is_ascii) {
        out.retain(|c| !is_attached(*c));
    }
    out.truncate(LONGEST_CLUSTER);
}

/// Full case folding, and the dotless and dotted i as what they look like.
fn fold_case(c: char) -> impl Iterator<Item = char> {
    let c = match c {
        '\u{130}' | '\u{131}' => 'i',
        'ſ' => 's',
        c => c,
    };
    let sharp = matches!(c, 'ß' | 'ẞ');
    let lower = c.to_lowercase().filter(move |_| !sharp);
    lower.chain(std::iter::repeat_n('s', if sharp { 2 } else { 0 }))
}

fn simplify(c: char) -> char {
    if !is_han(c) {
        return c;
    }
    match c {
        '叁' | '參' => '三',
        '壹' => '一',
        '贰' | '貳' => '二',
        '肆' => '四',
        '伍' => '五',
        '陆' | '陸' => '六',
        '柒' => '七',
        '捌' => '八',
        '玖' => '九',
        '拾' => '十',
        c => SIMPLIFIED.get(&c).copied().unwrap_or(c),
    }
}

fn open_from(raw: &Reading) -> usize {
    let text = raw.as_str();
    let base = text.char_indices().rev().find(|(_, c)| !is_attached(*c));
    match base {
        Some((_, c)) if c.is_ascii() || is_han(c) || is_space(c) => text.len(),
        Some((at, _)) => at,
        None => 0,
    }
}
