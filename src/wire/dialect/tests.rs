//! Every dialect file that comes with the gate is whole.

use super::*;

#[test]
fn every_built_in_file_is_a_dialect() {
    for (name, text) in builtin::FILES {
        let (file, problems) = crate::config::read_dialect_text(name, text);
        assert!(problems.iter().next().is_none(), "{name}: {problems:?}");
        let file = file.unwrap();
        assert!(
            name.strip_suffix(".yaml") == Some(&*file.dialect),
            "{name} is called {}",
            file.dialect
        );
        let known = builtin();
        if let Err(mistakes) = resolve(&file, known) {
            panic!("{name}: {mistakes:?}");
        }
    }
    assert_eq!(builtin().len(), builtin::FILES.len());
}
