//! Parts of rules that could not be compiled.

/// The paths of the parts that have a mistake and are missing from a policy that was compiled all the same, for
/// the mistakes that only show then. A policy that takes effect has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps(Vec<String>);

/// Places where a part keeps a rule from firing.
const NARROWING: [&str; 3] = [".all[", ".not[", ".except["];

impl Gaps {
    /// Notes that the part at `path`, such as `rules[3].regex[0]`, is missing.
    pub(super) fn note(&mut self, path: &str) {
        self.0.push(path.to_owned());
    }

    /// Whether something is missing from a rule.
    pub fn are_in(&self, rule: usize) -> bool {
        self.of(rule).next().is_some()
    }

    /// Whether a rule may fire more often than it would without its mistakes.
    pub fn widen(&self, rule: usize) -> bool {
        self.of(rule).any(|path| NARROWING.iter().any(|part| path.contains(part)))
    }

    fn of(&self, rule: usize) -> impl Iterator<Item = &str> {
        let rule = format!("rules[{rule}].");
        self.0.iter().map(String::as_str).filter(move |path| path.starts_with(&rule))
    }
}
