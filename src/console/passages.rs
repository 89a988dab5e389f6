//! Texts of a decision as the console shows them, to those who may read them and to those who may not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::people::shapes;
use crate::people::texts::{KeptFinding, KeptPassage, passages};
use crate::store::KeptDecision;

/// The record of a decision, and its passages. Where whole texts are kept, the name of a place may have words of a user
/// in it; who may not read learns of passages how long they were and who wrote them.
pub(super) fn shown(kept: &KeptDecision, reads: bool) -> (Value, Vec<Value>) {
    let mut record: Value = serde_json::from_str(&kept.record).unwrap_or_default();
    let names_places = reads || !has_places_of_users(&record);
    if let Some(members) = record.as_object_mut().filter(|_| !names_places) {
        members.insert("passage".to_owned(), Value::Null);
    }
    let one = |passage: &KeptPassage| {
        let KeptPassage { at, author, bytes, text, sha256, hmac_sha256, cut, withheld, findings } =
            passage;
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
        let digest = sha256.as_ref().or(hmac_sha256.as_ref());
        let found = text.as_deref().map(|text| places(text, findings)).unwrap_or_default();
        shapes::with(head, json!({ "text": text, "sha256": digest, "findings": found }))
    };
    let passages = passages(kept).iter().map(one).collect();
    (record, passages)
}

/// Whether names of places may have keys in them that a client chose.
fn has_places_of_users(record: &Value) -> bool {
    record.get("text").and_then(Value::as_str) == Some("full")
}

/// Where rules matched in a text, in UTF-16 units, as browsers count. What does not lie between characters is left out.
fn places(text: &str, findings: &[KeptFinding]) -> Vec<Value> {
    let mut borders: Vec<usize> =
        findings.iter().flat_map(|found| [found.start, found.end]).collect();
    borders.sort_unstable();
    borders.dedup();
    let mut units: BTreeMap<usize, usize> = BTreeMap::new();
    let (mut at, mut before) = (0, 0);
    for border in borders {
        let Some(part) = text.get(at..border) else { continue };
        before += part.chars().map(char::len_utf16).sum::<usize>();
        units.insert(border, before);
        at = border;
    }
    let place = |found: &KeptFinding| {
        let (start, end) = (units.get(&found.start)?, units.get(&found.end)?);
        Some(json!({
            "rule": found.rule,
            "category": found.category,
            "start": start,
            "end": end,
            "score": found.score,
        }))
    };
    findings.iter().filter_map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(kind: &str, texts: &Value) -> KeptDecision {
        KeptDecision {
            record: json!({ "text": kind, "passage": "my[secret]" }).to_string(),
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
        let (record, passages) = shown(&kept, false);
        let [passage] = &passages[..] else { panic!("one") };
        assert_eq!(
            passage,
            &json!({ "at": null, "author": "user", "bytes": 3, "cut": false, "withheld": false })
        );
        assert_eq!(record["passage"], Value::Null);
        let (record, passages) = shown(&kept, true);
        assert_eq!(record["passage"], "my[secret]");
        let [passage] = &passages[..] else { panic!("one") };
        assert_eq!((&passage["text"], &passage["sha256"]), (&json!("abc"), &json!("00")));
    }

    #[test]
    fn places_count_as_browsers_do() {
        // A smiley is 4 bytes and 2 units, a Chinese character 3 bytes and 1.
        let text = "😀 蠢 idiot";
        let at = text.find("idiot").unwrap();
        let found = |start, end| KeptFinding { start, end, ..KeptFinding::default() };
        let places = places(text, &[found(at, at + 5), found(1, 2), found(5, 99), found(5, 8)]);
        let places: Vec<_> = places.iter().map(|one| (&one["start"], &one["end"])).collect();
        assert_eq!(places, [(&json!(5), &json!(10)), (&json!(3), &json!(4))]);
    }
}
