//! `tidegate init`.

use crate::{folder, tidegate};

#[test]
fn what_init_writes_passes_its_own_check_and_tests() {
    let folder = folder(&[]);
    let outcome = tidegate(folder.path(), &["init"]);
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
    insta::assert_snapshot!(outcome.out);
    let check = tidegate(folder.path(), &["check", "--deny-warnings"]);
    assert_eq!((check.code, check.err.as_str()), (0, ""));
    assert_eq!(tidegate(folder.path(), &["test"]).code, 0);
}

#[test]
fn init_overwrites_nothing() {
    let folder = folder(&[("config/policies/starter.yaml", "mine")]);
    let outcome = tidegate(folder.path(), &["init"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (2, ""));
    assert!(outcome.err.contains("nothing was written"), "{}", outcome.err);
    assert!(std::fs::read(folder.path().join("config/tidegate.yaml")).is_err());
}
