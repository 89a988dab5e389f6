//! Remote classifiers over real sockets: each contract before a server that speaks it, and each way in which a server
//! can fail.
#![expect(clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a wrong index fails the test")]
#![expect(clippy::disallowed_methods, reason = "what a test spawned ends with its runtime")]

mod contracts;
mod documents;
mod failures;
mod server;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate::classify::{Classifier, Endpoint, Question, Reason, Verdict};
use tidegate::domain::{Author, Phase, Secret};
use tidegate::telemetry::Metrics;
use tidegate::upstream::OwnAddresses;
use tokio::time::sleep;

use server::Server;

/// The classifier that the policy lines `written` make, with a server as its endpoint.
pub(crate) fn classifier(server: &Server, written: Value) -> Classifier {
    with(endpoint(server), written)
}

pub(crate) fn endpoint(server: &Server) -> Endpoint {
    Endpoint {
        base: format!("http://{}/base", server.address).parse().expect("an address"),
        key: Some(Secret::new("k-123")),
        headers: vec![("x-team".to_owned(), Secret::new("safety"))],
        authorities: None,
        own: OwnAddresses::default(),
    }
}

pub(crate) fn with(endpoint: Endpoint, mut written: Value) -> Classifier {
    written["endpoint"] = json!("e");
    let written = serde_json::from_value(written).expect("a classifier");
    let made = Classifier::new("guard", &written, endpoint, Arc::new(Metrics::new()));
    made.unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

pub(crate) const fn ask(text: &str) -> Question<'_> {
    Question { text, phase: Phase::Prompt, author: Author::User, prompt: None }
}

/// The highest score, or why there is none.
pub(crate) async fn judged(classifier: &Classifier, text: &str) -> Result<f64, Reason> {
    match classifier.ask(ask(text), None).await {
        Verdict::Scores { scores, .. } => Ok(scores.highest()),
        Verdict::Unavailable { reason, .. } => Err(reason),
    }
}

/// Waits until no call is on its way and no text waits.
pub(crate) async fn comes_to_rest(classifier: &Classifier, what: &str) {
    for _ in 0..200 {
        let state = classifier.state();
        if (state.in_flight, state.waiting) == (0, 0) {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: {:?}", classifier.state());
}
