//! A store that a gate could have filled, and what is read of commands.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate::audit::Signer;
use tidegate::store::{
    Act, Engine, Feedback, Item, KeptDecision, Now, Rating, Store, StoreSettings,
};
use uuid::Uuid;

use crate::{Outcome, fed, folder, tidegate};

pub(super) const SERVER: &str = "version: 1
upstreams: { demo: { builtin: demo } }
routes:
  - { id: chat, match: { path: /v1/* }, upstream: demo, policy: default }
audit: { key: { file: audit.pem } }
store: { url: 'sqlite:state.db', text: full }
";
/// A text with a colour, a joint that cannot be seen, and a direction.
pub(super) const NASTY: &str = "you \u{1b}[31mid\u{200b}iot\u{202e}!";
pub(super) const HOUR: i64 = 3_600_000;

pub(super) fn id() -> String {
    Uuid::now_v7().to_string()
}

pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

pub(super) fn passage(at: &str, author: &str, text: &str) -> Value {
    json!({ "at": at, "author": author, "bytes": text.len(), "text": text })
}

/// A decision by the rule `insults`.
pub(super) fn decision(request: &str, phase: &str, texts: &Value) -> KeptDecision {
    KeptDecision {
        id: id(),
        at: now() - HOUR,
        caller: "alice".to_owned(),
        request: request.to_owned(),
        route: "chat".to_owned(),
        policy: "default".to_owned(),
        revision: "3f9c1ab".to_owned(),
        phase: phase.to_owned(),
        action: "block".to_owned(),
        would_be: "block".to_owned(),
        enforced: true,
        rule: Some("insults".to_owned()),
        category: Some("harassment".to_owned()),
        score: 0.9,
        model: "demo".to_owned(),
        record: json!({ "text": "full" }).to_string(),
        texts: Some(texts.to_string()),
        kin: String::new(),
        weight: 10,
        expires: now() + 24 * HOUR,
        item: None,
    }
}

/// An item about a decision.
pub(super) fn item(of: &KeptDecision, queue: &str, wanted: i64) -> Item {
    Item {
        id: of.id.clone(),
        at: of.at,
        queue: queue.to_owned(),
        source: if queue == "verdicts" { "verdict" } else { "sample_blocked" }.to_owned(),
        decision: of.id.clone(),
        policy: of.policy.clone(),
        rule: of.rule.clone(),
        category: of.category.clone(),
        score: of.score,
        share: if queue == "verdicts" { 1.0 } else { 0.25 },
        kin: String::new(),
        wanted,
        expires: of.expires,
        scores: None,
    }
}

/// A folder with a store in which things wait.
pub(super) struct Scene {
    pub(super) folder: tempfile::TempDir,
    /// An answer with a nasty text, in `verdicts`.
    pub(super) answer: String,
    /// Two prompts of the same text, in `samples`.
    pub(super) alike: [String; 2],
    /// To be judged by two people, in `samples`.
    pub(super) twice: String,
    pub(super) public: String,
}

pub(super) fn decisions() -> [KeptDecision; 5] {
    let asked = json!([
        passage("messages[0].content", "system", "Be kind."),
        passage("messages[1].content", "user", "Who am I?"),
    ]);
    let said = json!([passage("choices[0].message.content", "assistant", NASTY)]);
    let mut prompt = decision("req_1", "prompt", &asked);
    (prompt.rule, prompt.category) = (None, None);
    "allow".clone_into(&mut prompt.action);
    prompt.would_be.clone_from(&prompt.action);
    let mut answer = decision("req_1", "completion", &said);
    answer.item = Some(item(&answer, "verdicts", 1));
    let plain = |request: &str, text: &str, kin: &str, wanted| {
        let texts = json!([passage("messages[0].content", "user", text)]);
        let mut plain = decision(request, "prompt", &texts);
        let kin = kin.to_owned();
        plain.item = Some(Item { kin, ..item(&plain, "samples", wanted) });
        plain
    };
    let [first, second] =
        ["req_2", "req_3"].map(|request| plain(request, "=SUM(A1) idiot", "k", 1));
    [prompt, answer, first, second, plain("req_4", "夜里的猫", "", 2)]
}

/// An appeal against the answer, and ten ratings.
pub(super) fn opinions(answer: &str) -> Vec<(Feedback, Option<Item>)> {
    let opinion = |number: i64, kind: &str| Feedback {
        id: id(),
        decision: answer.to_owned(),
        at: now(),
        caller: "alice".to_owned(),
        kind: kind.to_owned(),
        replay: number.to_string(),
        digest: number.to_string(),
        expires: now() + HOUR,
        ..Feedback::default()
    };
    let appeal = Feedback { comment: Some("a joke\u{1b}[2J".to_owned()), ..opinion(0, "appeal") };
    let at = now();
    let queued = Item {
        id: id(),
        at,
        queue: "appeals".to_owned(),
        source: "appeal".to_owned(),
        decision: answer.to_owned(),
        share: 1.0,
        wanted: 1,
        expires: at + HOUR,
        ..Item::default()
    };
    let mut all = vec![(appeal, Some(queued))];
    for (number, value) in (1..).zip([5, 5, 5, 5, 4, 4, 3, 3, 2, 1]) {
        let rating = Some(Rating { value, scale: 5 });
        all.push((Feedback { rating, ..opinion(number, "rating") }, None));
    }
    all
}

pub(super) fn scene() -> Scene {
    let folder = folder(&[("tidegate.yaml", SERVER)]);
    let made = tidegate(folder.path(), &["audit", "key", "--out", "audit.pem"]);
    std::fs::write(folder.path().join("public.pem"), &made.out).expect("a file");
    let pem = std::fs::read_to_string(folder.path().join("audit.pem")).expect("a key");
    let settings = StoreSettings {
        engine: Engine::Sqlite(folder.path().join("state.db")),
        key: None,
        waits: false,
        signer: Some(Arc::new(Signer::from_pem(&pem).expect("a key"))),
        now: Now(Arc::new(now)),
    };
    let store = Store::start(settings).expect("a store");
    let kept = decisions();
    let [_, answer, first, second, twice] = kept.each_ref().map(|decision| decision.id.clone());
    assert!(kept.into_iter().all(|decision| store.keep(decision)));
    let opinions = opinions(&answer);
    let signer = store.signer().cloned();
    let given = store.write(move |connection| {
        for (feedback, item) in &opinions {
            let act = Act {
                id: id(),
                at: feedback.at,
                actor: "client:alice".to_owned(),
                act: "feedback".to_owned(),
                object: feedback.id.clone(),
                detail: json!({ "comment": feedback.comment }),
                ..Act::default()
            };
            feedback.give(connection, item.as_ref(), (&act, signer.as_deref()))?;
        }
        Ok(())
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(given).expect("feedback");
    store.close(Duration::from_secs(5));
    Scene { folder, answer, alike: [first, second], twice, public: "public.pem".to_owned() }
}

impl Scene {
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn review(&self, arguments: &[&str]) -> Outcome {
        tidegate(self.path(), &[&["review"], arguments].concat())
    }

    /// What a command prints that has to go well.
    pub(super) fn fine(&self, arguments: &[&str]) -> String {
        let outcome = self.review(arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.err);
        outcome.out
    }

    /// The same in somebody's name.
    pub(super) fn by(&self, who: &str, arguments: &[&str]) -> String {
        self.fine(&[arguments, &["--reviewer", who]].concat())
    }

    /// What a command says that cannot be done.
    pub(super) fn wrong(&self, arguments: &[&str]) -> String {
        let outcome = self.review(arguments);
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""), "{arguments:?}: {}", outcome.err);
        outcome.err
    }

    pub(super) fn import(&self, lines: &str) -> Outcome {
        fed(self.path(), &["review", "import", "-", "--reviewer", "boss"], lines)
    }
}

/// JSON Lines.
pub(super) fn lines(text: &str) -> Vec<Value> {
    let line =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(line).collect()
}

pub(super) fn member<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// Nothing that moves a cursor or cannot be seen.
pub(super) fn is_plain(text: &str) -> bool {
    !text.contains(['\u{1b}', '\u{200b}', '\u{202e}', '\u{9b}', '\r', '\t'])
}
