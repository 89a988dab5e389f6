//! A conversation tried out: screened as one that comes in, and nobody is told of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::civil::Date;
use serde_json::json;

use super::joined;
use crate::domain::{Author, Passage, Phase, Rewrite, Verdict};
use crate::engine::{Pseudonyms, Scratch, Subject, screen_passage};
use crate::policy::Policy;
use crate::wire::body::{BodyProblem, Request};
use crate::wire::dialect::Dialects;
use crate::wire::json::JsonLimits;

/// What a conversation came to under a policy.
#[derive(Debug)]
pub struct Tried {
    /// Its texts, each with its verdict.
    pub passages: Vec<(Passage, Verdict)>,
    /// What texts came to together that none of them comes to alone, with the index of the one in which it begins.
    pub together: Vec<(usize, Verdict)>,
    /// What is replaced, by text.
    pub rewrites: BTreeMap<usize, Vec<Rewrite>>,
}

/// Tries messages out, each a role and a text, as a chat would bring them. No classifier is asked.
///
/// # Errors
/// When they are no chat: a role is unknown, or there are more messages than may come.
pub fn try_chat(
    policy: &Arc<Policy>,
    messages: &[(String, String)],
    (today, most): (Date, usize),
    scratch: &mut Scratch,
) -> Result<Tried, BodyProblem> {
    let messages: Vec<_> = messages
        .iter()
        .map(|(role, content)| json!({ "role": role, "content": content }))
        .collect();
    let body = Bytes::from(json!({ "model": "playground", "messages": messages }).to_string());
    let request = Request::parse(&Dialects::fallback(), body, &JsonLimits::default(), most)?;
    let subject = |author| Subject { phase: Phase::Prompt, author, today, streamed: false };
    let verdict = |passage: &Passage| {
        let text = match passage.author {
            Author::Assistant => policy.without_own_message(&passage.text),
            Author::System | Author::User | Author::Tool | Author::Unknown => &passage.text,
        };
        screen_passage(policy, subject(passage.author), text, scratch)
    };
    let mut verdicts: Vec<Verdict> = request.passages().iter().map(verdict).collect();
    let groups = request.adjoining();
    let passages: Vec<&Passage> = request.passages().iter().collect();
    let both = (groups.as_slice(), passages.as_slice());
    let together = joined::screen(policy, subject(Author::Unknown), both, None, scratch);
    let mut pseudonyms = Pseudonyms::default();
    for (passage, verdict) in passages.iter().zip(&mut verdicts) {
        pseudonyms.assign(&passage.text, &mut verdict.rewrites);
    }
    let rewrites = joined::rewrites(verdicts.iter(), &together);
    Ok(Tried {
        together: together.into_iter().map(|one| (one.passage, one.verdict)).collect(),
        passages: request.passages().iter().cloned().zip(verdicts).collect(),
        rewrites,
    })
}
