//! Patterns in which `*` stands for any run of characters.

/// Whether a value fits a pattern. Without a `*` the two must be equal. The time is at most the product of the two
/// lengths: no pattern makes it worse.
pub fn fits(pattern: &str, value: &str) -> bool {
    let (mut pattern, mut value) = (pattern, value);
    // Where to go on when what follows the last `*` did not fit: the pattern after it, the value from there.
    let mut resume: Option<(&str, &str)> = None;
    loop {
        let mut wanted = pattern.chars();
        match wanted.next() {
            Some('*') => {
                pattern = wanted.as_str();
                resume = Some((pattern, value));
                continue;
            }
            None if value.is_empty() => return true,
            Some(c) if value.starts_with(c) => {
                pattern = wanted.as_str();
                value = value.strip_prefix(c).unwrap_or_default();
                continue;
            }
            None | Some(_) => {}
        }
        let Some((after, from)) = resume else { return false };
        let mut skipped = from.chars();
        if skipped.next().is_none() {
            return false;
        }
        (pattern, value) = (after, skipped.as_str());
        resume = Some((after, value));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, value) in [
            ("", ""),
            ("*", ""),
            ("*", "抱歉"),
            ("kids-*", "kids-"),
            ("kids-*", "kids-7"),
            ("*-mini", "gpt-4o-mini"),
            ("gpt-*-mini", "gpt-4o-mini-mini"),
            ("a**b", "ab"),
            ("*抱*", "很抱歉"),
        ] {
            assert!(fits(pattern, value), "{pattern} {value}");
        }
        for (pattern, value) in [
            ("", "a"),
            ("a", ""),
            ("kids-*", "kid-7"),
            ("*-mini", "gpt-mini-4"),
            ("a*a", "a"),
            ("A", "a"),
        ] {
            assert!(!fits(pattern, value), "{pattern} {value}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_fits_exactly_what_its_regex_fits(pattern in "[ab*]{0,8}", value in "[ab]{0,10}") {
            let regex = format!("^{}$", pattern.replace('*', ".*"));
            let regex = regex::Regex::new(&regex).unwrap();
            prop_assert_eq!(fits(&pattern, &value), regex.is_match(&value));
        }
    }
}
