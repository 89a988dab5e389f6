//! Everything that can be said about one policy: whether it compiles, its dates, what does nothing in it, and
//! what fires on everyday text.
//!
//! `check`, `serve` and a reload ask here, so that they say the same.

use std::sync::Arc;

use jiff::civil::Date;

use super::classifiers::mistakes;
use crate::classify::load_models;
use crate::config::{LoadedPolicy, Problems, check_dates};
use crate::engine::everyday_problems;
use crate::policy::{Policy, compile_sound_parts, lint};

/// Compiles a policy and says everything about it. A policy comes back when none of that is an error.
pub fn examine(file: &LoadedPolicy, today: Date) -> (Option<Arc<Policy>>, Problems) {
    let (policy, mut problems) = compile_sound_parts(file);
    let policy = policy.map(Arc::new);
    let (models, found) = load_models(file);
    problems.extend(found);
    problems.extend(check_dates(file, today));
    if let Some(policy) = &policy {
        problems.extend(lint(file, policy));
        problems.extend(mistakes(file, policy, &models));
        problems.extend(everyday_problems(file, policy, today));
    }
    problems.sort();
    let sound = !problems.has_errors();
    (policy.filter(|_| sound), problems)
}
