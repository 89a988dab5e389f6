//! Each code that a file can provoke: a folder with that file, and what `check` draws.

use std::path::{Path, PathBuf};

use tidegate::config::Code;

use crate::{project, tidegate};

/// Codes that no file provokes in this version, or that depend on the day: who finds them, or when.
const ELSEWHERE: [(&str, &str); 3] = [
    ("TG036", "dates that have passed: `checks_of_dates_depend_on_the_day` in `check`"),
    ("TG064", "certificates: `serve_names_certificates_that_cannot_be_used` in `other`"),
    (
        "TG068",
        "modes of files: `secret_files_that_others_can_read_are_named_with_their_mode` in `secrets`",
    ),
];

fn fixture(code: &str) -> PathBuf {
    project().join("tests/cli/codes").join(code)
}

/// The file of a folder that is checked.
fn broken(folder: &Path) -> Option<&'static str> {
    let names = ["tidegate.yaml", "broken.test.yaml", "policy.yaml"];
    names.into_iter().find(|name| folder.join(name).is_file())
}

#[test]
fn every_code_that_a_file_can_provoke_has_such_a_file() {
    for code in Code::ALL {
        let code = code.to_string();
        let elsewhere = ELSEWHERE.iter().any(|(known, _)| *known == code);
        assert_eq!(broken(&fixture(&code)).is_none(), elsewhere, "{code}");
    }
}

#[test]
fn every_code_is_drawn_with_its_place_and_its_mending() {
    for code in Code::ALL {
        let code = code.to_string();
        let folder = fixture(&code);
        let Some(file) = broken(&folder) else { continue };
        let outcome = tidegate(&folder, &["check", file]);
        assert!(outcome.err.contains(&format!("[{code}]")), "{code}\n{}", outcome.err);
        let failed = outcome.err.contains("error[");
        assert_eq!(outcome.code, i32::from(failed), "{code}");
        assert!(!outcome.err.contains('\u{1b}'), "{code}: no colour where nobody sees it");
        insta::assert_snapshot!(code, outcome.drawn());
    }
}

#[test]
fn every_code_is_explained() {
    for code in Code::ALL {
        let code = code.to_string();
        let outcome = tidegate(project(), &["explain", &code]);
        assert_eq!(outcome.code, 0, "{code}");
        assert!(outcome.out.starts_with(&format!("{code}: ")), "{}", outcome.out);
        assert!(outcome.out.contains("wrong:") && outcome.out.contains("right:"), "{code}");
    }
}
