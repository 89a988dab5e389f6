//! Thresholds that follow what people judge: a gate whose classifier says what a text scores, and people who judge.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate::app::Order;
use tidegate::people::acts::{Reviewer, Too};
use tidegate::people::review::Opinion;
use tidegate::people::thresholds;
use tidegate::people::verdict::Judgement;
use tidegate::store::{
    Engine, ItemFilter, ItemRow, ItemState, LedgerState, Now, Store, StoreSettings,
};

use crate::classifier_server::{Act, Server};
use crate::gate::{Gate, PATIENCE, Setup};
use crate::model::{Model, completion, whole};
use crate::wire::{Answer, ask, ask_with, post, prompt};

/// Texts that the threshold flags although nothing is wrong with them.
const WRONG: usize = 30;
/// Benign texts that pass.
const FINE: usize = 60;
/// Harmful texts that are flagged.
const HARMFUL: usize = 12;

/// A rule at 0.5 whose threshold may move, with more settings of that.
fn policy(settings: &str) -> String {
    format!(
        "  - {{ id: judged, classifier: {{ judge: {{ at_least: 0.5 }} }}, action: block, category: hate, on: prompt }}
classifiers:
  judge:
    kind: http
    endpoint: judge
    request: {{ body: '{{\"text\": \"{{{{text}}}}\"}}' }}
    answer: {{ labels: /scores }}
    labels: {{ hate: hate }}
    timeout: 5s
review: {{ sample: {{ allowed: 100%, blocked: 100% }} }}
adapt:
  enabled: true
  rules: [judged]
  target_fpr: 5%
  bounds: [0.4, 0.58]
  step: 0.08
  every: 1s
  min_labels: 50
  reviewer_error: 0%
  {settings}
"
    )
}

/// What a text says that it scores: the number behind `score`.
async fn judge() -> Server {
    Server::start(|_, asked| {
        let text = asked.body["text"].as_str().unwrap_or_default();
        let score = text.split("score ").nth(1).and_then(|rest| rest.split(' ').next());
        let score: f64 = score.and_then(|score| score.parse().ok()).unwrap_or_default();
        Act::Json(json!({ "scores": { "hate": score } }))
    })
    .await
}

/// A gate with its model, its classifier, and its store as a command opens it.
struct Scene {
    gate: Gate,
    store: Store,
    _model: Model,
    _server: Server,
}

impl Scene {
    async fn open(settings: &str) -> Self {
        let (model, server) = (Model::says(whole(&completion("fine"))).await, judge().await);
        let lines = format!(
            "endpoints: {{ judge: {{ url: 'http://{}' }} }}\nstore: {{ url: 'sqlite:state.db', text: none }}\n",
            server.address
        );
        let setup = Setup::upstream(model.address).policy(&policy(settings)).lines(&lines);
        let gate = setup.start().await;
        let now = Now(Arc::new(|| jiff::Timestamp::now().as_millisecond()));
        let engine = Engine::Sqlite(gate.path("state.db"));
        let store = StoreSettings { engine, key: None, signer: None, waits: false, now };
        let store = Store::start(store).expect("a store");
        Self { gate, store, _model: model, _server: server }
    }

    async fn score(&self, score: f64, what: &str) -> Answer {
        ask(self.gate.data, &prompt(&format!("{what}: score {score} of all"))).await
    }

    /// Traffic, part of which is flagged.
    async fn traffic(&self) {
        for (score, many) in [(0.52, WRONG), (0.1, FINE), (0.9, HARMFUL)] {
            for index in 0..many {
                let answer = self.score(score, &format!("text {index}")).await;
                assert_eq!(answer.status, if score < 0.5 { 200 } else { 400 }, "{}", answer.text());
            }
        }
    }

    async fn items(&self, state: ItemState) -> Vec<ItemRow> {
        let filter = ItemFilter { state: Some(state), limit: 1000, ..ItemFilter::default() };
        self.store.read(move |c| ItemRow::list(c, &filter)).await.expect("items")
    }

    /// These people judge all prompts that wait, in turn, and are right.
    async fn judge(&self, people: &[&str]) {
        let mut open = Vec::new();
        for _ in 0..PATIENCE.as_millis() / 50 {
            open = self.items(ItemState::Open).await;
            open.retain(|row| row.item.scores.is_some());
            if open.len() == WRONG + FINE + HARMFUL {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(open.len(), WRONG + FINE + HARMFUL, "all prompts are drawn, with their scores");
        for (index, row) in open.into_iter().enumerate() {
            let scores: Value =
                serde_json::from_str(&row.item.scores.unwrap_or_default()).expect("scores");
            let is_wrong = scores["judged"] == 0.52;
            let judgement = if is_wrong { Judgement::Overturned } else { Judgement::Upheld };
            let opinion = Opinion { judgement, category: None, note: None, edited: None };
            let name = people[index % people.len()].to_owned();
            self.act(&name, move |c, by| by.judge(c, &row.item.id, (&opinion, Too::default())))
                .await;
        }
    }

    async fn act<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(
            &mut dyn tidegate::store::Connection,
            &Reviewer<'_>,
        ) -> Result<T, tidegate::store::StoreError>
        + Send
        + 'static,
    ) -> T {
        let (name, now) = (name.to_owned(), self.store.now());
        let id = || uuid::Uuid::now_v7().to_string();
        let write = self.store.write(move |c| work(c, &Reviewer { name, now, signer: None, id }));
        write.await.expect("it is kept")
    }

    async fn list(&self) -> Value {
        self.store.read(thresholds::list).await.expect("thresholds")
    }

    /// Waits until labels were looked at, with this end.
    async fn reason(&self, reason: &str) -> Value {
        let mut list = Value::Null;
        for _ in 0..PATIENCE.as_millis() / 50 {
            list = self.list().await;
            if list["rows"][0]["reason"] == reason {
                return list;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{reason} does not come of {list}");
    }
}

fn series(state: &str, value: f64) -> String {
    format!("tidegate_adapt_threshold{{policy=\"test\",rule=\"judged\",state=\"{state}\"}} {value}")
}

fn changes(direction: &str, mode: &str, times: u32) -> String {
    format!(
        "tidegate_adapt_changes_total{{direction=\"{direction}\",mode=\"{mode}\",policy=\"test\",rule=\"judged\"}} {times}"
    )
}

#[tokio::test]
async fn a_threshold_follows_what_people_judge_and_a_reset_or_the_file_brings_it_back() {
    let scene = Scene::open("mode: on").await;
    let gate = &scene.gate;
    gate.counts(&[&series("written", 0.5), &series("in_force", 0.5)]).await;
    scene.traffic().await;
    scene.judge(&["ann", "bo", "cy"]).await;
    // The smallest part of a step that lets the benign ones pass.
    gate.counts(&[&series("in_force", 0.54), &changes("up", "on", 1)]).await;
    let after = prompt("after: score 0.52 of all");
    assert_eq!(ask_with(gate.data, "x-request-id: moved\r\n", &after).await.status, 200);
    scene.score(0.54, "the same").await.is_error(400, "content_policy_violation");
    ask_with(gate.data, "x-request-id: marker\r\n", &prompt("marker")).await;
    let record = &gate.records("moved", "marker").await[0];
    assert_eq!(record["thresholds"], json!({ "judged": 0.54 }));
    let list = scene.list().await;
    let change = &list["changes"][0];
    assert_eq!(
        (&change["from"], &change["to"], &change["by"]),
        (&json!(0.5), &json!(0.54), &json!("gate"))
    );
    assert_eq!(change["evidence"]["reviewers"], 3);
    assert_eq!(change["evidence"]["flagged_benign"], WRONG);

    // Files that are read anew and say the same leave it where it is.
    gate.order(Order::Reload).await;
    gate.counts(&["tidegate_policy_reloads_total{outcome=\"ok\"} 2", &series("in_force", 0.54)])
        .await;
    assert_eq!(scene.score(0.52, "after a reload").await.status, 200);

    let row = scene.act("ann", |c, by| thresholds::reset(c, ("test", "judged"), by)).await;
    assert_eq!(row.map(|row| row.threshold), Some(0.5));
    gate.counts(&[&series("in_force", 0.5), &changes("reset", "on", 1)]).await;
    scene.score(0.52, "after a reset").await.is_error(400, "content_policy_violation");
    let ledger = scene.store.read(|c| LedgerState::verify(c, &[])).await.expect("a ledger");
    assert_eq!(ledger.faults, []);

    let file = gate.path("policies/test.yaml");
    let text = std::fs::read_to_string(&file).expect("a policy");
    std::fs::write(&file, text.replace("at_least: 0.5", "at_least: 0.56")).expect("a policy");
    gate.order(Order::Reload).await;
    gate.counts(&[&series("written", 0.56), &series("in_force", 0.56), &changes("file", "on", 1)])
        .await;
    assert_eq!(scene.score(0.54, "as written").await.status, 200);
}

#[tokio::test]
async fn in_shadow_it_is_only_said_where_a_threshold_would_stand() {
    let scene = Scene::open("mode: shadow").await;
    scene.traffic().await;
    scene.judge(&["ann", "bo", "cy"]).await;
    let gate = &scene.gate;
    gate.counts(&[&series("shadow", 0.54), &series("in_force", 0.5), &changes("up", "shadow", 1)])
        .await;
    scene.score(0.52, "still").await.is_error(400, "content_policy_violation");
    let list = scene.list().await;
    assert_eq!(
        (&list["rows"][0]["state"], &list["rows"][0]["threshold"]),
        (&json!("shadow"), &json!(0.54))
    );
    assert_eq!(list["changes"][0]["shadow"], true);
}

#[tokio::test]
async fn neither_one_reviewer_nor_any_number_of_reports_moves_a_threshold() {
    let scene = Scene::open("mode: on").await;
    scene.traffic().await;
    let gate = &scene.gate;
    for index in 0..WRONG {
        let answer = scene.score(0.52, &format!("reported {index}")).await;
        let decision = answer.header("x-tidegate-decision").expect("a decision");
        let said = json!({ "decision_id": decision, "label": "false_positive" });
        let told = post(gate.data, "/v1/feedback", &said.to_string()).await;
        assert!([200, 201].contains(&told.status), "{}", told.text());
    }
    let mut reported = Vec::new();
    for _ in 0..PATIENCE.as_millis() / 50 {
        reported = scene.items(ItemState::Open).await;
        reported.retain(|row| row.item.queue == "reports");
        if reported.len() == WRONG {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(reported.len(), WRONG);
    let people = ["ann", "bo", "cy"];
    for (index, row) in reported.into_iter().enumerate() {
        assert_eq!(row.item.scores, None);
        let opinion =
            Opinion { judgement: Judgement::Overturned, category: None, note: None, edited: None };
        let by = people[index % 3];
        scene.act(by, move |c, by| by.judge(c, &row.item.id, (&opinion, Too::default()))).await;
    }
    let drawn = scene.items(ItemState::Open).await;
    for row in drawn.into_iter().filter(|row| row.item.scores.is_some()) {
        let is_wrong = row.item.source == "sample_blocked"
            && row.item.scores.as_deref().is_some_and(|scores| scores.contains("0.52"));
        let judgement = if is_wrong { Judgement::Overturned } else { Judgement::Upheld };
        let opinion = Opinion { judgement, category: None, note: None, edited: None };
        scene.act("eve", move |c, by| by.judge(c, &row.item.id, (&opinion, Too::default()))).await;
    }
    let list = scene.reason("too_few_reviewers").await;
    assert_eq!((&list["rows"][0]["threshold"], &list["changes"]), (&json!(0.5), &json!([])));
    assert_eq!(list["rows"][0]["evidence"]["reviewers"], 1);
    scene.score(0.52, "still").await.is_error(400, "content_policy_violation");
}
