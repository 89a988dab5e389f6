//! A word list by itself, where no policy says how it is read.

use std::path::Path;

use super::files::{Shelf, Wanted, shown_name};
use crate::config::lexicon;
use crate::config::policy_file::Boundary;
use crate::config::problems::{Problems, check_allow_comments};

/// Reads a word list, and says how many terms it has. What a policy decides about it, such as where terms may begin,
/// is as if the policy said nothing.
pub fn check_word_list(root: &Path, path: &Path) -> (usize, Problems) {
    let mut problems = Problems::new();
    let shown = shown_name(root, path);
    let wanted = Wanted { path, shown: &shown, limit: lexicon::LIST_LIMIT_BYTES, asked: None };
    let Some(contents) = Shelf::default().read(wanted, &mut problems) else {
        return (0, problems);
    };
    check_allow_comments(&contents.source, &mut problems);
    let terms = lexicon::parse(&contents.source, Boundary::default(), &mut problems);
    problems.sort();
    (terms.len(), problems)
}
