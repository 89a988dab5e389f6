//! What stands beside the metrics: their table in the documents, the dashboard, the alerts and their runbooks.

use crate::{project, tidegate};

fn read(path: &str) -> String {
    let path = project().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_table_of_metrics_in_the_documents_is_that_of_the_code() {
    let table = tidegate(project(), &["list", "metrics", "--format", "markdown"]).out;
    assert!(table.lines().count() > 40, "{table}");
    assert!(read("docs/metrics.md").contains(&table), "run `make docs`");
}
