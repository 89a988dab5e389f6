//! Sentences in which only the name of a group changes: whether the verdict changes with it.

use std::num::NonZeroUsize;

use super::data::{ANY, Scores};
use super::judge::{Judge, Prediction, Question};
use super::metrics::{Confusion, Disparity, Group, flips};
use super::report::GroupLine;
use super::run::{RunError, judge_all};
use crate::config::identities_file::{IdentitiesFile, Identity};
use crate::domain::Phase;

/// How many flips are kept to be shown; the rest is only counted.
const MOST_FLIPS_SHOWN: usize = 50;

/// What came of the sentences.
#[derive(Clone, Debug, Default)]
pub struct ProbeReport {
    /// Sentences, counted once for each way of travelling.
    pub templates: u64,
    /// Texts that were judged, one for each sentence and group.
    pub texts: u64,
    /// Texts whose verdict is not the one that most groups get in the same sentence.
    pub flipped: u64,
    /// Texts that the judge gave no answer to; they are in no rate.
    pub unscreened: u64,
    /// The mean, over the sentences, of the highest less the lowest score of `any`.
    pub score_gap: Option<f64>,
    /// Each group in each language.
    pub identities: Vec<IdentityLine>,
    /// How differently the groups fare.
    pub disparity: Disparity,
    /// The first of the flips.
    pub shown: Vec<Flip>,
}

/// One group in one language. No sentence says anything harmful, so that every selected text is a false alarm.
#[derive(Clone, Debug)]
pub struct IdentityLine {
    /// The language.
    pub language: String,
    /// What the group is one of.
    pub axis: String,
    /// Its counts.
    pub line: GroupLine,
    /// How many of its texts got another verdict than most groups'.
    pub flipped: u64,
}

/// One text with another verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// The text.
    pub text: String,
    /// Which way it travels.
    pub phase: Phase,
    /// The categories that most groups get.
    pub usual: Vec<String>,
    /// The categories that this one got.
    pub came: Vec<String>,
}

// === impl ProbeReport ===

impl ProbeReport {
    /// The part of the texts whose verdict flips; `None` where nothing was judged.
    #[expect(clippy::cast_precision_loss, reason = "counts of texts are far below 2^53")]
    pub fn flip_rate(&self) -> Option<f64> {
        let judged = self.texts - self.unscreened;
        (judged > 0).then(|| self.flipped as f64 / judged as f64)
    }
}

/// Has every sentence judged with every group in it, as a prompt and as a completion.
///
/// # Errors
/// When a thread ended before its work was done.
pub fn probe(
    judge: &dyn Judge,
    file: &IdentitiesFile,
    jobs: NonZeroUsize,
) -> Result<ProbeReport, RunError> {
    let mut report = ProbeReport::default();
    let mut gaps = Vec::new();
    let none = Scores::new();
    for (language, said) in file.languages.iter() {
        let mut lines: Vec<(Confusion, u64)> = vec![Default::default(); said.identities.len()];
        for template in &said.templates {
            for phase in Phase::ALL {
                let texts: Vec<String> =
                    said.identities.iter().map(|identity| identity.put_into(template)).collect();
                let ask = |text| Question { text, phase, scores: &none };
                let asked: Vec<_> = texts.iter().map(|text| ask(text)).collect();
                let said = judge_all(&asked, &[judge], jobs)?;
                let said: Vec<Prediction> = said.into_iter().flatten().collect();
                report.take(&texts, phase, &said, &mut lines);
                gaps.extend(gap(&said));
            }
        }
        for (identity, (confusion, flipped)) in said.identities.iter().zip(lines) {
            report.identities.push(IdentityLine {
                language: language.to_owned(),
                axis: identity.axis.clone(),
                line: GroupLine::of(&identity.name, confusion, 0),
                flipped,
            });
        }
    }
    report.score_gap = mean(&gaps);
    let groups: Vec<Group> =
        report.identities.iter().map(|identity| identity.line.group.clone()).collect();
    report.disparity = Disparity::between(&groups);
    Ok(report)
}

// === impl ProbeReport ===

impl ProbeReport {
    /// Takes in what was said of one sentence, group by group.
    fn take(
        &mut self,
        texts: &[String],
        phase: Phase,
        said: &[Prediction],
        lines: &mut [(Confusion, u64)],
    ) {
        self.templates += 1;
        self.texts += texts.len() as u64;
        let mut judged = Vec::new();
        for ((text, prediction), line) in texts.iter().zip(said).zip(lines) {
            if prediction.unscreened {
                self.unscreened += 1;
                continue;
            }
            line.0.add(false, prediction.of(ANY).selected, 1);
            judged.push((text, prediction.selected(), line));
        }
        let verdicts: Vec<Vec<&str>> = judged.iter().map(|one| one.1.clone()).collect();
        let Some(found) = flips(&verdicts) else { return };
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        for (place, (text, came, line)) in judged.into_iter().enumerate() {
            if found.flipped.binary_search(&place).is_err() {
                continue;
            }
            line.1 += 1;
            self.flipped += 1;
            if self.shown.len() < MOST_FLIPS_SHOWN {
                let (usual, came) = (owned(&found.usual), owned(&came));
                self.shown.push(Flip { text: text.clone(), phase, usual, came });
            }
        }
    }
}

/// How far the scores of one sentence lie apart.
fn gap(said: &[Prediction]) -> Option<f64> {
    let scores = said.iter().filter(|one| !one.unscreened).map(|one| one.of(ANY).score);
    let (lowest, highest) = scores
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), score| {
            (low.min(score), high.max(score))
        });
    (lowest <= highest).then_some(highest - lowest)
}

#[expect(clippy::cast_precision_loss, reason = "the number of sentences is small")]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

// === impl Identity ===

impl Identity {
    /// A sentence about this group. A name that begins a sentence begins with a capital letter.
    pub fn put_into(&self, template: &str) -> String {
        let text = template.replace("{one}", &self.one).replace("{many}", &self.many);
        if !["{one}", "{many}"].iter().any(|place| template.starts_with(place)) {
            return text;
        }
        let mut characters = text.chars();
        let first = characters.next().map(|first| first.to_uppercase().to_string());
        first.unwrap_or_default() + characters.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Named;
    use crate::config::identities_file::IdentityLanguage;
    use crate::eval::judge::Call;

    fn identity(name: &str) -> Identity {
        Identity {
            name: name.to_owned(),
            axis: "test".to_owned(),
            one: format!("a {name}"),
            many: format!("{name}s"),
        }
    }

    fn file() -> IdentitiesFile {
        let language = IdentityLanguage {
            identities: ["ab", "cd", "ef"].map(identity).to_vec(),
            templates: vec!["I met {one}.".to_owned(), "{many} came.".to_owned()],
        };
        IdentitiesFile { version: 1, languages: Named(vec![("en".to_owned(), language)]) }
    }

    /// Is afraid of one group in completions, and cannot read another in prompts.
    struct Biased;

    impl Judge for Biased {
        fn name(&self) -> String {
            "biased".to_owned()
        }

        fn gives_probabilities(&self) -> bool {
            true
        }

        fn judge(&self, question: Question<'_>) -> Prediction {
            let Question { text, phase, .. } = question;
            let mut said = Prediction::default();
            let text = text.to_lowercase();
            if text.contains("ef") && phase == Phase::Prompt {
                said.unscreened = true;
            }
            let afraid = text.contains("ab") && phase == Phase::Completion;
            said.note("hate", Call { selected: afraid, score: if afraid { 0.75 } else { 0.25 } });
            said
        }
    }

    #[test]
    fn a_verdict_that_changes_with_the_group_is_a_flip() {
        let jobs = NonZeroUsize::new(2).expect("two");
        let report = probe(&Biased, &file(), jobs).expect("judged");
        assert_eq!((report.templates, report.texts, report.unscreened), (4, 12, 2));
        assert_eq!((report.flipped, report.flip_rate()), (2, Some(0.2)));
        let shown: Vec<&str> = report.shown.iter().map(|flip| flip.text.as_str()).collect();
        assert_eq!(shown, ["I met a ab.", "Abs came."]);
        let flip = report.shown.first().expect("one");
        assert_eq!((flip.phase, flip.usual.len(), flip.came.len()), (Phase::Completion, 0, 2));
        // Half of the texts are completions, in which the scores lie 0.5 apart.
        assert_eq!(report.score_gap, Some(0.25));
        let rates: Vec<_> = report
            .identities
            .iter()
            .map(|one| one.line.group.confusion.false_alarm_rate())
            .collect();
        assert_eq!(rates, [Some(0.5), Some(0.0), Some(0.0)]);
        assert_eq!(report.disparity.disparate_impact, Some(0.0));
        assert_eq!(report.disparity.equalized_odds, Some(0.5));
    }

    #[test]
    fn nothing_to_judge_has_no_rate() {
        assert_eq!(ProbeReport::default().flip_rate(), None);
    }
}
