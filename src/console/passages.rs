//! Texts of a decision as the console shows them, to those who may read them and to those who may not.

use serde_json::{Value, json};

use crate::people::shapes;
use crate::people::texts::{KeptPassage, passages};
use crate::store::KeptDecision;

/// The most findings that are shown of a text.
const MOST_FINDINGS: usize = 256;

/// The record of a decision. Where whole texts are kept, the name of a place may have words of a user in it.
pub(super) fn record(kept: &KeptDecision, reads: bool) -> Value {
    let mut record: Value = serde_json::from_str(&kept.record).unwrap_or_default();
    let hides = !reads && has_places_of_users(&record);
    if let Some(members) = record.as_object_mut().filter(|_| hides) {
        members.insert("passage".to_owned(), Value::Null);
    }
    record
}

/// The passages of a decision; who may not read them learns how long they were and who wrote them.
pub(super) fn shown(kept: &KeptDecision, reads: bool) -> Vec<Value> {
    let record: Value = serde_json::from_str(&kept.record).unwrap_or_default();
    let names_places = reads || !has_places_of_users(&record);
    let kept = passages(kept);
    let only = kept.len() == 1;
    let one = |passage: &KeptPassage| {
        let KeptPassage { at, author, bytes, text, sha256, hmac_sha256, cut, withheld } = passage;
        let head = json!({
            "at": names_places.then_some(at),
            "author": author,
            "bytes": bytes,
            "cut": cut,
            "withheld": withheld,
        });
        if !reads {
            return head;
        }
        // Records say where rules matched, not in which of several texts.
        let whole = text.as_deref().filter(|text| only && text.len() as u64 == *bytes);
        let findings = whole.map(|text| findings(&record, text));
        let digest = sha256.as_ref().or(hmac_sha256.as_ref());
        shapes::with(head, json!({ "text": text, "sha256": digest, "findings": findings }))
    };
    kept.iter().map(one).collect()
}

/// Whether names of places may have keys in them that a client chose.
fn has_places_of_users(record: &Value) -> bool {
    record.get("text").and_then(Value::as_str) == Some("full")
}

/// What rules found in the one text of a record; places count in UTF-16 units, as browsers do.
fn findings(record: &Value, text: &str) -> Vec<Value> {
    let mut units = vec![None; text.len() + 1];
    let mut before = 0_usize;
    for (at, c) in text.char_indices() {
        if let Some(unit) = units.get_mut(at) {
            *unit = Some(before);
        }
        before += c.len_utf16();
    }
    if let Some(end) = units.last_mut() {
        *end = Some(before);
    }
    let place = |at: &Value| {
        let at = usize::try_from(at.as_u64()?).ok()?;
        units.get(at).copied().flatten()
    };
    let rules = record.get("rules").and_then(Value::as_array).into_iter().flatten();
    let found = rules.flat_map(|rule| {
        let spans = rule.get("spans").and_then(Value::as_array).into_iter().flatten();
        spans.filter_map(move |span| {
            let (start, end) = (place(span.get(0)?)?, place(span.get(1)?)?);
            Some(json!({
                "rule": rule.get("id"),
                "category": rule.get("category"),
                "start": start,
                "end": end,
                "score": rule.get("score"),
            }))
        })
    });
    found.take(MOST_FINDINGS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(kind: &str, texts: &Value) -> KeptDecision {
        let rules = json!([{ "id": "insults", "category": "harassment", "score": 0.0, "spans": [[5, 10]] }]);
        KeptDecision {
            record: json!({ "text": kind, "passage": "my[secret]", "rules": rules }).to_string(),
            texts: Some(texts.to_string()),
            ..KeptDecision::default()
        }
    }

    #[test]
    fn who_may_not_read_sees_neither_texts_nor_digests_nor_keys_that_a_user_chose() {
        let texts = json!([
            { "at": "my[secret]", "author": "user", "bytes": 3, "text": "abc", "sha256": "00" },
        ]);
        let kept = kept("full", &texts);
        let [passage] = &shown(&kept, false)[..] else { panic!("one") };
        assert_eq!(
            passage,
            &json!({ "at": null, "author": "user", "bytes": 3, "cut": false, "withheld": false })
        );
        assert_eq!(record(&kept, false)["passage"], Value::Null);
        assert_eq!(record(&kept, true)["passage"], "my[secret]");
        let [passage] = &shown(&kept, true)[..] else { panic!("one") };
        assert_eq!((&passage["text"], &passage["sha256"]), (&json!("abc"), &json!("00")));
    }

    #[test]
    fn places_of_findings_count_as_browsers_do() {
        // A smiley is 4 bytes and 2 units, a Chinese character 3 bytes and 1.
        let text = "😀 蠢 idiot";
        let at = text.find("idiot").unwrap();
        let found = findings(
            &json!({ "rules": [{ "id": "r", "spans": [[at, at + 5], [1, 2], [0, 99]] }] }),
            text,
        );
        let [one] = &found[..] else { panic!("{found:?}") };
        assert_eq!((&one["start"], &one["end"]), (&json!(5), &json!(10)));
    }

    #[test]
    fn findings_are_shown_where_it_is_known_in_which_text_they_are() {
        let passage =
            |text: &str| json!({ "at": "p", "author": "user", "bytes": text.len(), "text": text });
        let one = kept("full", &json!([passage("some idiot")]));
        assert_eq!(shown(&one, true)[0]["findings"][0]["start"], 5);
        let two = kept("full", &json!([passage("some idiot"), passage("some idiot")]));
        assert_eq!(shown(&two, true)[0]["findings"], Value::Null);
    }
}
