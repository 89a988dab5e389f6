//! Rules, one file at a time.

use std::collections::HashMap;

use super::unknown;
use crate::config::check::closest_word;
use crate::config::codes::Code;
use crate::config::document::{Document, join};
use crate::config::policy_file::{
    ExceptEntry, Matcher, MessageRef, PolicyFile, RuleAction, RuleFile,
};
use crate::config::problems::{Problem, Problems};
use crate::domain::{Author, OPENAI_CATEGORIES, Phase};

/// The keys that find something.
const MATCHERS: [&str; 8] =
    ["detect", "words", "regex", "lexicon", "classifier", "any", "all", "not"];

/// Each rule for itself, and ids that are given twice.
pub(in crate::config) fn rules(file: &PolicyFile, document: &Document, problems: &mut Problems) {
    duplicate_ids(file, document, problems);
    for (number, rule) in file.rules.iter().enumerate() {
        let place = Place { document, path: format!("rules[{number}]") };
        consequence(rule, &place, problems);
        reach(rule, &place, problems);
        near_category(rule, &place, problems);
        let written = MATCHERS.iter().any(|key| place.says(key));
        if rule.matcher.kinds().is_empty() && !written {
            let message = format!("rule `{}` looks for nothing", rule.id);
            let help = "a rule has one of: detect, words, regex, lexicon, classifier, any, all";
            let problem =
                Problem::new(Code::TG041, message).at(place.at("id"), "this rule has no matcher");
            problems.push(problem.help(help));
        }
        for (below, matcher) in rule.matcher.walk() {
            one_matcher(matcher, &place.below(&below), problems);
        }
    }
}

/// Names of word lists and messages: used and not defined, defined and not used.
pub(in crate::config) fn names(file: &PolicyFile, document: &Document, problems: &mut Problems) {
    let mut used_lists: Vec<&str> = Vec::new();
    let mut used_messages: Vec<&str> = Vec::new();
    for (number, rule) in file.rules.iter().enumerate() {
        let place = Place { document, path: format!("rules[{number}]") };
        for (path, name) in list_names(rule) {
            used_lists.push(name);
            if !file.lexicons.contains(name) && !document.may_name("lexicons", name) {
                problems.push(unknown(
                    Code::TG009,
                    "word list",
                    name,
                    place.at(&path),
                    file.lexicons.names(),
                ));
            }
        }
        if let Some(MessageRef::Id { id }) = &rule.message {
            used_messages.push(id);
            if !file.messages.contains(id) && !document.may_name("messages", id) {
                problems.push(unknown(
                    Code::TG009,
                    "message",
                    id,
                    place.at("message.id"),
                    file.messages.names(),
                ));
            }
        }
    }
    let unused =
        |name: &str, used: &[&str]| !used.contains(&name) && !document.may_use("rules", name);
    for name in file.lexicons.names().filter(|name| unused(name, &used_lists)) {
        let at = document.key_at(&format!("lexicons.{name}"));
        problems.report(
            Code::TG033,
            format!("no rule uses the word list `{name}`"),
            at,
            "defined here",
        );
    }
    for id in file.messages.names().filter(|id| unused(id, &used_messages)) {
        let at = document.key_at(&format!("messages.{id}"));
        problems.report(
            Code::TG034,
            format!("no rule uses the message `{id}`"),
            at,
            "defined here",
        );
    }
}

/// A place in a document, and the way on from it.
struct Place<'a> {
    document: &'a Document,
    path: String,
}

impl Place<'_> {
    fn at(&self, below: &str) -> crate::config::source::SourceSpan {
        self.document.at(&self.join(below))
    }

    fn key_at(&self, below: &str) -> crate::config::source::SourceSpan {
        self.document.key_at(&self.join(below))
    }

    fn below(&self, below: &str) -> Self {
        Self { document: self.document, path: self.join(below) }
    }

    /// Whether the file has this key here, with a sound value or not.
    fn says(&self, key: &str) -> bool {
        self.document.says(&self.join(key))
    }

    fn join(&self, below: &str) -> String {
        join(&self.path, below)
    }
}

fn duplicate_ids(file: &PolicyFile, document: &Document, problems: &mut Problems) {
    let mut seen: HashMap<&str, String> = HashMap::new();
    for (number, rule) in file.rules.iter().enumerate() {
        let path = format!("rules[{number}].id");
        match seen.get(rule.id.as_str()) {
            Some(first) => {
                let problem =
                    Problem::new(Code::TG006, format!("two rules have the id `{}`", rule.id));
                let problem = problem.at(document.at(&path), "this one");
                problems.push(problem.at(document.at(first), "is already given here"));
            }
            None => drop(seen.insert(&rule.id, path)),
        }
    }
    for (number, rule) in file.rules.iter().enumerate() {
        for (index, former) in
            rule.was.iter().enumerate().filter(|(_, former)| seen.contains_key(former.as_str()))
        {
            let at = document.at(&format!("rules[{number}].was[{index}]"));
            let message = format!("`{former}` is the id of a rule");
            problems.report(Code::TG006, message, at, "a former id cannot be in use");
        }
    }
}

/// What the rule does: one of `action` and `score`, and where pseudonyms can work.
fn consequence(rule: &RuleFile, place: &Place<'_>, problems: &mut Problems) {
    match (rule.action, rule.score) {
        (Some(_), Some(_)) => {
            let problem = Problem::new(
                Code::TG017,
                format!("rule `{}` has both `action` and `score`", rule.id),
            );
            problems.push(
                problem
                    .at(place.key_at("score"), "a rule acts, or adds to the total")
                    .at(place.key_at("action"), "it acts here"),
            );
        }
        // One that was written with a mistake is enough said.
        (None, None) if place.says("action") || place.says("score") => {}
        (None, None) => {
            let problem = Problem::new(
                Code::TG017,
                format!("rule `{}` has neither `action` nor `score`", rule.id),
            );
            let help = "actions: tag, redact, pseudonymise, review, respond, block; a `score` adds to the total";
            problems.push(problem.at(place.at("id"), "this rule would do nothing").help(help));
        }
        _ => {}
    }
    if rule.action == Some(RuleAction::Pseudonymise) && rule.on.contains(&Phase::Completion) {
        let problem =
            Problem::new(Code::TG018, format!("rule `{}` pseudonymises completions", rule.id));
        let at = if place.says("on") { place.at("on") } else { place.at("action") };
        problems
            .push(problem.at(at, "only prompts can be pseudonymised").help("add: on: [prompt]"));
    }
}

fn reach(rule: &RuleFile, place: &Place<'_>, problems: &mut Problems) {
    let only_completions = rule.on.iter().all(|phase| *phase == Phase::Completion);
    let Some(authors) = &rule.authors else { return };
    if only_completions && !authors.contains(&Author::Assistant) {
        let message = format!("rule `{}` can never match", rule.id);
        problems.report(
            Code::TG037,
            message,
            place.at("authors"),
            "completions are written by the assistant",
        );
    }
}

fn near_category(rule: &RuleFile, place: &Place<'_>, problems: &mut Problems) {
    let Some(category) = &rule.category else { return };
    if OPENAI_CATEGORIES.contains(&category.as_str()) {
        return;
    }
    let plain = category.to_lowercase().replace(['_', ' '], "-");
    if let Some(known) = closest_word(&plain, OPENAI_CATEGORIES) {
        let message = format!("`{category}` is almost a known category");
        problems.report(
            Code::TG038,
            message,
            place.at("category"),
            &format!("did you mean `{known}`?"),
        );
    }
}

/// One matcher, without what is inside it.
fn one_matcher(matcher: &Matcher, place: &Place<'_>, problems: &mut Problems) {
    let kinds = matcher.kinds();
    if let [first, second, ..] = kinds.as_slice() {
        let message = format!("`{first}` and `{second}` stand side by side");
        let problem =
            Problem::new(Code::TG041, message).at(place.key_at(second), "one matcher has one key");
        let problem = problem.at(place.key_at(first), "the other one");
        problems.push(problem.help(format!(
            "put them under `any: [{{ {first}: … }}, {{ {second}: … }}]`, or under `all`"
        )));
    }
    let alone = !MATCHERS.iter().any(|key| *key != "not" && place.says(key));
    if alone && matcher.not.is_some() {
        let problem = Problem::new(Code::TG041, "`not` takes away from nothing");
        problems.push(problem.at(place.key_at("not"), "a matcher is missing beside it"));
    }
    // Inside a `not`, it binds that to the matcher outside.
    let inside_not = place.path.rsplit('.').next().is_some_and(|last| last.starts_with("not["));
    if matcher.within.is_some() && !inside_not && !place.says("all") && !place.says("not") {
        let problem = Problem::new(Code::TG016, "`within` binds nothing here");
        let at = place.key_at("within");
        problems.push(problem.at(at, "it belongs beside `all`, or beside a matcher and its `not`"));
    }
}

/// The word lists that a rule names, with the paths to the names.
fn list_names(rule: &RuleFile) -> Vec<(String, &str)> {
    let mut names = Vec::new();
    for (below, matcher) in rule.matcher.walk() {
        for (index, name) in matcher.lexicon.iter().flat_map(|names| names.iter()).enumerate() {
            names.push((join(&below, &format!("lexicon[{index}]")), name.as_str()));
        }
    }
    for (number, entry) in rule.except.iter().enumerate() {
        if let ExceptEntry::Lexicon { lexicon } = entry {
            let places = lexicon.iter().enumerate();
            names.extend(
                places.map(|(at, name)| (format!("except[{number}].lexicon[{at}]"), name.as_str())),
            );
        }
    }
    names
}
