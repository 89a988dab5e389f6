//! What does not reach its bar yet.

use crate::rows::{Layer, Row};
use crate::run::Outcome;

/// A row under its bar, with what is found of a thousand variants today: of the few that every test run tries, and of
/// all that `make evasion` tries. Less fails the test; so does a number under the bar once the bar is reached.
#[derive(Debug)]
pub(crate) struct Miss {
    pub(crate) id: &'static str,
    pub(crate) quick: usize,
    pub(crate) full: usize,
}

const fn miss(id: &'static str, quick: usize, full: usize) -> Miss {
    Miss { id, quick, full }
}

/// The rows under their bars. The list only shrinks.
pub(crate) const KNOWN_MISSES: &[Miss] = &[miss("C21", 923, 954), miss("H03", 937, 966)];

/// How many variants are tried of each term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// With every test run.
    Quick,
    /// With `make evasion`.
    Full,
}

impl Extent {
    pub(crate) fn variants(self, row: &Row) -> u64 {
        match (self, row.layer) {
            (Self::Full, _) => 16,
            (Self::Quick, Layer::Classify) => 1,
            (Self::Quick, Layer::Normalise | Layer::Decode) => 2,
        }
    }
}

/// What is wrong with how a row came out, against its bar or what is known of it.
pub(crate) fn complaint(row: &Row, outcome: &Outcome, extent: Extent) -> Option<String> {
    if row.layer == Layer::Classify {
        return None;
    }
    let (recall, bar) = (outcome.recall(), row.bar());
    let Some(known) = known(row) else {
        let missed = || outcome.missed.get(..5).unwrap_or(&outcome.missed).join("\n    ");
        return (recall < bar)
            .then(|| format!("{}: {recall}‰ found, its bar is {bar}‰\n    {}", row.id, missed()));
    };
    let listed = if extent == Extent::Quick { known.quick } else { known.full };
    if recall < listed {
        return Some(format!("{}: {recall}‰ found, {listed}‰ before ({extent:?})", row.id));
    }
    let good = recall >= bar && listed < bar;
    good.then(|| {
        format!("{}: reaches its bar now ({recall}‰, {extent:?}): mend KNOWN_MISSES", row.id)
    })
}

/// What the list says of a row.
pub(crate) fn known(row: &Row) -> Option<&'static Miss> {
    KNOWN_MISSES.iter().find(|miss| miss.id == row.id)
}
