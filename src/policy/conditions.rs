//! What rules with conditions need of the hits of a text, and which hits they can do without.

use std::collections::BTreeMap;

use super::{Matcher, Node, Rule, Within};
use crate::detect::AtomId;

/// What the rules of a policy need of hits beside those that fire by themselves. Every list is sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Rules whose matcher has a window, by index.
    pub windowed: Vec<usize>,
    /// Atoms of rules with conditions, which look back at hits of the text before, and how far.
    pub memory: Vec<(AtomId, Memory)>,
    /// Atoms that only excuse: a hit with nothing inside it means nothing.
    pub excusing: Vec<AtomId>,
    /// Atoms that only are parts of windows: a hit with no other part near means nothing.
    pub parts: Vec<AtomId>,
    /// The atoms of rules that are nothing but such windows, each with the rule.
    pub members: Vec<(AtomId, usize)>,
}

/// How long a hit of the text before can matter to what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Memory {
    /// Until so many words have come.
    Words(usize),
    /// For ever.
    Whole,
}

impl Memory {
    /// How long a hit of this matcher can matter to it. Windows inside windows reach as far as all of them together;
    /// conditions without a window look back at the whole text.
    fn of(node: &Node) -> Self {
        let alternatives = node.any.iter().filter_map(|matcher| match matcher {
            Matcher::Node(node) => Some(node),
            Matcher::Atom(_) => None,
        });
        let parts = alternatives.chain(&node.all).chain(&node.not).map(Self::of);
        let inside = parts.max().unwrap_or(Self::Words(0));
        let own = match node.within {
            // What comes next may be part of the word that is counted already.
            Some(Within::Words(words)) => Self::Words(words + 1),
            // No character is more than a word.
            Some(Within::Chars(chars)) => Self::Words(chars + 1),
            None if node.all.is_empty() && node.not.is_empty() => Self::Words(0),
            None => Self::Whole,
        };
        match (inside, own) {
            (Self::Words(inside), Self::Words(own)) => Self::Words(inside + own),
            _ => Self::Whole,
        }
    }
}

/// The atoms of rules with conditions, and of the exceptions to them: an exception must be known as long as what it
/// excuses.
fn memory(rules: &[Rule]) -> Vec<(AtomId, Memory)> {
    let mut memory: BTreeMap<AtomId, Memory> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| !rule.matcher.is_plain()) {
        let own = Memory::of(&rule.matcher);
        let mut note = |atom: AtomId| {
            let known = memory.entry(atom).or_insert(own);
            *known = own.max(*known);
        };
        rule.matcher.visit_atoms(&mut note);
        rule.except.iter().copied().for_each(note);
    }
    memory.into_iter().collect()
}

impl Conditions {
    /// What these rules need.
    pub fn of(rules: &[Rule]) -> Self {
        let windowed = rules.iter().enumerate().filter(|(_, rule)| rule.matcher.has_window());
        let mut uses: BTreeMap<AtomId, Vec<usize>> = BTreeMap::new();
        for (index, rule) in rules.iter().enumerate() {
            rule.matcher.visit_atoms(&mut |atom| uses.entry(atom).or_default().push(index));
        }
        let excepted: Vec<AtomId> = rules.iter().flat_map(|rule| rule.except.clone()).collect();
        let mut excusing: Vec<AtomId> =
            excepted.iter().copied().filter(|atom| !uses.contains_key(atom)).collect();
        excusing.sort_unstable();
        excusing.dedup();
        let is_window =
            |index: &usize| rules.get(*index).is_some_and(|rule| is_window_of_parts(&rule.matcher));
        let only_parts = |(atom, users): &(&AtomId, &Vec<usize>)| {
            users.iter().all(is_window) && !excepted.contains(atom)
        };
        let parts = uses.iter().filter(only_parts).map(|(atom, _)| *atom).collect();
        let members = uses.iter().flat_map(|(atom, users)| {
            users.iter().filter(|index| is_window(index)).map(|index| (*atom, *index))
        });
        let members = members.collect();
        Self {
            windowed: windowed.map(|(index, _)| index).collect(),
            memory: memory(rules),
            excusing,
            parts,
            members,
        }
    }
}

/// Whether a matcher is nothing but parts that have to stand in one window, each of them something else: then no
/// hit means anything without another one near it.
fn is_window_of_parts(node: &Node) -> bool {
    let mut atoms = Vec::new();
    node.visit_atoms(&mut |atom| atoms.push(atom));
    let count = atoms.len();
    atoms.sort_unstable();
    atoms.dedup();
    node.within.is_some()
        && node.any.is_empty()
        && node.all.len() >= 2
        && node.all.iter().chain(&node.not).all(Node::is_plain)
        && atoms.len() == count
}
