//! What is found below a folder.

use std::fs;
use std::path::Path;

use super::*;

fn names(folder: &Path) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let want = |path: &Path| {
        let name = path.strip_prefix(folder).ok()?.display().to_string();
        (ending(path).0.as_deref() == Some("txt")).then_some(name)
    };
    walk(folder, &mut found, &want).map_err(|error| error.to_string())?;
    Ok(found)
}

#[test]
fn files_come_in_the_order_of_their_names_and_no_folder_is_left_out_unsaid() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("b/c")).expect("folders");
    for name in ["z.txt", "b/c/2.TXT.gz", "b/1.txt", "a.txt.zst", "b/other.md"] {
        fs::write(at(name), "x").expect("a file");
    }
    assert_eq!(
        names(folder.path()).expect("found"),
        ["a.txt.zst", "b/1.txt", "b/c/2.TXT.gz", "z.txt"]
    );
    let deep = ["d"; DEEPEST].join("/");
    fs::create_dir_all(at(&deep)).expect("folders");
    fs::write(at(&deep).join("x.txt"), "x").expect("a file");
    assert_eq!(names(folder.path()).expect("found").len(), 5);
    fs::create_dir_all(at(&deep).join("d")).expect("folders");
    assert!(names(folder.path()).expect_err("too deep").contains("more than 8 folders deep"));
}

#[test]
fn an_ending_is_known_in_any_letters_and_behind_that_of_a_packing() {
    for (name, known) in [
        ("a/b.JSONL.GZ", (Some("jsonl"), Packing::Gzip)),
        ("b.csv", (Some("csv"), Packing::Plain)),
        ("b.tar.zst", (Some("tar"), Packing::Zstd)),
        ("b", (None, Packing::Plain)),
    ] {
        let (ending, packing) = ending(Path::new(name));
        assert_eq!((ending.as_deref(), packing), known, "{name}");
    }
}
