//! Places at which one sees and judges.

use serde_json::{Value, json};

use super::describe::{Told, flag, list, object, of, one_of, page, text, time, told, whole};
use crate::console::feedback::MOST_DAYS;
use crate::console::overview::MOST_HOURS;
use crate::domain::Action;

fn seeing() -> Vec<Told> {
    vec![
        told("GET", "/api/overview", "Shows how things stand.")
            .asks("hours", whole(1, MOST_HOURS))
            .gives(
                "200",
                object(&[
                    "hours",
                    "since",
                    "buckets",
                    "totals",
                    "rules",
                    "queues",
                    "satisfaction",
                    "store",
                    "ready",
                ]),
            ),
        told("GET", "/api/live", "Shows decisions as they are made, until the session ends.")
            .sends("200", &["text/event-stream"], "events `decision` and `missed`"),
        told("GET", "/api/decisions", "Lists decisions, the newest first.")
            .asks("action", one_of(&Action::ALL.map(Action::as_str)))
            .asks("policy", text())
            .asks("rule", text())
            .asks("route", text())
            .asks("phase", one_of(&["prompt", "completion"]))
            .asks("since", time())
            .asks("until", time())
            .asks("id", text())
            .paged()
            .gives("200", page(of("decision"))),
        told(
            "GET",
            "/api/decisions/{id}",
            "Shows a decision; texts only to those who may read them.",
        )
        .gives("200", of("decision_detail")),
        told(
            "DELETE",
            "/api/decisions/{id}/texts",
            "Erases the texts of a decision, and what people wrote of it.",
        )
        .says_nothing("204", "erased"),
        told("GET", "/api/feedback", "Lists what users said, the newest first.")
            .asks("kind", text())
            .paged()
            .gives("200", page(of("feedback"))),
        told("GET", "/api/satisfaction", "Shows how content users are, over time.")
            .asks("days", whole(1, MOST_DAYS))
            .asks("bucket", one_of(&["day", "week"]))
            .gives("200", object(&["groups"])),
        told("GET", "/api/ledger", "Searches the ledger of acts, the newest first.")
            .asks("actor", text())
            .asks("act", text())
            .asks("object", text())
            .asks("since", time())
            .asks("until", time())
            .paged()
            .gives("200", page(of("act"))),
        told("GET", "/api/ledger/verify", "Verifies every line of the ledger.")
            .gives("200", object(&["lines", "erased", "head", "faults", "signed"])),
        told("GET", "/api/openapi.json", "Shows this description.")
            .gives("200", object(&["openapi", "paths"])),
    ]
}

fn judging() -> Vec<Told> {
    let written =
        |most: u32| -> Value { json!({ "type": "string", "minLength": 1, "maxLength": most }) };
    vec![
        told("GET", "/api/review/queues", "Shows how much waits in each queue.")
            .gives("200", page(of("queue"))),
        told("GET", "/api/review/stats", "Shows what reviews came to.")
            .asks("days", whole(1, MOST_DAYS))
            .gives("200", object(&["rules", "reviewers"])),
        told(
            "GET",
            "/api/review/items",
            "Lists items, the oldest first; without a state, those that wait.",
        )
        .asks("queue", text())
        .asks("state", one_of(&["open", "second", "disagreement", "settled"]))
        .asks("policy", text())
        .asks("rule", text())
        .paged()
        .gives("200", page(of("item"))),
        told("POST", "/api/review/claim", "Takes the oldest item that waits for whoever asks.")
            .takes(&[], json!({ "queue": written(128) }))
            .gives("200", of("item_detail"))
            .says_nothing("204", "nothing is left for you"),
        told("GET", "/api/review/items/{id}", "Shows an item with all that helps to judge it.")
            .gives("200", of("item_detail")),
        told("POST", "/api/review/items/{id}/claim", "Takes an item.")
            .gives("200", of("item_detail")),
        told("DELETE", "/api/review/items/{id}/claim", "Gives an item back.")
            .says_nothing("204", "given back"),
        told("POST", "/api/review/items/{id}/judgement", "Says whether a decision was right.")
            .takes(
                &["judgement"],
                json!({
                    "judgement": one_of(&["upheld", "overturned", "unsure"]),
                    "category": written(128),
                    "note": written(2000),
                    "edited": written(65_536),
                    "alike": flag(),
                    "near": { "type": "array", "maxItems": 20, "items": text() },
                }),
            )
            .gives(
                "200",
                json!({
                    "type": "object",
                    "required": ["items", "left_out"],
                    "properties": { "items": list(of("item")), "left_out": { "type": "integer" } },
                }),
            ),
        told("DELETE", "/api/review/items/{id}/judgement", "Takes back what one said.")
            .gives("200", of("item")),
        told("GET", "/api/review/export", "Writes settled items as a file.")
            .demands("form", one_of(&["labels", "trl", "openai", "csv"]))
            .sends(
                "200",
                &["application/x-ndjson", "text/csv"],
                "a file; with `form=csv`, of text/csv",
            ),
    ]
}

pub(super) fn places() -> Vec<Told> {
    [seeing(), judging()].into_iter().flatten().collect()
}
