//! What rules with conditions need of the hits of a text, and which hits they can do without.

use std::collections::BTreeMap;

use super::{Node, Rule};
use crate::detect::AtomId;

/// What the rules of a policy need of hits beside those that fire by themselves. Every list is sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Rules whose matcher has a window, by index.
    pub windowed: Vec<usize>,
    /// Atoms of rules with conditions, which look back at hits of the text before.
    pub remembered: Vec<AtomId>,
    /// Atoms that only excuse: a hit with nothing inside it means nothing.
    pub excusing: Vec<AtomId>,
    /// Atoms that only are parts of windows: a hit with no other part near means nothing.
    pub parts: Vec<AtomId>,
    /// The atoms of rules that are nothing but such windows, each with the rule.
    pub members: Vec<(AtomId, usize)>,
}

impl Conditions {
    /// What these rules need.
    pub fn of(rules: &[Rule]) -> Self {
        let windowed = rules.iter().enumerate().filter(|(_, rule)| rule.matcher.has_window());
        let mut remembered = Vec::new();
        for rule in rules.iter().filter(|rule| !rule.matcher.is_plain()) {
            rule.matcher.visit_atoms(&mut |atom| remembered.push(atom));
        }
        remembered.sort_unstable();
        remembered.dedup();
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
            remembered,
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
