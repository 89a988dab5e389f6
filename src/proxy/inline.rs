//! Moderation that a request asks for beside its answer: honoured by the policies of the route, whatever the model's
//! server knows of it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::exchange::Exchange;
use crate::domain::Phase;
use crate::engine::{Judgement, Judgements};
use crate::policy::{Policy, UNAVAILABLE_MESSAGE};
use crate::stream::Moderated;
use crate::wire::body::Response;
use crate::wire::dialect::{AnswerMeta, Dialect, ModerationResults};
use crate::wire::inline_moderation::{AskedModeration, ModerationFault, ModerationMode};
use crate::wire::moderation::inline_moderation_result;

/// What a direction has in the place of results where a text of it could not be screened.
const NOT_SCREENED: ModerationFault =
    ModerationFault { code: "content_not_screenable", message: UNAVAILABLE_MESSAGE };

/// What was asked, and what is known of the prompt.
#[derive(Clone, Debug)]
pub(super) struct Inline {
    asked: AskedModeration,
    /// The policies of the exchange, blocking what a category applies to; none where no direction asks for that.
    blocking: Vec<Arc<Policy>>,
    pub(super) prompt: Judgement,
}

impl Inline {
    /// What is asked of these policies.
    pub(super) fn new(asked: AskedModeration, policies: &[Arc<Policy>]) -> Self {
        let blocks = [Phase::Prompt, Phase::Completion]
            .into_iter()
            .any(|phase| asked.mode(phase) == ModerationMode::Block);
        let policies = policies.iter().filter(|_| blocks);
        let blocking = policies.map(|policy| Arc::new(policy.blocking_flagged())).collect();
        Self { asked, blocking, prompt: Judgement::default() }
    }

    /// What an answer says of the prompt, and of the answers in it by their numbers.
    pub(super) fn results(
        &self,
        dialect: &Dialect,
        (judged, units): (&Judgements, &[u64]),
    ) -> Option<String> {
        let beside = judged.get(&None).cloned().unwrap_or_default();
        let of_unit = |unit: &u64| {
            let mut judgement = judged.get(&Some(*unit)).cloned().unwrap_or_default();
            judgement.merge(&beside);
            judgement
        };
        let answers: Vec<Judgement> = units.iter().map(of_unit).collect();
        let input = self.direction(std::slice::from_ref(&self.prompt));
        let output = self.direction(&answers);
        dialect.moderation(&self.asked.model, (&input, &output))
    }

    fn direction(&self, judged: &[Judgement]) -> ModerationResults {
        if judged.iter().any(|one| one.unscreened) {
            return Err(NOT_SCREENED);
        }
        let result = |one: &Judgement| {
            inline_moderation_result(one.categories(), &self.asked.model, one.has_text)
        };
        Ok(judged.iter().map(result).collect())
    }
}

impl Exchange {
    /// The policies of the exchange as they apply to texts that travel this way: as they are, or blocking what a
    /// category applies to.
    pub(super) fn policies_for(&self, phase: Phase) -> Vec<Arc<Policy>> {
        match &self.inline {
            Some(inline) if inline.asked.mode(phase) == ModerationMode::Block => {
                inline.blocking.clone()
            }
            Some(_) | None => self.policies.clone(),
        }
    }

    /// A whole answer with the results in it, where they were asked for.
    pub(super) fn with_results(&self, body: Bytes, judged: &Judgements) -> Bytes {
        let Some(inline) = &self.inline else { return body };
        let Ok(read) = Response::parse(self.request.dialect(), body.clone(), &self.live.json)
        else {
            return body;
        };
        let results = inline.results(&self.voice(), (judged, &read.unit_numbers()));
        results.map_or(body, |results| read.with_moderation(&results))
    }

    /// The same for a whole stream of our own: no model said anything, so nothing of it is judged.
    pub(super) fn stream_with_results(&self, body: Bytes, meta: AnswerMeta) -> Bytes {
        let Some(inline) = &self.inline else { return body };
        let units: Vec<u64> = (0..self.request.choices()).collect();
        let results = || inline.results(&self.voice(), (&Judgements::new(), &units));
        let mut moderated = Moderated::new(self.request.dialect(), meta);
        let mut out = BytesMut::with_capacity(body.len());
        moderated.push(&body, &results, &mut out);
        moderated.finish(true, &results, &mut out);
        out.freeze()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::wire::dialect::Dialects;

    #[test]
    fn a_direction_in_which_a_text_was_not_screened_says_so_in_the_place_of_results() {
        let (input, output) = (ModerationMode::Score, ModerationMode::Score);
        let mut inline = Inline::new(AskedModeration { model: "m".to_owned(), input, output }, &[]);
        let mut unscreened = Judgement::default();
        unscreened.unscreened = true;
        let results = |inline: &Inline, judged: &Judgements| -> Value {
            let results = inline.results(&Dialects::fallback(), (judged, &[0, 1])).unwrap();
            serde_json::from_str(&results).unwrap()
        };
        let error = json!({"type": "error", "code": "content_not_screenable",
            "message": UNAVAILABLE_MESSAGE});
        let one = Judgements::from([(Some(1), unscreened.clone())]);
        assert_eq!(results(&inline, &one)["output"], error);
        assert_eq!(results(&inline, &one)["input"]["type"], "moderation_results");
        let beside = Judgements::from([(None, unscreened.clone())]);
        assert_eq!(results(&inline, &beside)["output"], error);
        inline.prompt = unscreened;
        let said = results(&inline, &Judgements::new());
        assert_eq!(said["input"], error);
        assert_eq!(said["output"]["results"].as_array().map(Vec::len), Some(2));
    }
}
