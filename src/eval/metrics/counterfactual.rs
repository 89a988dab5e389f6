//! Whether the verdict changes when only the name of a group does.

use std::collections::BTreeMap;

/// Verdicts on texts that are alike but for one term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flips<V> {
    /// The verdict that most of them got; of several, the least.
    pub usual: V,
    /// The places, in what was given, of those that got another one.
    pub flipped: Vec<usize>,
}

/// Finds the verdicts that differ from what most got. The rate of flips of several templates is the sum of the lengths
/// of [`Flips::flipped`] divided by the number of all texts. `None` of no verdicts.
pub fn flips<V: Ord + Clone>(verdicts: &[V]) -> Option<Flips<V>> {
    let mut counts: BTreeMap<&V, usize> = BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(verdict).or_default() += 1;
    }
    let most = *counts.values().max()?;
    let usual = (*counts.iter().find(|(_, count)| **count == most)?.0).clone();
    let differs = |(_, verdict): &(usize, &V)| **verdict != usual;
    let flipped = verdicts.iter().enumerate().filter(differs).map(|(place, _)| place).collect();
    Some(Flips { usual, flipped })
}
