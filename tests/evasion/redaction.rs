//! T18: what is taken out is the disguised term, all of it, and nothing beside it.

use tidegate::engine::Scratch;

use crate::gate::{policy, redacted, whole};
use crate::known::known;
use crate::rng::Rng;
use crate::rows::{Layer, ROWS, Row};
use crate::terms::Language;

const BETWEEN: &str = " 👩🏽‍🚀 “naïve” 𝕏 then 再来一次 नमस्ते ";

#[test]
fn t18_two_disguised_terms_go_and_what_is_before_between_and_behind_stays() {
    let mut scratch = Scratch::default();
    let mut tried = 0;
    let owed = |row: &&Row| row.layer != Layer::Classify && known(row).is_none();
    for row in ROWS.iter().filter(owed) {
        let terms: Vec<(Language, &str)> = row.terms().collect();
        for number in 0..12 {
            let mut rng = Rng::of(&["T18", row.id], number);
            let (first, second) = (rng.pick(&terms).1, rng.pick(&terms).1);
            let (one, two) = ((row.make)(&mut rng, first), (row.make)(&mut rng, second));
            let (before, after) = ("𝒜 first line 🏴󠁧󠁢󠁥󠁮󠁧󠁿 é:\n", "\n👍 last line, ﷽.");
            let text = [before, &one, BETWEEN, &two, after].concat();
            let verdict = whole(policy(), &text, &mut scratch);
            let (from, upto) = (before.len() + one.len(), text.len() - after.len() - two.len());
            let is_left = |at: usize, of: &str| {
                verdict
                    .findings
                    .iter()
                    .any(|hit| &*hit.matched == of && (hit.span.start < from) == (at == 0))
            };
            if !(is_left(0, first) && is_left(1, second)) {
                continue;
            }
            tried += 1;
            let out = redacted(&text, &verdict);
            assert!(
                out.starts_with(before) && out.ends_with(after),
                "{}: {text:?} became {out:?}",
                row.id
            );
            assert_eq!(&text[from..upto], BETWEEN);
            assert!(out.contains(BETWEEN), "{}: {text:?} became {out:?}", row.id);
            let again = whole(policy(), &out, &mut scratch);
            assert!(
                again.findings.is_empty(),
                "{}: {text:?} became {out:?}: {:?}",
                row.id,
                again.findings
            );
        }
    }
    assert!(tried > 100, "only {tried} texts had both");
}
