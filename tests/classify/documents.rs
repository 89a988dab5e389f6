//! Every example of `docs/hooks.md` is what it says: a policy's classifiers without a mistake.

use std::fs;
use std::path::Path;

use tidegate::classify::check;
use tidegate::config::load_policy;
use tidegate::policy::compile;

#[test]
fn each_example_of_the_documents_is_a_classifier_without_a_mistake() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hooks.md");
    let document = fs::read_to_string(document).expect("the document");
    let blocks = document.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let root = tempfile::tempdir().expect("a folder");
    let mut kinds = std::collections::BTreeSet::new();
    for block in blocks.filter(|block| block.contains("classifiers:")) {
        let path = root.path().join("p.yaml");
        let rules = "rules: [{ id: a, words: [blorp], action: tag }]";
        let rules = if block.contains("\nrules:") { "" } else { rules };
        fs::write(&path, format!("version: 1\nname: p\n{rules}\n{block}")).expect("a file");
        let (policy, problems) = load_policy(root.path(), &path);
        assert!(problems.is_empty(), "{problems:?}\n{block}");
        let policy = policy.expect("a policy");
        let (_, problems) = compile(&policy);
        assert!(problems.is_empty(), "{problems:?}\n{block}");
        assert!(!policy.file.classifiers.is_empty(), "{block}");
        for (name, classifier) in policy.file.classifiers.iter() {
            let mistakes = check(classifier);
            assert!(mistakes.is_empty(), "{name}: {mistakes:?}");
            kinds.insert(format!("{:?} {:?}", classifier.kind, classifier.format));
        }
    }
    // Nine contracts, and seven formats of the tenth.
    assert_eq!(kinds.len(), 16, "{kinds:?}");
}
