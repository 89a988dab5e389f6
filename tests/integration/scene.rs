//! A model that says what a test tells it to, and a gate before it.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::gate::{Gate, Setup};
use crate::model::Model;
use crate::wire::{Answer, post};

/// A model that says what it is told to say next, and a gate before it with a route for every path.
pub(crate) struct Scene {
    model: Model,
    pub(crate) gate: Gate,
    next: Arc<Mutex<Vec<u8>>>,
}

impl Scene {
    pub(crate) async fn open() -> Self {
        Self::with("").await
    }

    /// With lines at the end of the policy: more rules first.
    pub(crate) async fn with(policy: &str) -> Self {
        let next = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&next);
        let model = Model::start(move |mut connection| {
            let answer = told.lock().expect("nobody panicked").clone();
            async move { connection.send(&answer).await }
        })
        .await;
        let gate = Setup::upstream(model.address).policy(policy).everywhere().start().await;
        Self { model, gate, next }
    }

    /// With lines at the end of the policy, and a model that says this until it is told otherwise.
    pub(crate) async fn saying(policy: &str, answer: impl Into<Vec<u8>>) -> Self {
        let scene = Self::with(policy).await;
        scene.says(answer);
        scene
    }

    /// What the model says to whoever asks next.
    pub(crate) fn says(&self, answer: impl Into<Vec<u8>>) {
        *self.next.lock().expect("nobody panicked") = answer.into();
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        post(self.gate.data, path, body).await
    }

    /// How often the model was asked.
    pub(crate) fn asked(&self) -> usize {
        self.model.asked().len()
    }

    /// What the model was asked last.
    pub(crate) fn last(&self) -> Value {
        serde_json::from_str(&self.forwarded()).expect("JSON")
    }

    /// The same, as it was written.
    pub(crate) fn forwarded(&self) -> String {
        let asked = self.model.asked().pop().expect("the model was asked");
        String::from_utf8(asked.body).expect("text")
    }
}
