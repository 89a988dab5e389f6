//! Rows in and out of the leaves, and files that are torn.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use jiff::civil::date;

use super::super::{BadRow, Plan, Target, sources};
use super::*;
use crate::domain::Action;
use crate::engine::testing::Sketch;
use crate::policy::Policy;

/// Looks on.
struct Nobody;

impl Watch for Nobody {
    fn bad(&mut self, _: &BadRow) {}

    fn done(&mut self, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

fn plan(selection: Selection) -> Plan {
    let mut sketch = Sketch::default();
    sketch.redact("private", &["falcon"]);
    let policy = Policy::clone(&sketch.build());
    Plan::new(&policy, date(2026, 11, 1), Fields::default(), selection, Action::Review)
}

fn fixture() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/scan/rows.parquet");
    fs::read(path).expect("the fixture")
}

/// A scan of these bytes; the rows that come out.
fn scan(folder: &Path, bytes: &[u8], plan: &Plan, batch_rows: usize) -> Result<u64, ScanError> {
    let (input, output) = (folder.join("in.parquet"), folder.join("out.parquet"));
    fs::write(&input, bytes).expect("a file");
    let found = sources(&[input], None).expect("sources");
    let job = Job {
        plan,
        sources: &found,
        target: Target::File(output),
        jobs: NonZeroUsize::MIN,
        strict: false,
        samples: 0,
        hash: false,
        resume: false,
        batch_rows,
    };
    let outcome = super::super::run(&job, &mut Nobody)?;
    Ok(outcome.outputs.iter().map(|output| output.rows).sum())
}

#[test]
fn the_output_does_not_depend_on_how_many_rows_are_read_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for selection in [Selection::Redact, Selection::Annotate] {
        let plan = plan(selection);
        let mut written = Vec::new();
        for batch_rows in [1, 3, 1_000] {
            assert!(scan(folder.path(), &fixture(), &plan, batch_rows).expect("a scan") > 0);
            written.push(fs::read(folder.path().join("out.parquet")).expect("a file"));
        }
        assert!(written.iter().all(|bytes| Some(bytes) == written.first()), "{selection:?}");
    }
}

#[test]
fn a_torn_file_is_an_error_and_never_the_end_of_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let (plan, whole) = (plan(Selection::Redact), fixture());
    let mut refused = 0;
    let places = (0..whole.len()).step_by(3);
    for at in places.clone() {
        let mut torn = whole.clone();
        torn[at] ^= 0x55;
        refused += usize::from(scan(folder.path(), &torn, &plan, 1_000).is_err());
        assert!(!folder.path().join("out.parquet.part").is_file(), "{at}");
    }
    assert!(refused > places.len() / 4, "{refused} of {}", places.len());
    for end in (0..whole.len()).step_by(31) {
        assert!(scan(folder.path(), &whole[..end], &plan, 1_000).is_err(), "{end}");
    }
}
