//! `tidegate init`.

use std::path::Path;

use regex::Regex;

use crate::{folder, run, tidegate};

const ALL: [&str; 3] = ["init", "--with", "compose,k8s,systemd"];

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

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
fn words_messages_and_tests_are_in_the_languages_that_are_asked_for() {
    for (languages, english, chinese) in
        [("en", true, false), ("zh", false, true), ("en,zh", true, true), ("zh,en", true, true)]
    {
        let folder = folder(&[]);
        assert_eq!(tidegate(folder.path(), &["init", "--lang", languages]).code, 0);
        let check = tidegate(folder.path(), &["check", "--deny-warnings"]);
        assert_eq!((check.code, check.err.as_str()), (0, ""), "{languages}");
        let test = tidegate(folder.path(), &["test", "--coverage"]);
        assert_eq!(test.code, 0, "{languages}: {}{}", test.out, test.err);
        for (file, words) in [
            ("policies/starter.yaml", ["moron", "白痴"]),
            ("policies/starter.yaml", ["Remove it", "请删除"]),
            ("tests/starter.test.yaml", ["1d10t", "白 癡"]),
        ] {
            let text = read(&folder.path().join("config").join(file));
            let there = words.map(|word| text.contains(word));
            assert_eq!(there, [english, chinese], "{languages}: {file}");
        }
    }
}

#[test]
fn each_way_to_run_the_gate_is_a_file_with_its_next_step() {
    let folder = folder(&[]);
    let outcome = tidegate(folder.path(), &ALL);
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
    let files = ["compose.yaml", "k8s.yaml", "tidegate.service"];
    let deploy = folder.path().join("config/deploy");
    let texts = files.map(|name| format!("=== {name}\n{}", read(&deploy.join(name))));
    let drawn = format!("{}{}", outcome.out, texts.concat());
    insta::assert_snapshot!(drawn.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn the_settings_of_containers_are_taken_by_check() {
    let folder = folder(&[]);
    assert_eq!(tidegate(folder.path(), &ALL).code, 0);
    let variable = Regex::new(
        r#"(?m)^ +(?:- \{ name: )?(TIDEGATE_[A-Z_]+)(?:, value)?: (?:"([^"]*)"|'([^']*)'|([^ "']+))"#,
    )
    .unwrap_or_else(|error| panic!("{error}"));
    for (name, count) in [("compose.yaml", 1), ("k8s.yaml", 5)] {
        let text = read(&folder.path().join("config/deploy").join(name));
        let found = variable.captures_iter(&text).map(|found| {
            let value = (2..=4).find_map(|group| found.get(group));
            (found[1].to_owned(), value.map_or("", |value| value.as_str()).to_owned())
        });
        let found: Vec<(String, String)> = found.collect();
        assert_eq!(found.len(), count, "{name}: {found:?}");
        let check = run(folder.path(), &["check", "--deny-warnings"], "", &found);
        assert_eq!((check.code, check.err.as_str()), (0, ""), "{name}");
        let effective = run(folder.path(), &["check", "--show-effective"], "", &found);
        for (variable, _) in &found {
            assert!(effective.out.contains(variable), "{name}: {variable}\n{}", effective.out);
        }
    }
}

#[test]
fn every_file_is_mounted_in_kubernetes_and_none_that_is_not_there() {
    let folder = folder(&[]);
    let written = tidegate(folder.path(), &ALL).out;
    let text = read(&folder.path().join("config/deploy/k8s.yaml"));
    let settings = written.lines().filter_map(|line| line.strip_prefix("wrote config/"));
    // The schemas are for editors.
    let aside = |path: &str| path.starts_with("deploy/") || path.starts_with("schemas/");
    let settings: Vec<&str> = settings.filter(|path| !aside(path)).collect();
    for path in &settings {
        assert!(text.contains(&format!(", path: {path} }}")), "{path}");
        assert!(text.contains(&format!("--from-file={path}")), "{path}");
    }
    assert_eq!(text.matches("--from-file=").count(), settings.len());
    assert_eq!(text.matches("- { key: ").count(), settings.len());
}

#[test]
fn the_kustomization_has_the_files_that_init_writes() {
    let folder = folder(&[]);
    let written = tidegate(folder.path(), &["init"]).out;
    let settings = written.lines().filter_map(|line| line.strip_prefix("wrote config/"));
    let settings: Vec<&str> = settings.filter(|path| !path.starts_with("schemas/")).collect();
    assert_eq!(settings.len(), 3, "{settings:?}");
    let deployed = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kubernetes/config");
    for path in settings {
        let ours = read(&folder.path().join("config").join(path));
        assert_eq!(read(&deployed.join(path)), ours, "copy what `tidegate init` writes: {path}");
    }
}

#[test]
fn init_overwrites_nothing_and_names_all_that_is_there() {
    for taken in ["policies/starter.yaml", "deploy/k8s.yaml"] {
        let path = format!("config/{taken}");
        let folder = folder(&[(&path, "mine"), ("config/tidegate.yaml", "mine too")]);
        let outcome = tidegate(folder.path(), &ALL);
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""));
        for part in [&path, "config/tidegate.yaml", "nothing was written"] {
            assert!(outcome.err.contains(part), "{}", outcome.err);
        }
        assert_eq!(read(&folder.path().join(&path)), "mine");
        assert!(std::fs::read_dir(folder.path().join("config/tests")).is_err());
    }
}
