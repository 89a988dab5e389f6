//! Which variant of a policy a request gets: `overrides` and the conditions of `suppress`.
//!
//! The variants of overrides are made ahead and share everything with the policy but its settings. It does not
//! check that a client cannot loosen anything: `config` refuses such a file.

use std::hash::{Hash as _, Hasher};
use std::sync::Arc;

use jiff::civil::Date;

use super::{Policy, Rule};
use crate::config::fits;
use crate::config::policy_file::{OverrideFile, OverrideSet, PolicyFile, When};

/// What is known of a request that conditions can hang on.
#[derive(Clone, Copy)]
pub struct Facts<'r> {
    /// Id of the route.
    pub route: &'r str,
    /// The path.
    pub path: &'r str,
    /// The model that is asked for.
    pub model: &'r str,
    /// The language, where it is known, as a tag such as `zh-CN`.
    pub language: Option<&'r str>,
    /// The values of a header, by its name in lower case.
    pub headers: &'r dyn Fn(&str) -> Vec<&'r str>,
}

/// Conditions on a request, all of which have to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    tests: Vec<(About, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum About {
    /// A header by its name in lower case.
    Header(String),
    Path,
    Model,
    Language,
    Route,
    /// Who is calling, which no request says yet: never holds.
    Caller,
}

/// A rule that is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Suppressed {
    /// Index of the rule.
    pub rule: usize,
    /// The last day; for good where there is none.
    pub until: Option<Date>,
}

/// What a policy becomes for requests that fulfil a condition.
#[derive(Clone, Debug)]
pub struct Variant {
    /// When.
    pub when: Condition,
    /// What it becomes.
    pub policy: Arc<Policy>,
}

// === impl Condition ===

impl Condition {
    /// The condition as it runs.
    pub fn new(when: &When) -> Self {
        let When { header, path, model, language, tenant, key, route } = when;
        let mut tests: Vec<(About, String)> = Vec::new();
        for (name, value) in header.iter().flat_map(crate::config::Named::iter) {
            tests.push((About::Header(name.to_ascii_lowercase()), value.clone()));
        }
        let others = [
            (About::Path, path),
            (About::Model, model),
            (About::Language, language),
            (About::Route, route),
            (About::Caller, tenant),
            (About::Caller, key),
        ];
        for (about, value) in others {
            tests.extend(value.clone().map(|value| (about, value)));
        }
        Self { tests }
    }

    /// Whether a request fulfils all of it.
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.tests.iter().all(|(about, pattern)| match about {
            About::Header(name) => (facts.headers)(name).iter().any(|value| fits(pattern, value)),
            About::Path => fits(pattern, facts.path),
            About::Model => fits(pattern, facts.model),
            About::Route => fits(pattern, facts.route),
            About::Language => facts.language.is_some_and(|tag| speaks(pattern, tag)),
            About::Caller => false,
        })
    }
}

/// Whether a language tag, or its language without the region, fits a pattern.
fn speaks(pattern: &str, tag: &str) -> bool {
    let (pattern, tag) = (pattern.to_ascii_lowercase(), tag.to_ascii_lowercase().replace('_', "-"));
    let language = tag.split('-').next().unwrap_or_default();
    fits(&pattern, &tag) || fits(&pattern, language)
}

// === impl Suppressed ===

impl Suppressed {
    /// Whether the rule is off on a given day.
    pub fn holds_on(&self, today: Date) -> bool {
        self.until.is_none_or(|until| today <= until)
    }
}

// === impl Policy ===

impl Policy {
    /// The policy as this request gets it: with the first override that applies, and without the rules that are
    /// suppressed for it.
    pub fn for_request(self: &Arc<Self>, facts: &Facts<'_>) -> Arc<Self> {
        let overridden = self.variants.iter().find(|variant| variant.when.holds(facts));
        let chosen = overridden.map_or(self, |variant| &variant.policy);
        let off = self.conditional.iter().filter(|(when, _)| when.holds(facts));
        let off: Vec<Suppressed> = off.map(|(_, suppressed)| *suppressed).collect();
        if off.is_empty() {
            return Arc::clone(chosen);
        }
        let suppressed = chosen.suppressed.iter().copied().chain(off).collect();
        Arc::new(Self { suppressed, ..Self::clone(chosen) })
    }

    /// Whether the other is the same variant of the same policy.
    pub fn is_same_variant(&self, other: &Self) -> bool {
        // Each variant of an override has rules of its own, and copies share them.
        Arc::ptr_eq(&self.rules, &other.rules) && self.suppressed == other.suppressed
    }

    /// Hashes what tells it from other variants of it, and from all other policies that are there.
    pub fn hash_variant(&self, hasher: &mut impl Hasher) {
        Arc::as_ptr(&self.rules).hash(hasher);
        self.suppressed.hash(hasher);
    }

    /// The policy with its overrides made ahead, and with what is switched off.
    pub(super) fn scoped(mut self, file: &PolicyFile) -> Self {
        let mut conditional = Vec::new();
        for entry in &file.suppress {
            // A rule that is off for good is not there any more.
            let rule = self.rules.iter().position(|rule| *rule.id == entry.rule);
            let Some(rule) = rule else { continue };
            let suppressed = Suppressed { rule, until: entry.until.map(|day| day.0) };
            match &entry.when {
                Some(when) => conditional.push((Condition::new(when), suppressed)),
                None => self.suppressed.push(suppressed),
            }
        }
        let variant = |one: &OverrideFile| Variant {
            when: Condition::new(&one.when),
            policy: Arc::new(self.with(&one.set)),
        };
        let variants: Vec<Variant> = file.overrides.iter().map(variant).collect();
        Self { variants: variants.into(), conditional: conditional.into(), ..self }
    }

    /// The policy with what an override sets.
    pub(super) fn with(&self, set: &OverrideSet) -> Self {
        let mut rules: Vec<Rule> = self.rules.to_vec();
        for (id, change) in set.rules.iter() {
            for rule in rules.iter_mut().filter(|rule| &*rule.id == id) {
                rule.mode = change.mode;
                // Who says the mode here does not want the trial.
                rule.shadow_until = None;
            }
        }
        Self {
            mode: set.mode.unwrap_or(self.mode),
            sensitivity: set.sensitivity.unwrap_or(self.sensitivity),
            rules: rules.into(),
            ..self.clone()
        }
    }
}

impl std::fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { route, path, model, language, headers: _ } = self;
        f.debug_struct("Facts")
            .field("route", route)
            .field("path", path)
            .field("model", model)
            .field("language", language)
            .finish_non_exhaustive()
    }
}
