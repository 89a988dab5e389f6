//! A classifier before a server that does what a script says, on a clock that stands still while anybody works.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::carrier::{Carrier, Failed};
use super::contract::NO_CATEGORY;
use super::setup::plan;
use super::{Circuit, Classifier, Question, Reason, Tested, Verdict};
use crate::domain::{Author, Phase};
use crate::telemetry::Metrics;

/// What the server does with a call.
type Step = (u64, Result<Value, Failed>);

/// By the number of the call, and its texts.
type Script = dyn Fn(usize, &[String]) -> Step + Send + Sync;

struct Server {
    asked: Mutex<Vec<Vec<String>>>,
    script: Box<Script>,
    busy: Mutex<(usize, usize)>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}

impl Server {
    fn new(script: impl Fn(usize, &[String]) -> Step + Send + Sync + 'static) -> Arc<Self> {
        let (asked, busy) = (Mutex::default(), Mutex::default());
        Arc::new(Self { asked, script: Box::new(script), busy })
    }

    /// One that answers at once that nothing is wrong, except with `bad` ones.
    fn fine() -> Arc<Self> {
        Self::new(|_, texts| (0, Ok(tei(texts))))
    }

    fn asked(&self) -> Vec<Vec<String>> {
        self.asked.lock().unwrap().clone()
    }

    fn calls(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Carrier for Arc<Server> {
    fn post(&self, body: Vec<u8>) -> BoxFuture<'_, Result<Bytes, Failed>> {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let texts: Vec<String> = match body["inputs"].as_array() {
            Some(items) => items.iter().map(|one| text(&one[0])).collect(),
            None => vec![text(&body["text"])],
        };
        let number = self.calls();
        self.asked.lock().unwrap().push(texts.clone());
        let (after, answer) = (self.script)(number, &texts);
        Box::pin(async move {
            let _busy = Busy::new(&self.busy);
            sleep(Duration::from_millis(after)).await;
            answer.map(|answer| Bytes::from(answer.to_string()))
        })
    }
}

/// One call, counted while it lasts, be it cut short.
struct Busy<'s>(&'s Mutex<(usize, usize)>);

impl<'s> Busy<'s> {
    fn new(busy: &'s Mutex<(usize, usize)>) -> Self {
        let mut counts = busy.lock().unwrap();
        counts.0 += 1;
        counts.1 = counts.1.max(counts.0);
        Self(busy)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().0 -= 1;
    }
}

/// The score that the server gives a text.
fn true_score(text: &str) -> f64 {
    if text.contains("bad") { 0.75 } else { 0.25 }
}

/// What text-embeddings-inference says about these texts.
fn tei(texts: &[String]) -> Value {
    let one = |text: &String| {
        let score = true_score(text);
        json!([{ "label": "toxic", "score": score }, { "label": "neutral", "score": 1.0 - score }])
    };
    texts.iter().map(one).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "it is written where it is given")]
fn classifier(server: &Arc<Server>, more: Value) -> Classifier {
    let mut written = json!({
        "kind": "tei_predict", "endpoint": "e", "timeout": "400ms",
        "labels": { "toxic": "harassment", "neutral": NO_CATEGORY },
    });
    for (key, value) in more.as_object().unwrap() {
        written[key] = value.clone();
    }
    let written = serde_json::from_value(written).unwrap();
    let plan = plan(&written).unwrap();
    Classifier::with("c", plan, Box::new(Arc::clone(server)), ([7; 32], Arc::new(Metrics::new())))
}

const fn ask(text: &str) -> Question<'_> {
    Question { text, phase: Phase::Prompt, author: Author::User, prompt: None }
}

/// The highest score, or why there is none.
fn short(verdict: &Verdict) -> Result<f64, Reason> {
    match verdict {
        Verdict::Scores { scores, .. } => Ok(scores.highest()),
        Verdict::Unavailable { reason, .. } => Err(*reason),
    }
}

async fn judged(classifier: &Classifier, text: &str) -> Result<f64, Reason> {
    short(&classifier.ask(ask(text), None).await)
}

#[track_caller]
fn is_at_rest(classifier: &Classifier) {
    let state = classifier.state();
    assert_eq!((state.in_flight, state.waiting), (0, 0), "{state:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_text_at_the_same_time_is_asked_about_once() {
    let server = Server::new(|_, texts| (50, Ok(tei(texts))));
    let one = classifier(&server, json!({ "cache": false }));
    let verdicts = join_all((0..100).map(|_| judged(&one, "bad"))).await;
    assert!(verdicts.iter().all(|verdict| *verdict == Ok(0.75)));
    assert_eq!(server.asked(), [["bad"]]);
    assert_eq!(judged(&one, "bad").await, Ok(0.75));
    assert_eq!(server.calls(), 2, "nothing is kept");
    is_at_rest(&one);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_for_its_time() {
    let server = Server::fine();
    let one = classifier(&server, json!({ "calls": { "cached_for": "60s" } }));
    for _ in 0..3 {
        assert_eq!(judged(&one, "bad").await, Ok(0.75));
    }
    assert_eq!((server.calls(), one.state().cached), (1, 1));
    let verdict = one.ask(ask("bad"), None).await;
    assert!(matches!(verdict, Verdict::Scores { cached: true, .. }));
    let completion = Question { phase: Phase::Completion, ..ask("bad") };
    assert!(matches!(one.ask(completion, None).await, Verdict::Scores { cached: false, .. }));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(judged(&one, "bad").await, Ok(0.75));
    assert_eq!(server.calls(), 3);
    let text = one.calls.metrics.render();
    assert!(
        text.contains("tidegate_classifier_requests_total{classifier=\"c\",outcome=\"cached\"} 3")
    );
    assert!(text.contains("tidegate_classifier_requests_total{classifier=\"c\",outcome=\"ok\"} 3"));
    assert!(text.contains("tidegate_classifier_duration_seconds_count{classifier=\"c\"} 3"));
    assert!(!text.contains("bad"), "no text in metrics");
}

#[tokio::test(start_paused = true)]
async fn texts_that_wait_together_go_in_one_call_of_at_most_a_batch() {
    let server = Server::new(|_, texts| (20, Ok(tei(texts))));
    let one = classifier(&server, json!({ "calls": { "batch": 8, "in_flight": 2 } }));
    let texts: Vec<String> =
        (0..40).map(|n| format!("{}{n}", if n % 3 == 0 { "bad" } else { "" })).collect();
    let verdicts = join_all(texts.iter().map(|text| judged(&one, text))).await;
    for (text, verdict) in texts.iter().zip(verdicts) {
        assert_eq!(verdict, Ok(true_score(text)), "{text}");
    }
    let sizes: Vec<usize> = server.asked().iter().map(Vec::len).collect();
    assert_eq!(sizes, [8; 5]);
    assert_eq!(server.busy.lock().unwrap().1, 2, "no more calls at a time");
    let questions: Vec<_> = texts.iter().map(|text| ask(text)).collect();
    let again = one.ask_all(&questions, None).await;
    assert!(again.iter().zip(&texts).all(|(verdict, text)| short(verdict) == Ok(true_score(text))));
    is_at_rest(&one);
}

#[tokio::test(start_paused = true)]
async fn one_text_too_many_is_rejected_and_waiting_counts_as_time() {
    let server = Server::new(|_, texts| (300, Ok(tei(texts))));
    let calls = json!({ "calls": { "batch": 1, "in_flight": 1, "waiting": 2 } });
    let one = classifier(&server, calls);
    let began = Instant::now();
    let later = |text: &'static str, wait: u64| {
        let one = &one;
        async move {
            sleep(Duration::from_millis(wait)).await;
            judged(one, text).await
        }
    };
    let (a, b, c, d) = tokio::join!(later("a", 0), later("b", 5), later("c", 5), later("d", 7));
    assert_eq!(a, Ok(0.25));
    assert_eq!((b, c), (Err(Reason::Timeout), Err(Reason::Timeout)));
    assert_eq!(d, Err(Reason::Rejected));
    assert!(began.elapsed() < Duration::from_millis(410), "nobody waits longer than the timeout");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(server.calls(), 2, "what nobody waits for is not asked about");
    is_at_rest(&one);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_the_caller_is_kept() {
    let server = Server::new(|_, texts| (300, Ok(tei(texts))));
    let one = classifier(&server, json!({}));
    let began = Instant::now();
    let verdict = one.ask(ask("bad"), Some(began + Duration::from_millis(100))).await;
    assert_eq!(short(&verdict), Err(Reason::Timeout));
    assert_eq!(began.elapsed().as_millis(), 100);
    let verdict = one.ask(ask("bad"), Some(began)).await;
    assert_eq!(short(&verdict), Err(Reason::Timeout), "a time that is over already");
}

#[tokio::test(start_paused = true)]
async fn who_has_more_time_is_not_failed_by_who_has_less() {
    let server = Server::new(|_, texts| (200, Ok(tei(texts))));
    let one = classifier(&server, json!({}));
    let hasty = async {
        let soon = Instant::now() + Duration::from_millis(50);
        short(&one.ask(ask("bad"), Some(soon)).await)
    };
    let patient = async {
        sleep(Duration::from_millis(10)).await;
        judged(&one, "bad").await
    };
    let (hasty, patient) = tokio::join!(hasty, patient);
    assert_eq!((hasty, patient), (Err(Reason::Timeout), Ok(0.75)));
    is_at_rest(&one);
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_leaves_nothing_behind() {
    let server = Server::new(|_, texts| (100, Ok(tei(texts))));
    let one = classifier(&server, json!({ "calls": { "batch": 1, "in_flight": 1 } }));
    for n in 0..50 {
        let text = n.to_string();
        tokio::select! {
            _ = judged(&one, &text) => panic!("the server is slower"),
            () = sleep(Duration::from_millis(3)) => {}
        }
    }
    sleep(Duration::from_secs(1)).await;
    is_at_rest(&one);
    assert!(server.calls() <= 3, "{}", server.calls());
    assert_eq!(judged(&one, "bad").await, Ok(0.75));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_is_left_alone_and_taken_back_after_one_probe() {
    let down = Arc::new(Mutex::new(true));
    let is_down = Arc::clone(&down);
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let server = Server::new(move |_, texts| {
        let down = *is_down.lock().unwrap();
        (5, if down { Err(Failed::Status(status, None)) } else { Ok(tei(texts)) })
    });
    let one = classifier(&server, json!({ "calls": { "batch": 1 } }));
    for n in 0..20 {
        let expected = if n < 5 { Reason::Error } else { Reason::Rejected };
        assert_eq!(judged(&one, &n.to_string()).await, Err(expected), "{n}");
    }
    assert_eq!((server.calls(), one.state().circuit), (5, Circuit::Open));
    let gauge = "tidegate_classifier_circuit_state{classifier=\"c\",state=\"open\"} 1";
    assert!(one.calls.metrics.render().contains(gauge));
    sleep(Duration::from_secs(1)).await;
    let probes = join_all((0..10).map(|n| async move { n.to_string() })).await;
    let verdicts = join_all(probes.iter().map(|text| judged(&one, text))).await;
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Err(Reason::Error)).count(), 1);
    assert_eq!(server.calls(), 6, "one probe");
    *down.lock().unwrap() = false;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(judged(&one, "bad").await, Ok(0.75));
    assert_eq!(one.state().circuit, Circuit::Closed);
    is_at_rest(&one);
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_opens_the_circuit_too() {
    let server = Server::new(|_, texts| (10_000, Ok(tei(texts))));
    let one = classifier(&server, json!({ "calls": { "batch": 1 } }));
    for n in 0..5 {
        assert_eq!(judged(&one, &n.to_string()).await, Err(Reason::Timeout));
    }
    sleep(Duration::from_millis(1)).await;
    assert_eq!(judged(&one, "x").await, Err(Reason::Rejected));
    is_at_rest(&one);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_cannot_be_answered_spoils_no_other() {
    let server = Server::new(|_, texts| {
        let poison = texts.iter().any(|text| text == "poison");
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        (5, if poison { Err(Failed::Status(status, None)) } else { Ok(tei(texts)) })
    });
    let one = classifier(&server, json!({ "calls": { "batch": 16 } }));
    for round in 0..10 {
        let texts: Vec<String> =
            (0..9).map(|n| format!("bad{round}-{n}")).chain(["poison".to_owned()]).collect();
        let verdicts = join_all(texts.iter().map(|text| judged(&one, text))).await;
        assert_eq!(verdicts.last(), Some(&Err(Reason::Error)));
        assert!(verdicts[..9].iter().all(|verdict| *verdict == Ok(0.75)), "{verdicts:?}");
    }
    assert_eq!(one.state().circuit, Circuit::Closed, "whoever sends such a text shuts nobody out");
    is_at_rest(&one);
}

#[tokio::test(start_paused = true)]
async fn a_second_try_is_made_once_and_only_where_it_is_safe() {
    let busy = StatusCode::SERVICE_UNAVAILABLE;
    let after = |millis| Some(Duration::from_millis(millis));
    let cases: [(Failed, Result<f64, Reason>, usize); 9] = [
        (Failed::Unreached, Ok(0.75), 2),
        (Failed::Status(busy, after(100)), Ok(0.75), 2),
        (Failed::Status(StatusCode::TOO_MANY_REQUESTS, after(0)), Ok(0.75), 2),
        (Failed::Status(busy, after(400)), Err(Reason::Error), 1),
        (Failed::Status(busy, None), Err(Reason::Error), 1),
        (Failed::Status(StatusCode::INTERNAL_SERVER_ERROR, after(0)), Err(Reason::Error), 1),
        (Failed::BrokenOff, Err(Reason::Error), 1),
        (Failed::TooLarge, Err(Reason::Error), 1),
        (Failed::Encoded, Err(Reason::Error), 1),
    ];
    for (failed, expected, calls) in cases {
        let server =
            Server::new(move |n, texts| (1, if n == 0 { Err(failed) } else { Ok(tei(texts)) }));
        let one = classifier(&server, json!({}));
        assert_eq!(judged(&one, "bad").await, expected, "{failed:?}");
        assert_eq!(server.calls(), calls, "{failed:?}");
    }
    let server = Server::new(|_, _| (1, Err(Failed::Unreached)));
    assert_eq!(judged(&classifier(&server, json!({})), "bad").await, Err(Reason::Error));
    assert_eq!(server.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn of_a_long_text_the_worst_window_counts_and_all_of_it_is_judged() {
    let server = Server::fine();
    let one = classifier(&server, json!({ "window": { "chars": 20, "overlap": 5 } }));
    let words =
        |from: u32| (from..from + 9).map(|n| format!("word {n}")).collect::<Vec<_>>().join(" ");
    let text = format!("{} bad {}", words(10), words(20));
    assert_eq!(judged(&one, &text).await, Ok(0.75));
    let asked: Vec<String> = server.asked().into_iter().flatten().collect();
    assert!(asked.len() > 6 && asked.iter().all(|part| part.chars().count() <= 20), "{asked:?}");
    assert!(text.ends_with(asked.last().unwrap()));
    let calls = server.calls();
    assert_eq!(judged(&one, &"x".repeat(100_000)).await, Err(Reason::TooLong));
    assert_eq!(server.calls(), calls, "a text that is too long is not judged in part");
    assert_eq!(judged(&one, "").await, Ok(0.0), "in no character nothing is wrong");
}

#[tokio::test(start_paused = true)]
async fn one_window_without_an_answer_leaves_the_text_unavailable() {
    let server = Server::new(|_, texts| {
        let (slow, status) =
            (texts.iter().any(|text| text.contains("lost")), StatusCode::BAD_REQUEST);
        (1, if slow { Err(Failed::Status(status, None)) } else { Ok(tei(texts)) })
    });
    let one = classifier(&server, json!({ "window": { "chars": 20, "overlap": 0 } }));
    let verdict = one.ask(ask("really bad words... here they are lost."), None).await;
    let Verdict::Unavailable { reason, seen } = verdict else { panic!("{verdict:?}") };
    assert_eq!(reason, Reason::Error);
    assert!((seen.unwrap().of("harassment") - 0.75).abs() < 1e-9, "what was seen stays seen");
}

#[tokio::test(start_paused = true)]
async fn what_is_pointed_at_in_a_later_window_is_placed_in_the_whole_text() {
    let server = Server::new(|_, texts| {
        let found = texts[0].find("Ada").map(|at| {
            let start = texts[0][..at].chars().count();
            json!({ "entity_type": "PERSON", "start": start, "end": start + 3, "score": 0.9 })
        });
        (0, Ok(found.into_iter().collect()))
    });
    let one = classifier(
        &server,
        json!({
            "kind": "presidio", "labels": { "PERSON": "pii" }, "window": { "chars": 16, "overlap": 8 },
        }),
    );
    let text = "é é é é é é é é é é é é 😀 Ada é é é é é é é é é é";
    let Verdict::Scores { scores, .. } = one.ask(ask(text), None).await else { panic!() };
    let spans: Vec<&str> = scores.spans().iter().map(|found| &text[found.span.range()]).collect();
    assert_eq!(spans, ["Ada"], "two windows show it, and it is one");
}

fn tested(every: &str) -> Value {
    json!({ "self_test": { "good": "a kind word", "bad": ["bad one", "bad two"], "every": every } })
}

#[tokio::test(start_paused = true)]
async fn a_classifier_is_believed_only_after_its_self_test() {
    let server = Server::new(|_, texts| (50, Ok(tei(texts))));
    let one = classifier(&server, tested("10m"));
    assert_eq!(judged(&one, "bad").await, Err(Reason::SelfTest), "nobody has run it");
    assert_eq!(server.calls(), 0);
    tokio::select! {
        () = one.keep_tested() => panic!("it runs for ever"),
        verdict = judged(&one, "bad") => assert_eq!(verdict, Ok(0.75), "it waits for the first run"),
    }
    assert_eq!(one.state().tested, Some(Tested::Passed));
    assert_eq!(server.asked(), [["a kind word"], ["bad one"], ["bad two"], ["bad"]]);
    classifier(&server, json!({})).keep_tested().await;
}

#[tokio::test(start_paused = true)]
async fn a_classifier_that_fails_its_self_test_is_unavailable_until_it_passes() {
    let wrong = Arc::new(Mutex::new("blind"));
    let now = Arc::clone(&wrong);
    let server = Server::new(move |_, texts| {
        let (clean, all) = (["kind".to_owned()], ["bad".to_owned()]);
        let answer = match *now.lock().unwrap() {
            "blind" => Ok(tei(&clean)),
            "harsh" => Ok(tei(&all)),
            "prose" => Ok(json!("I cannot help with that")),
            "down" => Err(Failed::BrokenOff),
            _ => Ok(tei(texts)),
        };
        (1, answer)
    });
    let one = Arc::new(classifier(&server, tested("60s")));
    let testing = Arc::clone(&one);
    let tasks = tokio_util::task::TaskTracker::new();
    tasks.spawn(async move { testing.keep_tested().await });
    for (mode, shown) in [
        ("blind", "self_test.bad[0]: the highest score is 0.25, and `at_least` is 0.5"),
        ("harsh", "self_test.good[0]: the highest score is 0.75, and `at_least` is 0.5"),
        ("prose", "self_test.good[0]: the answer has no list of predictions"),
        ("down", "self_test.good[0]: BrokenOff"),
    ] {
        *wrong.lock().unwrap() = mode;
        sleep(Duration::from_secs(6)).await;
        assert_eq!(judged(&one, "bad").await, Err(Reason::SelfTest), "{mode}");
        assert_eq!(one.state().tested, Some(Tested::Failed(shown.to_owned())));
    }
    *wrong.lock().unwrap() = "right";
    sleep(Duration::from_secs(6)).await;
    assert_eq!(judged(&one, "bad").await, Ok(0.75), "it is asked again soon");
    *wrong.lock().unwrap() = "down";
    sleep(Duration::from_secs(61)).await;
    assert_eq!(one.state().tested, Some(Tested::Passed), "an outage says nothing new");
    assert_eq!(judged(&one, "bad").await, Ok(0.75), "and what is kept is still true");
    *wrong.lock().unwrap() = "blind";
    sleep(Duration::from_secs(61)).await;
    assert_eq!(judged(&one, "bad").await, Err(Reason::SelfTest));
}

#[test]
fn a_runtime_that_ends_gives_its_places_back_and_tells_who_waits() {
    let server = Server::new(|_, texts| (3_600_000, Ok(tei(texts))));
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().unwrap()
    };
    let (first, second) = (runtime(), runtime());
    let more = json!({ "timeout": "3h", "calls": { "in_flight": 1, "batch": 1 } });
    let one = Arc::new(first.block_on(async { classifier(&server, more) }));
    first.block_on(async {
        let asked = judged(&one, "a");
        let seen = async {
            while server.calls() == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = asked => panic!("the server takes an hour"),
            () = seen => {}
        }
    });
    assert_eq!(one.state().in_flight, 1);
    // Handed in by the second runtime, on its way in the first.
    let verdict = second.block_on(async {
        let asked = judged(&one, "a");
        let ended = async { drop(tokio::task::spawn_blocking(move || drop(first)).await) };
        tokio::join!(asked, ended).0
    });
    assert_eq!(verdict, Err(Reason::Error));
    is_at_rest(&one);
}

/// Small, and the same from each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What a server in disorder does.
fn disorder(dice: &mut Dice, texts: &[String]) -> Step {
    let wait = dice.roll(30);
    match dice.roll(12) {
        0 => (wait, Err(Failed::Unreached)),
        1 => (wait, Err(Failed::BrokenOff)),
        2 => (wait, Err(Failed::Status(StatusCode::BAD_GATEWAY, None))),
        3 => (
            wait,
            Err(Failed::Status(
                StatusCode::TOO_MANY_REQUESTS,
                Some(Duration::from_secs(dice.roll(3))),
            )),
        ),
        4 => (2_000, Ok(tei(texts))),
        5 => (wait, Ok(json!({ "answer": "this is all fine" }))),
        6 => (wait, Ok(tei(&texts[1..]))),
        7 => (
            wait,
            Ok(json!([[{ "label": "toxic", "score": 2.0 }, { "label": "neutral", "score": 0.0 }]])),
        ),
        _ => (wait, Ok(tei(texts))),
    }
}

#[tokio::test(start_paused = true)]
async fn in_disorder_under_load_no_text_gets_a_verdict_that_the_server_did_not_give() {
    for seed in 1..=20 {
        let dice = Mutex::new(Dice(seed * 0x9E37_79B9));
        let server = Server::new(move |_, texts| disorder(&mut dice.lock().unwrap(), texts));
        let calls = json!({ "calls": { "in_flight": 4, "batch": 4, "waiting": 40 } });
        let one = classifier(&server, calls);
        let began = Instant::now();
        let texts: Vec<String> = (0..400)
            .map(|n| format!("{} {}", if n % 2 == 0 { "bad" } else { "kind" }, n % 90))
            .collect();
        let asked = texts.iter().enumerate().map(|(n, text)| {
            let one = &one;
            async move {
                sleep(Duration::from_millis(n as u64 * 7)).await;
                let asked = Instant::now();
                let verdict = judged(one, text).await;
                (verdict, asked.elapsed())
            }
        });
        let mut reasons: HashMap<Result<(), Reason>, usize> = HashMap::new();
        for (text, (verdict, took)) in texts.iter().zip(join_all(asked).await) {
            assert!(took <= Duration::from_millis(401), "{took:?}");
            if let Ok(score) = verdict {
                assert!((score - true_score(text)).abs() < 1e-9, "{text}: {score}");
            }
            *reasons.entry(verdict.map(drop)).or_default() += 1;
        }
        assert!(reasons.len() > 2, "{reasons:?}");
        assert!(server.busy.lock().unwrap().1 <= 4);
        sleep(Duration::from_secs(3)).await;
        is_at_rest(&one);
        assert!(one.calls.desk.is_empty(), "no text is left on its way");
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
