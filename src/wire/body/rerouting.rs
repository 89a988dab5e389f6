//! Fields by which gateways behind the gate let clients choose where a request goes, and as whom.

use super::BodyProblem;
use crate::wire::json::{Doc, Kind, NodeId};

/// Their names. Lenient parsers take them in any case.
const FIELDS: [&str; 5] = ["api_base", "base_url", "api_key", "api_version", "organization"];

/// Members of a request in which the same fields count, also in each element of a list.
const AROUND: [&str; 4] = ["extra_body", "litellm_params", "fallbacks", "model_list"];

/// No field chooses where the request goes: a gateway that did as it says would send what was screened, and its own
/// key, to whomever the client names.
pub(super) fn check_rerouting(doc: &Doc, bytes: &[u8]) -> Result<(), BodyProblem> {
    check(doc, bytes, (Doc::ROOT, ""))?;
    for member in doc.children(Doc::ROOT) {
        let key = doc.key(member, bytes).unwrap_or_default();
        let Some(around) = AROUND.iter().find(|around| around.eq_ignore_ascii_case(&key)) else {
            continue;
        };
        let one = std::iter::once(member).filter(|_| doc.kind(member) == Kind::Object);
        let list = doc.children(member).filter(|_| doc.kind(member) == Kind::Array);
        for object in one.chain(list) {
            check(doc, bytes, (object, around))?;
            for inner in doc.children(object) {
                let key = doc.key(inner, bytes).unwrap_or_default();
                if AROUND.iter().any(|around| around.eq_ignore_ascii_case(&key)) {
                    check(doc, bytes, (inner, around))?;
                }
            }
        }
    }
    Ok(())
}

fn check(doc: &Doc, bytes: &[u8], (object, around): (NodeId, &str)) -> Result<(), BodyProblem> {
    if doc.kind(object) != Kind::Object {
        return Ok(());
    }
    for member in doc.children(object) {
        let key = doc.key(member, bytes).unwrap_or_default();
        if let Some(field) = FIELDS.iter().find(|field| field.eq_ignore_ascii_case(&key)) {
            let dot = if around.is_empty() { "" } else { "." };
            return Err(BodyProblem::Rerouting { field: format!("{around}{dot}{field}") });
        }
    }
    Ok(())
}
