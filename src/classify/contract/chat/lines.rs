//! Answers of lines `Key: value`, each key once, and nothing else.

use super::super::unreadable::Unreadable;

/// The lines, by keys that are compared without case.
pub(super) struct Lines<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Lines<'t> {
    /// Every line that is not blank has to have one of the keys.
    pub(super) fn read(text: &'t str, keys: &[&str]) -> Result<Self, Unreadable> {
        let mut lines: Vec<(&str, &str)> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (key, value) = line.split_once(':').ok_or_else(|| Unreadable::prose(text))?;
            let (key, value) = (key.trim(), value.trim());
            if !keys.iter().any(|known| known.eq_ignore_ascii_case(key)) {
                return Err(Unreadable::prose(text));
            }
            if lines.iter().any(|(other, _)| other.eq_ignore_ascii_case(key)) {
                return Err(Unreadable::Contradiction("a line stands twice"));
            }
            lines.push((key, value));
        }
        Ok(Self(lines))
    }

    pub(super) fn get(&self, key: &str) -> Option<&'t str> {
        let mut lines = self.0.iter();
        lines.find(|(other, _)| other.eq_ignore_ascii_case(key)).map(|(_, value)| *value)
    }

    pub(super) fn need(&self, key: &str) -> Result<&'t str, Unreadable> {
        self.get(key).ok_or_else(|| Unreadable::Missing(format!("line `{key}`")))
    }
}

/// Which of two words stands there, in whatever case.
pub(super) fn either(value: &str, yes: &str, no: &str) -> Result<bool, Unreadable> {
    if value.eq_ignore_ascii_case(yes) {
        Ok(true)
    } else if value.eq_ignore_ascii_case(no) {
        Ok(false)
    } else {
        Err(Unreadable::prose(value))
    }
}
