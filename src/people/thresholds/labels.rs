//! Settled items as labels of one rule.

use std::collections::HashMap;

use super::{Subject, timestamp};
use crate::people::adapt::{Label, MOST_LABELS, Source};
use crate::people::export::{ANY, labels_of};
use crate::people::verdict::Judgement;
use crate::store::Labelled;

/// Items that are read at once.
const PAGE: usize = 1000;

/// The labels of one rule, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    kept: Vec<Kept>,
    /// Items that were read.
    read: usize,
    /// When the last one was settled, and its id.
    pub(super) last: Option<(i64, String)>,
}

#[derive(Clone, Debug, PartialEq)]
struct Kept {
    score: f64,
    harmful: bool,
    probability: f64,
    reviewer: String,
    reviewed: i64,
}

impl Labels {
    /// How many more items are to be read at once.
    pub(super) fn room(&self) -> i64 {
        let room = MOST_LABELS.saturating_sub(self.read).min(PAGE);
        i64::try_from(room).unwrap_or_default()
    }

    /// Takes in a page. Items that say nothing of the rule's category, or have no score for the rule, are left out.
    pub(super) fn add(&mut self, subject: &Subject, page: &[Labelled]) {
        self.read += page.len();
        if let Some(last) = page.last() {
            self.last = Some((last.settled_at, last.item.clone()));
        }
        self.kept.extend(page.iter().filter_map(|item| kept(subject, item)));
    }

    /// As the arithmetic reads them.
    pub(super) fn all(&self) -> Vec<Label<'_>> {
        let label = |kept: &Kept| Label {
            score: kept.score,
            harmful: kept.harmful,
            probability: kept.probability,
            source: Source::Review,
            reviewer: "",
            reviewed: timestamp(kept.reviewed),
        };
        self.kept.iter().map(|kept| Label { reviewer: &kept.reviewer, ..label(kept) }).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

fn kept(subject: &Subject, item: &Labelled) -> Option<Kept> {
    let scores: HashMap<String, f64> = serde_json::from_str(&item.scores).ok()?;
    Some(Kept {
        score: *scores.get(&*subject.rule)?,
        harmful: harmful(subject.category.as_deref(), item)?,
        probability: item.share,
        reviewer: Some(item.reviewer.clone()).filter(|reviewer| !reviewer.is_empty())?,
        reviewed: item.settled_at,
    })
}

/// Whether a category applies to the text of an item, by how it ended; `None` where that says nothing of it.
fn harmful(category: Option<&str>, item: &Labelled) -> Option<bool> {
    let claimed = item.rule.as_ref().map(|_| item.category.as_deref().unwrap_or(ANY));
    let judgement = Judgement::of(&item.outcome)?;
    let labels = labels_of(judgement, claimed, item.outcome_category.as_deref())?;
    let own = labels.get(category.unwrap_or(ANY)).copied();
    // Where nothing is wrong with a text, no category applies.
    own.or_else(|| (labels.get(ANY) == Some(&false)).then_some(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_says_of_a_category_whether_it_applies_or_nothing() {
        let item = |rule: Option<&str>, outcome: &str, named: Option<&str>| Labelled {
            rule: rule.map(|_| "r".to_owned()),
            category: rule.map(str::to_owned),
            outcome: outcome.to_owned(),
            outcome_category: named.map(str::to_owned),
            ..Labelled::default()
        };
        let hate = |item: Labelled| harmful(Some("hate"), &item);
        assert_eq!(hate(item(Some("hate"), "upheld", None)), Some(true));
        assert_eq!(hate(item(Some("hate"), "overturned", None)), Some(false));
        assert_eq!(hate(item(Some("hate"), "overturned", Some("violence"))), Some(false));
        assert_eq!(hate(item(Some("violence"), "upheld", None)), None);
        assert_eq!(hate(item(Some("violence"), "overturned", None)), Some(false));
        assert_eq!(hate(item(Some("violence"), "upheld", Some("hate"))), Some(true));
        assert_eq!(hate(item(None, "upheld", None)), Some(false));
        assert_eq!(hate(item(None, "overturned", None)), None);
        assert_eq!(hate(item(None, "overturned", Some("hate"))), Some(true));
        assert_eq!(hate(item(None, "unresolved", None)), None);
        assert_eq!(harmful(None, &item(None, "overturned", None)), Some(true));
    }
}
