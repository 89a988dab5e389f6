//! Keys of the contract that this version cannot honour. What would make traffic less safe than the file says is an
//! error; what is merely not there yet is a warning. Nothing is passed over in silence.
//!
//! When a feature arrives, its line here goes.

use crate::config::codes::Code;
use crate::config::document::Document;
use crate::config::policy_file::{ClassifierKind, PolicyFile, When, WhileOpen};
use crate::config::problems::{Problem, Problems};
use crate::config::server_file::{FailMode, ServerFile, TenantSource};

/// Views of the contract that this version does not build.
const VIEWS_TO_COME: [&str; 1] = ["typos"];

/// Everything of a policy or a pack.
pub(in crate::config) fn policy(file: &PolicyFile, document: &Document, problems: &mut Problems) {
    let mut list = List { document, problems };
    for (name, classifier) in file.classifiers.iter() {
        let place = format!("classifiers.{name}");
        if classifier.kind == ClassifierKind::Builtin && classifier.run_if.is_some() {
            let label = "a model in process costs microseconds, and reads all texts";
            list.idle(&format!("{place}.run_if"), label);
        }
    }
    for (kind, choice) in file.nontext.choices() {
        if file.classifiers.contains(choice) {
            let what = "classifiers of what is no text";
            list.missing(&format!("nontext.{kind}"), what, "nobody would judge these parts");
        }
    }
    for (number, one) in file.overrides.iter().enumerate() {
        nobody_to_tell_apart(&format!("overrides[{number}].when"), &one.when, &mut list);
    }
    for (number, entry) in file.suppress.iter().enumerate() {
        let when = entry.when.as_ref();
        when.inspect(|when| {
            nobody_to_tell_apart(&format!("suppress[{number}].when"), when, &mut list);
        });
    }
    for (name, on) in file.views.written() {
        if on == Some(true) && VIEWS_TO_COME.contains(&name) {
            list.idle(&format!("views.{name}"), "this view is not built yet");
        }
    }
    if file.review.while_open == WhileOpen::Hold {
        list.missing("review.while_open", "holding texts for review", "the text would pass");
    }
}

/// Everything of the server file.
pub(in crate::config) fn server(file: &ServerFile, document: &Document, problems: &mut Problems) {
    let mut list = List { document, problems };
    if file.fail.not_ready == FailMode::Open {
        list.idle("fail.not_ready", "no request is taken before a policy is in force");
    }
    if file.tenant.from != TenantSource::None {
        list.missing("tenant.from", "tenants", "nobody would be told apart");
    }
    for (number, route) in file.routes.iter().enumerate() {
        let matches = &route.matches;
        let written =
            [("tenant", &matches.tenant), ("key", &matches.key), ("language", &matches.language)];
        for (key, value) in written {
            if value.is_some() {
                let what = format!("routes by {key}");
                list.missing(
                    &format!("routes[{number}].match.{key}"),
                    &what,
                    "this route would never match",
                );
            }
        }
    }
    if file.telemetry.capture_content {
        list.missing("telemetry.capture_content", "texts in spans", "nothing would be captured");
    }
}

struct List<'a> {
    document: &'a Document,
    problems: &'a mut Problems,
}

// === impl List ===

impl List<'_> {
    /// Refuses what a file relies on.
    fn missing(&mut self, path: &str, what: &str, label: &str) {
        let message = format!("{what}: known, but not available in this version");
        self.problems
            .push(Problem::new(Code::TG019, message).at(self.document.key_at(path), label));
    }

    /// Says that a key has no effect.
    fn idle(&mut self, path: &str, label: &str) {
        let key = path.rsplit('.').next().unwrap_or(path);
        let message = format!("`{key}` has no effect in this version");
        self.problems
            .push(Problem::new(Code::TG030, message).at(self.document.key_at(path), label));
    }
}

/// Conditions on who is calling, as long as no request says that.
fn nobody_to_tell_apart(place: &str, when: &When, list: &mut List<'_>) {
    for (key, written) in [("tenant", when.tenant.is_some()), ("key", when.key.is_some())] {
        if written {
            let label = "no request has a tenant or a key yet, so this never applies";
            list.idle(&format!("{place}.{key}"), label);
        }
    }
}
