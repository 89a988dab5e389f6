//! An operator's own dialects: from their files to what the gate reads bodies by.

use std::path::Path;
use std::sync::Arc;

use crate::config::{
    Code, Document, LoadedDialect, LoadedServer, Problem, Problems, load_dialects,
};
use crate::wire::dialect::{Dialect, DialectProblem, Dialects, builtin, resolve};

/// The folder of dialect files below the configuration root.
pub(super) const FOLDER: &str = "dialects";

/// The dialects that are known.
#[derive(Clone, Debug, Default)]
pub struct KnownDialects {
    /// An operator's own, and those that are built in.
    pub all: Dialects,
    /// What tells an operator's own from others.
    pub(super) revision: String,
}

/// The dialects of the folder `dialects` below the root, and those that are built in. Every mistake in a file is
/// named at its place.
pub fn known_dialects(root: &Path) -> (KnownDialects, Problems) {
    let (files, mut problems) = load_dialects(root);
    let mut own: Vec<Arc<Dialect>> = Vec::new();
    for LoadedDialect { file, document, .. } in &files {
        // A dialect may be like one that is built in, or like one whose file comes before its own.
        let known: Vec<Arc<Dialect>> = own.iter().chain(builtin()).cloned().collect();
        if own.iter().any(|other| **other.name() == *file.dialect) {
            let message = format!("two dialects have the name `{}`", file.dialect);
            problems
                .push(Problem::new(Code::TG005, message).at(document.at("dialect"), "this one"));
        }
        match resolve(file, &known) {
            Ok(dialect) => own.push(Arc::new(dialect)),
            Err(mistakes) => problems.extend(drawn(document, &mistakes)),
        }
    }
    problems.sort();
    let hashes: Vec<&str> = files.iter().map(|file| file.sha256.as_str()).collect();
    (KnownDialects { all: Dialects::with(own), revision: hashes.join(", ") }, problems)
}

/// Mistakes at their places. What is inherited has none in this file.
fn drawn(document: &Document, mistakes: &[DialectProblem]) -> Problems {
    let mut problems = Problems::new();
    for mistake in mistakes {
        let code = if mistake.path.first().is_some_and(|key| key == "extends") {
            Code::TG081
        } else {
            Code::TG080
        };
        let at = document.at(&mistake.path.join("."));
        problems.push(Problem::new(code, mistake.message.clone()).at(at, "this"));
    }
    problems
}

/// Routes that name a dialect which is not there.
pub(super) fn unknown(server: &LoadedServer, dialects: &Dialects) -> Problems {
    let mut problems = Problems::new();
    for (index, route) in server.file.routes.iter().enumerate() {
        let Some(name) = route.dialect.as_deref() else { continue };
        if dialects.get(name).is_none() {
            let message = format!("there is no dialect `{name}`");
            let at = server.document.at(&format!("routes[{index}].dialect"));
            let help = "`tidegate list dialects` names them";
            problems.push(Problem::new(Code::TG081, message).at(at, "unknown").help(help));
        }
    }
    problems
}
