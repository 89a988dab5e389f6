//! The most that each rule can hold back of a stream, and the parts of regexes that have no bound.

use std::fmt;

use regex_syntax::ast::{self, Ast, RepetitionKind, RepetitionRange, Visitor};

use crate::config::policy_file::{Classifier, ClassifierStream, Matcher, Pattern, RuleFile};
use crate::config::units::Size;
use crate::config::{LoadedPolicy, Named};
use crate::detect::entity;
use crate::detect::linear::LONGEST_BLOCK;
use crate::detect::longest_match;
use crate::domain::{Mode, Phase, Span};

/// The longest piece of a regex that is quoted, in characters.
const QUOTED: usize = 24;
/// The most bytes of a character.
const LONGEST_CHAR: usize = 4;

/// What one rule can hold back of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Id of the rule.
    pub rule: String,
    /// The most bytes, terms counted as they are written; `None` for a rule that does not read completions.
    pub most: Option<usize>,
    /// What needs the most: `term "…"`, `email`, or that a part of a regex has no bound.
    pub by: String,
    /// The window of its conditions, which is held too once the first part has matched.
    pub window: Option<String>,
}

/// One thing that a rule looks for.
struct Need {
    bytes: usize,
    by: String,
}

/// What each rule of a policy can hold back, in their order.
pub fn holds(loaded: &LoadedPolicy) -> Vec<Hold> {
    let most = loaded.file.stream.max_match;
    let rules = loaded.file.rules.iter();
    rules.map(|rule| hold(loaded, rule, rule.max_match.unwrap_or(most))).collect()
}

fn hold(loaded: &LoadedPolicy, rule: &RuleFile, max_match: Size) -> Hold {
    let id = rule.id.clone();
    if !rule.on.contains(&Phase::Completion) {
        let by = "reads no completions".to_owned();
        return Hold { rule: id, most: None, by, window: None };
    }
    let matchers = rule.matcher.walk();
    let needs = matchers.iter().flat_map(|(_, matcher)| needs(loaded, (rule, matcher), max_match));
    let largest = needs.max_by_key(|need| need.bytes);
    let window = matchers.iter().find_map(|(_, matcher)| matcher.within);
    let (bytes, by) = largest.map_or((0, String::new()), |need| (need.bytes, need.by));
    Hold { rule: id, most: Some(bytes), by, window: window.map(|window| window.to_string()) }
}

fn needs(
    loaded: &LoadedPolicy,
    (rule, matcher): (&RuleFile, &Matcher),
    max_match: Size,
) -> Vec<Need> {
    let mut needs = Vec::new();
    for name in matcher.detect.iter().flat_map(|list| list.iter()) {
        let patterns = entity::by_name(name).map_or(&[][..], |entity| entity.patterns);
        let longest = patterns.iter().filter_map(|pattern| longest_match(pattern).ok().flatten());
        needs.extend(longest.max().map(|bytes| Need { bytes, by: name.clone() }));
    }
    let words = matcher.words.iter().flat_map(|list| list.iter()).map(String::as_str);
    let lists = matcher.lexicon.iter().flat_map(|list| list.iter());
    let listed = lists.filter_map(|name| loaded.lexicons.get(name)).flat_map(|list| &list.terms);
    let terms = words.chain(listed.map(|term| term.text.as_str()));
    if let Some(longest) = terms.max_by_key(|term| term.len()) {
        needs.push(Need { bytes: longest.len(), by: format!("term \"{}\"", shortened(longest)) });
    }
    for pattern in matcher.regex.iter().flat_map(|list| list.iter()) {
        needs.extend(regex(pattern, max_match));
    }
    for (name, _) in matcher.classifier.iter().flat_map(Named::iter) {
        let classifier = loaded.file.classifiers.get(name);
        let on_trial = rule.mode == Some(Mode::Shadow);
        let waits = |one: &Classifier| one.stream == ClassifierStream::Hold;
        let (characters, why) = match classifier {
            _ if on_trial => (0, ", on trial"),
            Some(classifier) if waits(classifier) => (LONGEST_BLOCK, ""),
            Some(_) | None => (1, ""),
        };
        let by = format!("classifier `{name}`{why}");
        needs.push(Need { bytes: characters * LONGEST_CHAR, by });
    }
    needs
}

fn regex(pattern: &Pattern, max_match: Size) -> Option<Need> {
    let text = pattern.text();
    let longest = longest_match(text).ok()?;
    let most = max_match.as_usize();
    Some(match longest.filter(|&longest| longest <= most) {
        Some(bytes) => Need { bytes, by: format!("regex `{}`", shortened(text)) },
        None => {
            Need { bytes: most, by: format!("{}, held up to {max_match}", endless(text, longest)) }
        }
    })
}

fn endless(pattern: &str, longest: Option<usize>) -> String {
    let part = unbounded_part(pattern).and_then(|span| pattern.get(span.range()));
    match (longest, part) {
        (Some(longest), _) => format!("a regex of up to {longest} bytes"),
        (None, Some(part)) => format!("unbounded (`{}`)", shortened(part)),
        (None, None) => "unbounded".to_owned(),
    }
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Where the first repetition without an upper bound stands in a regex.
pub(super) fn unbounded_part(pattern: &str) -> Option<Span> {
    let ast = ast::parse::Parser::new().parse(pattern).ok()?;
    let found = ast::visit(&ast, Endless::default()).ok()?;
    found.map(|span| Span::new(span.start.offset, span.end.offset))
}

#[derive(Default)]
struct Endless {
    found: Option<ast::Span>,
}

impl Visitor for Endless {
    type Output = Option<ast::Span>;
    type Err = std::convert::Infallible;

    fn finish(self) -> Result<Self::Output, Self::Err> {
        Ok(self.found)
    }

    fn visit_post(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        if let Ast::Repetition(repetition) = ast {
            let endless = matches!(
                repetition.op.kind,
                RepetitionKind::ZeroOrMore
                    | RepetitionKind::OneOrMore
                    | RepetitionKind::Range(RepetitionRange::AtLeast(_))
            );
            if endless && self.found.is_none() {
                self.found = Some(repetition.span);
            }
        }
        Ok(())
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, most, by, window } = self;
        match most {
            Some(most) => write!(f, "{rule:<32} {most:>7}  {by}")?,
            None => write!(f, "{rule:<32} {:>7}  {by}", "-")?,
        }
        match window {
            Some(window) => write!(f, ", and its window of {window}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_without_a_bound_is_named() {
        for (pattern, part) in [
            (r"https://\S+", Some(r"\S+")),
            (r"(?i)ignore .* rules", Some(".*")),
            (r"(a{3,}b){2}", Some("a{3,}")),
            (r"前面.+后面", Some(".+")),
            (r"[a-z]{1,9}x?", None),
            ("(", None),
        ] {
            let found = unbounded_part(pattern).map(|span| &pattern[span.range()]);
            assert_eq!(found, part, "{pattern}");
        }
    }
}
