//! How the results of moderation look that a request asks for beside its answer.

use serde_json::{Value, json};

use super::compile::Mistakes;
use super::memory::put_in;
use super::shapes::{Facts, Frame};
use super::template::{Template, quoted};
use super::{AnswerMeta, Dialect, Path, Said};
use crate::config::dialect_file::ModerationForm;
use crate::wire::inline_moderation::ModerationFault;

/// What one direction came to: results, one for each answer, or why there are none.
pub type ModerationResults = Result<Vec<Value>, ModerationFault>;

/// Where requests ask for it and answers have it.
#[derive(Clone, Debug)]
pub(in crate::wire) struct ModerationSpec {
    pub(in crate::wire) field: String,
    results: Template,
    event: Option<Frame>,
    inside: Option<String>,
}

impl ModerationSpec {
    pub(super) fn compile(form: &ModerationForm, mistakes: &mut Mistakes) -> Self {
        let ModerationForm { field, results, event, inside } = form;
        if field.is_empty() || field.contains(['.', '[']) {
            let message = format!("`{field}` should be a member right at the top: `moderation`");
            mistakes.add(&["moderation", "field"], message);
        }
        let results = mistakes.take(&["moderation", "results"], Template::json(results));
        let event = event.as_ref().and_then(|form| {
            let data = mistakes.take(&["moderation", "event"], Template::json(&form.data))?;
            Some(Frame { event: form.event.clone(), data })
        });
        Self {
            field: field.clone(),
            results: results.unwrap_or_default(),
            event,
            inside: inside.clone(),
        }
    }
}

impl Dialect {
    /// The member of a request that asks for moderation beside its answer, and of an answer that holds the results;
    /// `None` where there is no such thing.
    pub fn moderation_field(&self) -> Option<&str> {
        self.moderation.as_ref().map(|spec| spec.field.as_str())
    }

    /// What an answer has in that member, as JSON.
    pub fn moderation(
        &self,
        model: &str,
        (input, output): (&ModerationResults, &ModerationResults),
    ) -> Option<String> {
        let spec = self.moderation.as_ref()?;
        let direction = |results: &ModerationResults| match results {
            Ok(results) => spec.results.render(&|name| match name {
                "results" => Value::from(results.clone()).to_string(),
                "result" => results.first().cloned().unwrap_or_default().to_string(),
                "model" => quoted(model),
                _ => "null".to_owned(),
            }),
            Err(ModerationFault { code, message }) => {
                json!({ "type": "error", "code": code, "message": message }).to_string()
            }
        };
        Some(format!("{{\"input\":{},\"output\":{}}}", direction(input), direction(output)))
    }

    /// The event of a stream that says this, where it has one of its own.
    pub fn moderation_event(&self, meta: &AnswerMeta, moderation: &str) -> Option<Said> {
        let frame = self.moderation.as_ref()?.event.as_ref()?;
        let facts = Facts { meta: Some(meta), ..Facts::default() };
        let data = frame.data.render(&|name| match name {
            "moderation" => moderation.to_owned(),
            name => facts.value(name),
        });
        Some(Said { event: frame.event.clone(), data })
    }

    /// The last event of a stream with this in the answer that it holds; `None` where it holds none.
    pub fn with_moderation(&self, data: &str, moderation: &str) -> Option<String> {
        let spec = self.moderation.as_ref()?;
        let path = Path::read(&format!("{}.{}", spec.inside.as_deref()?, spec.field));
        let put = put_in(data, &[(path, moderation.to_owned())]);
        (put != data).then_some(put)
    }
}
