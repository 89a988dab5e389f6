//! Tries variants of a row: whether each is found, whole and streamed, and what is left after it was taken out.

use std::collections::BTreeMap;

use tidegate::domain::Span;
use tidegate::engine::Scratch;

use crate::gate::{answer, pieces, policy, redacted, streamed, whole};
use crate::rng::Rng;
use crate::rows::Row;
use crate::terms::{Planted, plant};

/// What a stream holds for one match (`stream.max_match`): a longer disguise may end it instead.
const MOST_HELD: usize = 1024;

/// What came of a row.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) variants: usize,
    /// How many there were of each term.
    pub(crate) of_terms: BTreeMap<&'static str, usize>,
    /// Variants in which the term itself was found where it is.
    pub(crate) found: usize,
    /// Variants of which nothing is left in what a streaming client gets.
    pub(crate) found_streamed: usize,
    /// The views that saw them.
    pub(crate) views: BTreeMap<String, usize>,
    /// Some that were not found.
    pub(crate) missed: Vec<String>,
    /// Streams whose text is not that of the whole.
    pub(crate) streams_differ: Vec<String>,
    /// Texts in which something is found again after it was taken out.
    pub(crate) found_again: Vec<String>,
    /// Texts that lost or changed something beside the term.
    pub(crate) neighbours_hurt: Vec<String>,
}

impl Outcome {
    /// Of a thousand, so many are found, rounded down.
    pub(crate) fn recall(&self) -> usize {
        self.found * 1000 / self.variants.max(1)
    }

    pub(crate) fn recall_streamed(&self) -> usize {
        self.found_streamed * 1000 / self.variants.max(1)
    }

    /// The view that saw most of them.
    pub(crate) fn view(&self) -> &str {
        self.views.iter().max_by_key(|(_, count)| **count).map_or("", |(view, _)| view)
    }
}

/// Tries so many variants of each term of a row. The first ones are the same however many there are.
pub(crate) fn run(row: &Row, variants: u64) -> Outcome {
    let mut outcome = Outcome::default();
    let mut scratch = Scratch::default();
    for (language, term) in row.terms() {
        for number in 0..variants {
            let mut rng = Rng::of(&[row.id, term], number);
            let variant = (row.make)(&mut rng, term);
            if variant == term {
                continue;
            }
            let planted = plant(&mut rng, language, variant);
            *outcome.of_terms.entry(term).or_default() += 1;
            try_one(&mut outcome, &mut rng, term, &planted, &mut scratch);
        }
    }
    outcome
}

fn try_one(
    outcome: &mut Outcome,
    rng: &mut Rng,
    term: &str,
    planted: &Planted,
    scratch: &mut Scratch,
) {
    let text = planted.text();
    let place = Span::new(planted.before.len(), planted.before.len() + planted.variant.len());
    let verdict = whole(policy(), &text, scratch);
    let after = redacted(&text, &verdict);
    let hit = verdict.findings.iter().find(|one| &*one.matched == term && one.span.overlaps(place));
    outcome.variants += 1;
    let shown = || format!("{term}: {:?}", planted.variant);
    match hit {
        Some(hit) => {
            outcome.found += 1;
            *outcome.views.entry(hit.view.to_string()).or_default() += 1;
        }
        None => outcome.missed.push(shown()),
    }
    let most = rng.pick(&[1, 3, 6, 8, 16, 16, 32, 32]);
    let client = streamed(policy(), &pieces(rng, &text, most), scratch);
    // What only prompts are read for is not looked for in an answer, streamed or whole.
    let whole_answer = answer(policy(), &text, scratch);
    let in_answer =
        whole_answer.findings.iter().any(|one| &*one.matched == term && one.span.overlaps(place));
    let after_answer = redacted(&text, &whole_answer);
    let stopped = planted.variant.len() > MOST_HELD && {
        let nothing_passed = answer(policy(), &client, scratch).findings.is_empty();
        client.starts_with(&planted.before) && nothing_passed
    };
    if client == after_answer || stopped {
        outcome.found_streamed += usize::from(in_answer);
    } else {
        let differ = format!("{}: whole {after_answer:?}, streamed {client:?}", shown());
        outcome.streams_differ.push(differ);
    }
    if verdict.findings.is_empty() {
        return;
    }
    let again = whole(policy(), &after, scratch);
    if let Some(again) = again.findings.first() {
        let how = format!("{} in {}", again.matched, again.view);
        outcome.found_again.push(format!("{}: {after:?} has {how}", shown()));
    }
    if !(after.starts_with(&planted.before) && after.ends_with(&planted.after)) {
        outcome.neighbours_hurt.push(format!("{}: {text:?} became {after:?}", shown()));
    }
}
