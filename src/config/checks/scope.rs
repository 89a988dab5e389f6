//! Overrides and suppressions: whether a client could make the policy milder with them, and which are never reached.

use crate::config::codes::Code;
use crate::config::load::LoadedPolicy;
use crate::config::policy_file::{OverrideFile, PolicyFile, When};
use crate::config::problems::{Problem, Problems};
use crate::domain::{Level, Mode};

/// The most overrides of one policy: each is a variant of the policy that is made ahead.
const OVERRIDE_LIMIT: usize = 64;

/// What helps against each kind of loosening.
const HELP: &str = "loosening may hang on `tenant`, `key` and `route` only";

/// The overrides and suppressions of a policy with its packs.
pub(in crate::config) fn scopes(policy: &LoadedPolicy, problems: &mut Problems) {
    let overrides = &policy.file.overrides;
    if overrides.len() > OVERRIDE_LIMIT {
        let message = format!("more than {OVERRIDE_LIMIT} overrides");
        let at = policy.at(&format!("overrides[{OVERRIDE_LIMIT}]"));
        problems.report(Code::TG026, message, at, "one too many");
    }
    for (number, one) in overrides.iter().enumerate().take(OVERRIDE_LIMIT) {
        if one.when.is_chosen_by_client() {
            loosening(policy, one, number, problems);
            overtaking(policy, one, number, problems);
        }
        unreached(policy, one, number, problems);
    }
    suppressions(policy, problems);
}

/// What an override makes milder although a client can bring it about.
fn loosening(policy: &LoadedPolicy, one: &OverrideFile, number: usize, problems: &mut Problems) {
    let file = &policy.file;
    let mut report = |path: String, what: &str| {
        let message = format!("this override loosens {what} by something the client chooses");
        let at = policy.at(&format!("overrides[{number}].set.{path}"));
        let problem = Problem::new(Code::TG045, message).at(at, "this is milder than the policy");
        let when = policy.at(&format!("overrides[{number}].when"));
        problems.push(problem.at(when, "a client can bring this about").help(HELP));
    };
    if one.set.sensitivity.is_some_and(|level| level < file.sensitivity) {
        report("sensitivity".to_owned(), "the sensitivity");
    }
    let mode = one.set.mode.unwrap_or(file.mode);
    if mode < file.mode {
        report("mode".to_owned(), "the mode");
        return;
    }
    for (id, change) in one.set.rules.iter() {
        if change.mode < rule_mode(file, None, id) {
            report(format!("rules.{id}.mode"), &format!("rule `{id}`"));
        }
    }
}

/// An override that a client brings about and that keeps a stricter one from applying, since the first that matches
/// counts.
fn overtaking(policy: &LoadedPolicy, one: &OverrideFile, number: usize, problems: &mut Problems) {
    let file = &policy.file;
    let later = file.overrides.iter().enumerate().skip(number + 1).take(OVERRIDE_LIMIT);
    let fixed = later.filter(|(_, other)| !other.when.is_chosen_by_client());
    for (other_number, other) in fixed.filter(|(_, other)| !exclude(&one.when, &other.when)) {
        let level =
            |set: &OverrideFile| -> Level { set.set.sensitivity.unwrap_or(file.sensitivity) };
        let named = one.set.rules.names().chain(other.set.rules.names());
        let milder_rule = named
            .into_iter()
            .any(|id| rule_mode(file, Some(one), id) < rule_mode(file, Some(other), id));
        let mode = |set: &OverrideFile| set.set.mode.unwrap_or(file.mode);
        if level(one) >= level(other) && mode(one) >= mode(other) && !milder_rule {
            continue;
        }
        let message = "this override can keep a stricter one from applying";
        let problem = Problem::new(Code::TG045, message)
            .at(policy.at(&format!("overrides[{number}].when")), "a client can bring this about")
            .at(policy.at(&format!("overrides[{other_number}].set")), "this would be stricter");
        problems.push(problem.help("the first that matches counts: put the stricter one first"));
    }
}

/// The mode of a rule under an override, or under none. A trial counts as over: it will be.
fn rule_mode(file: &PolicyFile, with: Option<&OverrideFile>, id: &str) -> Mode {
    let set = with.map(|with| &with.set);
    let policy = set.and_then(|set| set.mode).unwrap_or(file.mode);
    let changed = set.and_then(|set| set.rules.iter().find(|(name, _)| *name == id));
    let rule = || file.rules.iter().find(|rule| rule.id == id)?.mode;
    let own = changed.map(|(_, change)| change.mode).or_else(rule);
    policy.min(own.unwrap_or(Mode::Enforce))
}

fn unreached(policy: &LoadedPolicy, one: &OverrideFile, number: usize, problems: &mut Problems) {
    let mut earlier = policy.file.overrides.iter().take(number);
    let Some(earlier) = earlier.position(|earlier| implies(&one.when, &earlier.when)) else {
        return;
    };
    let at = |number: usize| policy.at(&format!("overrides[{number}].when"));
    let problem = Problem::new(Code::TG046, "this override is never reached");
    problems.push(
        problem.at(at(number), "wherever this applies").at(at(earlier), "this applies already"),
    );
}

/// Whether `other` holds wherever `when` does, as far as the written values tell.
fn implies(when: &When, other: &When) -> bool {
    let given = when.conditions();
    other.conditions().iter().all(|(key, pattern)| {
        given.iter().any(|(name, value)| {
            let covered = !value.contains('*') && crate::config::fits(pattern, value);
            name == key && (*pattern == "*" || value == pattern || covered)
        })
    })
}

/// Whether no request can fulfil both, as far as the written values tell.
fn exclude(when: &When, other: &When) -> bool {
    let given = when.conditions();
    other.conditions().iter().any(|(key, value)| {
        // Of a header there may be several.
        let single = !key.starts_with("header ") && !value.contains('*');
        let apart =
            |(name, other): &(String, &str)| name == key && !crate::config::fits(other, value);
        single && given.iter().any(apart)
    })
}

/// A rule that is off where a client says so is a client that loosens.
fn suppressions(policy: &LoadedPolicy, problems: &mut Problems) {
    for (number, entry) in policy.file.suppress.iter().enumerate() {
        if entry.when.as_ref().is_some_and(When::is_chosen_by_client) {
            let message = format!(
                "`suppress` switches rule `{}` off by something the client chooses",
                entry.rule
            );
            let at = policy.at(&format!("suppress[{number}].when"));
            let problem = Problem::new(Code::TG045, message);
            let problem = problem.at(at, "a client can bring this about");
            problems.push(problem.help(HELP));
        }
    }
}
