//! What is to be known of the files of a policy that is in force.

use crate::config::LoadedPolicy;
use crate::config::policy_file::{Matcher, Pattern};
use crate::console::{PolicyFacts, RuleFacts};

/// The most characters of the words about a rule.
const MOST_WORDS: usize = 80;
/// The most names of detectors, word lists or classifiers that are told of a rule.
const MOST_NAMES: usize = 3;

/// What is to be known of a policy.
pub(in crate::app) fn facts(loaded: &LoadedPolicy) -> PolicyFacts {
    let files = loaded.documents.iter().map(|document| {
        let source = document.source();
        (source.name().to_owned(), source.text().to_owned())
    });
    let rules = loaded.file.rules.iter().enumerate().map(|(number, rule)| RuleFacts {
        id: rule.id.clone(),
        detect: words(&rule.matcher).chars().take(MOST_WORDS).collect(),
        source: loaded.whole(&format!("rules[{number}]")).0,
    });
    PolicyFacts {
        name: loaded.file.name.clone(),
        revision: loaded.revision.clone(),
        files: files.collect(),
        rules: rules.collect(),
        reads: loaded.reads.clone(),
    }
}

/// What a matcher looks for, in a few words: kinds, numbers and names, never the terms themselves.
fn words(matcher: &Matcher) -> String {
    let Matcher { detect, words, regex, lexicon, classifier, any, all, not, within } = matcher;
    let names = |names: &mut dyn Iterator<Item = &str>| {
        let all: Vec<&str> = names.collect();
        let shown = all.get(..MOST_NAMES.min(all.len())).unwrap_or_default().join(", ");
        let more = all.len().saturating_sub(MOST_NAMES);
        if more > 0 { format!("{shown} and {more} more") } else { shown }
    };
    let count =
        |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let mut parts = Vec::new();
    if let Some(detectors) = detect {
        parts.push(names(&mut detectors.iter().map(String::as_str)));
    }
    if let Some(terms) = words {
        parts.push(count(terms.iter().count(), "term"));
    }
    if let Some(patterns) = regex {
        let views = patterns.iter().any(Pattern::reads_views);
        let views = if views { " in every view" } else { "" };
        parts.push(format!("{}{views}", count(patterns.iter().count(), "pattern")));
    }
    if let Some(lists) = lexicon {
        parts.push(format!("list {}", names(&mut lists.iter().map(String::as_str))));
    }
    if let Some(classifiers) = classifier {
        parts.push(format!("classifier {}", names(&mut classifiers.names())));
    }
    for (key, part) in [("any", any), ("all", all), ("none", not)] {
        if let Some(part) = part {
            let inner: Vec<String> = part.iter().map(self::words).collect();
            parts.push(format!("{key} of ({})", inner.join("; ")));
        }
    }
    if let Some(window) = within {
        parts.push(format!("within {window}"));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_told_in_a_few_words_without_its_terms() {
        let told = |json: &str| words(&serde_json::from_str(json).expect("a matcher"));
        assert_eq!(told(r#"{"words":["secret","other"]}"#), "2 terms");
        assert_eq!(told(r#"{"detect":"email"}"#), "email");
        assert_eq!(told(r#"{"regex":[{"pattern":"a","views":true}]}"#), "1 pattern in every view");
        assert_eq!(
            told(r#"{"all":[{"words":"a"},{"lexicon":["x","y","z","w"]}],"within":"5 words"}"#),
            "all of (1 term; list x, y, z and 1 more), within 5 words"
        );
    }
}
