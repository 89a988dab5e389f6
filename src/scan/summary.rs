//! What a run came to, in counts.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The most bytes of a text in a sample.
pub const LONGEST_SHOWN: usize = 200;

/// Counts of rows. They name rules, categories and places, never what a row says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows that were judged.
    pub rows: u64,
    /// Those of them that pass.
    pub kept: u64,
    /// Those that do not, unscannable ones with them.
    pub dropped: u64,
    /// Those that were changed.
    pub redacted: u64,
    /// Those that could not be screened.
    pub unscannable: u64,
    /// Those about which a classifier was to be asked and gave no answer.
    #[serde(default)]
    pub unanswered: u64,
    /// Rows that cannot be used, which are in no output and not among [`Self::rows`].
    pub bad: u64,
    /// Rows by what the policy does with them.
    pub by_action: BTreeMap<String, u64>,
    /// Rows in which a category was found.
    pub by_category: BTreeMap<String, u64>,
    /// Rows in which a rule fired.
    pub by_rule: BTreeMap<String, u64>,
    /// The first rows that did not pass or were changed, as many as were asked for.
    pub samples: Vec<Sample>,
}

/// A row that did not pass, or was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// File and line.
    pub place: String,
    /// What the policy does with it.
    pub action: String,
    /// The rules that fired.
    pub rules: Vec<String>,
    /// The beginning of its texts, where it was asked for; written down nowhere.
    #[serde(skip)]
    pub text: Option<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, kept, dropped, redacted, unscannable, unanswered, bad, .. } = self;
        write!(f, "rows: {rows} judged, {kept} kept, {dropped} dropped, {redacted} redacted")?;
        writeln!(f, "; {unscannable} unscannable, {bad} bad")?;
        if *unanswered > 0 {
            writeln!(
                f,
                "warning: about {unanswered} rows a classifier gave no answer; they do not pass"
            )?;
        }
        let groups = [
            ("actions", &self.by_action),
            ("categories", &self.by_category),
            ("rules", &self.by_rule),
        ];
        for (name, counts) in groups {
            if !counts.is_empty() {
                let mut counts: Vec<_> = counts.iter().collect();
                counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
                let counts: Vec<String> =
                    counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
                writeln!(f, "{name}: {}", counts.join(", "))?;
            }
        }
        for sample in &self.samples {
            write!(f, "sample: {}: {}", sample.place, sample.action)?;
            if !sample.rules.is_empty() {
                write!(f, " by {}", sample.rules.join(", "))?;
            }
            match &sample.text {
                Some(text) => writeln!(f, ": {text}")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}
