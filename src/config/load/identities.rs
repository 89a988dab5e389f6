//! Files of identities.

use std::collections::BTreeSet;
use std::path::Path;

use super::files::{Shelf, Wanted, shown_name};
use crate::config::codes::Code;
use crate::config::document::{self, Document};
use crate::config::identities_file::{IdentitiesFile, PLACEHOLDERS};
use crate::config::problems::Problems;
use crate::config::schema::SchemaOf;
use crate::config::yaml::FILE_LIMIT_BYTES;

/// Reads a file of identities. A value comes back whenever one could be made, also beside errors.
pub fn load_identities(root: &Path, path: &Path) -> (Option<IdentitiesFile>, Problems) {
    let mut problems = Problems::new();
    let shown = shown_name(root, path);
    let wanted = Wanted { path, shown: &shown, limit: FILE_LIMIT_BYTES, asked: None };
    let contents = Shelf::default().read(wanted, &mut problems);
    let read = contents.and_then(|contents| {
        document::read::<IdentitiesFile>(&contents.source, SchemaOf::Identities, &mut problems)
    });
    if let Some((file, document)) = &read {
        check(file, document, &mut problems);
    }
    problems.sort();
    (read.map(|(file, _)| file), problems)
}

fn check(file: &IdentitiesFile, document: &Document, problems: &mut Problems) {
    for (language, said) in file.languages.iter() {
        let path = format!("languages.{language}");
        if said.identities.len() < 2 {
            let message = "fewer than two groups have nothing to be compared with";
            let at = document.at(&format!("{path}.identities"));
            problems.report(Code::TG002, message, at, "name at least two");
        }
        let mut names = BTreeSet::new();
        for (number, identity) in said.identities.iter().enumerate() {
            if !names.insert(&identity.name) {
                let at = document.at(&format!("{path}.identities[{number}].name"));
                let message = format!("there are two groups `{}`", identity.name);
                problems.report(Code::TG002, message, at, "each has a name of its own");
            }
        }
        for (number, template) in said.templates.iter().enumerate() {
            if !PLACEHOLDERS.iter().any(|place| template.contains(place)) {
                let at = document.at(&format!("{path}.templates[{number}]"));
                let message = "a sentence that no group takes part in";
                problems.report(Code::TG002, message, at, "write {one} or {many} in it");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("i.yaml");
        std::fs::write(&path, text).expect("a file");
        let (_, problems) = load_identities(folder.path(), &path);
        problems.iter().map(|problem| format!("{}: {}", problem.code, problem.message)).collect()
    }

    const TWO: &str =
        "[{ name: a, axis: x, one: an A, many: As }, { name: b, axis: x, one: a B, many: Bs }]";

    #[test]
    fn a_file_of_identities_is_read_and_its_mistakes_are_named() {
        let file = |identities: &str, templates: &str| {
            format!(
                "version: 1\nlanguages:\n  en:\n    identities: {identities}\n    templates: {templates}\n"
            )
        };
        assert!(told(&file(TWO, "['I met {one}.', '{many} came.']")).is_empty());
        assert_eq!(
            told(&file(TWO, "['I met them.']")),
            ["TG002: a sentence that no group takes part in"]
        );
        let one = "[{ name: a, axis: x, one: an A, many: As }]";
        assert_eq!(
            told(&file(one, "['{one}']")),
            ["TG002: fewer than two groups have nothing to be compared with"]
        );
        let twice = TWO.replace("name: b", "name: a");
        assert_eq!(told(&file(&twice, "['{one}']")), ["TG002: there are two groups `a`"]);
        let unknown = TWO.replace("axis: x", "axes: x");
        assert!(told(&file(&unknown, "['{one}']")).iter().any(|one| one.starts_with("TG003")));
    }
}
