//! A mistake of ours: a clock that breaks stands for all of them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use tidegate::telemetry::Clock;

use crate::gate::{Gate, Setup};
use crate::wire::{Answer, Client, prompt, request, streamed};

/// At which reading from now on the clock breaks; 0 is never.
static BREAKS_AT: AtomicU32 = AtomicU32::new(0);

/// The tests here take turns with the clock.
static TURN: Mutex<()> = Mutex::new(());

fn read() -> Timestamp {
    // Whoever writes records reads the clock too, whenever it gets to it; requests are what is tried here.
    if std::thread::current().name() == Some("decision-records") {
        return Timestamp::now();
    }
    let left =
        BREAKS_AT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    assert_ne!(left, Ok(1), "the clock broke on purpose");
    Timestamp::now()
}

/// Asks with a clock that breaks at its n-th reading, for every n at which it does; then asks on the same
/// connection again, which must go well.
async fn break_everywhere(gate: &Gate, body: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for reading in 1..20 {
        let mut client = Client::connect(gate.data).await;
        BREAKS_AT.store(reading, Ordering::SeqCst);
        client.send(request("", body).as_bytes()).await;
        let answer = client.answer().await;
        let broke = BREAKS_AT.swap(0, Ordering::SeqCst) == 0;
        assert!(answer.whole, "{answer:?}");
        client.send(request("", &prompt("say: hello")).as_bytes()).await;
        let next = client.answer().await;
        assert_eq!(next.status, 200, "the connection goes on");
        if !broke {
            return answers;
        }
        answers.push(answer);
    }
    panic!("a request reads the clock more often than this test thinks");
}

fn setup() -> Setup {
    Setup::demo().clock(Clock::read_by(read))
}

#[tokio::test]
#[expect(clippy::await_holding_lock, reason = "each test has a runtime of its own")]
async fn a_panic_is_answered_500_or_503_and_the_connection_goes_on() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let gate = setup().start().await;
    let mut seen = Vec::new();
    for body in [prompt("say: hello"), streamed("say: hello"), prompt("a grenade")] {
        for answer in break_everywhere(&gate, &body).await {
            match answer.status {
                500 => answer.is_error(500, "internal_error"),
                503 => answer.is_error(503, "moderation_unavailable"),
                // The record of a stream is written when all of it has been sent.
                status => assert_eq!((status, body.contains("stream")), (200, true)),
            }
            seen.push(answer.status);
        }
    }
    assert!(seen.contains(&500) && seen.contains(&503), "{seen:?}");
    let broken = seen.len();
    let metrics = gate.admin("/metrics").await.text();
    let counted: usize = ["exchange", "screening"]
        .iter()
        .filter_map(|part| {
            let name = format!("tidegate_panics_total{{part=\"{part}\"}} ");
            metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse::<usize>().ok())
        })
        .sum();
    assert_eq!(counted, broken, "{seen:?}");
    gate.counts(&["tidegate_http_requests_in_flight{route=\"chat\"} 0"]).await;
}

#[tokio::test]
#[expect(clippy::await_holding_lock, reason = "each test has a runtime of its own")]
async fn fail_open_passes_on_what_could_not_be_screened_and_counts_it() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let gate = setup().with("fail.internal_error", "open").start().await;
    let mut client = Client::connect(gate.data).await;
    BREAKS_AT.store(1, Ordering::SeqCst);
    client.send(request("x-request-id: open\r\n", &prompt("say: a grenade")).as_bytes()).await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 200, "the prompt passes; the answer is screened: {}", answer.text());
    assert!(!answer.text().contains("grenade"), "{}", answer.text());
    client.send(request("x-request-id: next\r\n", &prompt("say: a grenade")).as_bytes()).await;
    client.answer().await.is_error(400, "content_policy_violation");
    gate.counts(&["tidegate_unmoderated_total{phase=\"prompt\",reason=\"internal_error\"} 1"])
        .await;
    let records = gate.records("open", "next").await;
    let decided: Vec<_> =
        records.iter().map(|r| (r["phase"].as_str(), r["action"].as_str())).collect();
    assert_eq!(
        decided,
        [(Some("prompt"), Some("unavailable")), (Some("completion"), Some("block"))]
    );
}
