//! Errors and refusals in a dialect: one for each call that waits for an answer, by what it asks for.

use bytes::Bytes;

use super::compile::Mistakes;
use super::shapes::{Facts, Step, blocked, step, stopped};
use super::template::Template;
use super::{AnswerMeta, Call, Calls, Dialect, Memory, Path, RefusalShape, Said};
use crate::config::Named;
use crate::config::dialect_file::{MethodForm, ReasonForm};

/// The dialect's own answer to a prompt that is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Its status, where that is not the policy's.
    pub status: Option<u16>,
    /// Its body, or its one event; empty where nobody waits for an answer.
    pub body: String,
}

/// What is said to calls that ask for one thing.
#[derive(Clone, Debug, Default)]
pub(in crate::wire) struct MethodShapes {
    blocked: Option<(Option<u16>, Template)>,
    stopped: Vec<(Path, Template)>,
    ending: Vec<Step>,
}

impl MethodShapes {
    pub(super) fn compile(
        forms: &Named<MethodForm>,
        done: Option<&str>,
        mistakes: &mut Mistakes,
    ) -> Vec<(String, Self)> {
        let mut all = Vec::new();
        for (method, form) in forms.iter() {
            let place = |name| ["shapes", "methods", method, name];
            let mut ending = Vec::new();
            for one in &form.ending {
                ending.extend(step(&place("ending"), one, done, mistakes));
            }
            let shapes = Self {
                blocked: blocked(&place("blocked"), form.blocked.as_ref(), mistakes),
                stopped: stopped(&place("stopped"), &form.stopped, mistakes),
                ending,
            };
            all.push((method.to_owned(), shapes));
        }
        all
    }
}

/// How a dialect words a category.
#[derive(Clone, Debug)]
pub(in crate::wire) struct Reason {
    /// The category, or what it begins with and `*`.
    category: String,
    prompt: String,
    answer: String,
    details: String,
}

impl Reason {
    pub(super) fn compile(forms: &Named<ReasonForm>, mistakes: &mut Mistakes) -> Vec<Self> {
        let mut all = Vec::new();
        for (category, form) in forms.iter() {
            let details = form.details.clone().unwrap_or_else(|| "[]".to_owned());
            // It is no template: nothing of a text may come into it.
            let json = Template::json(&details).and_then(|json| {
                let plain = json == Template::read(&details.replace('$', ""))?;
                plain.then_some(()).ok_or_else(|| "`$names` mean nothing here".to_owned())
            });
            if mistakes.take(&["shapes", "reasons", category, "details"], json).is_some() {
                all.push(Self {
                    category: category.to_owned(),
                    prompt: form.prompt.clone(),
                    answer: form.answer.clone(),
                    details,
                });
            }
        }
        all
    }

    fn fits(&self, category: &str) -> bool {
        match self.category.strip_suffix('*') {
            Some(prefix) => category.starts_with(prefix),
            None => self.category == category,
        }
    }

    pub(super) fn word(&self, prompt: bool) -> &str {
        if prompt { &self.prompt } else { &self.answer }
    }

    pub(super) fn details(&self) -> &str {
        &self.details
    }
}

impl Dialect {
    /// How the dialect words a category; of several patterns that fit, the one that says most. Where no rule decided,
    /// that is `*`.
    pub(super) fn reason(&self, category: Option<&str>) -> Option<&Reason> {
        let fitting = self.shapes.reasons.iter();
        let fitting = fitting.filter(|reason| reason.fits(category.unwrap_or_default()));
        fitting.max_by_key(|reason| reason.category.len())
    }

    /// What is said to a call beside what is said to all.
    fn method_of(&self, call: Option<&Call>) -> Option<&MethodShapes> {
        let method = call?.method.as_str();
        self.shapes.methods.iter().find(|(known, _)| known == method).map(|(_, shapes)| shapes)
    }

    /// The events that end an answer to a call.
    pub(super) fn ending_of(&self, call: Option<&Call>) -> &[Step] {
        let own = self.method_of(call).map(|shapes| &shapes.ending);
        own.filter(|own| !own.is_empty()).unwrap_or(&self.shapes.ending)
    }

    /// The body of an error in answer to these calls; empty where nobody waits for an answer.
    pub fn error_body(
        &self,
        (status, code): (u16, &str),
        (message, param): (&str, Option<&str>),
        calls: &Calls,
    ) -> Bytes {
        let kind = self.error_type(status);
        let message = Some(message);
        let facts = Facts { message, status, kind, code, param, ..Facts::default() };
        Bytes::from(calls.say(|call| Facts { call, ..facts }.fill(&self.shapes.error)))
    }

    /// What the dialect calls errors of this status.
    fn error_type(&self, status: u16) -> &str {
        let by = |wanted: &str| {
            let known = self.shapes.error_types.iter().find(|(status, _)| status == wanted);
            known.map(|(_, word)| word.as_str())
        };
        let class = if status >= 500 { "5xx" } else { "4xx" };
        by(&status.to_string()).or_else(|| by(class)).unwrap_or("error")
    }

    /// The answer to a prompt that is blocked, where the dialect has one that is no error.
    pub fn blocked(
        &self,
        meta: &AnswerMeta,
        message: &str,
        category: Option<&str>,
    ) -> Option<Blocked> {
        let (status, body) = self.shapes.blocked.as_ref()?;
        let (message, reason) = (Some(message), self.reason(category));
        let facts = Facts { meta: Some(meta), message, reason, prompt: true, ..Facts::default() };
        let body = meta.calls.say(|call| {
            let own = self.method_of(call).and_then(|shapes| shapes.blocked.as_ref());
            Facts { call, ..facts }.fill(own.map_or(body, |(_, own)| own))
        });
        // Where nobody waits for an answer, the status alone says that the prompt was not taken.
        Some(Blocked { status: status.filter(|_| !body.is_empty()), body })
    }

    /// The events of a failure in mid-stream, in answer to these calls.
    pub fn failure(&self, calls: &Calls, why: (u16, &str), message: &str) -> Vec<Said> {
        self.failure_after(&self.memory(), calls, (why, message))
    }

    /// The same to a client that has had this.
    pub fn failure_after(
        &self,
        memory: &Memory,
        calls: &Calls,
        ((status, code), message): ((u16, &str), &str),
    ) -> Vec<Said> {
        let kind = self.error_type(status);
        let (message, memory) = (Some(message), Some(memory));
        let facts = Facts { message, memory, status, kind, code, ..Facts::default() };
        let say = |call| Facts { call, ..facts }.say(&self.shapes.failure);
        calls.answered().into_iter().flat_map(say).collect()
    }

    /// What stands in the place of a stopped answer to a call, in its path.
    pub(in crate::wire) fn stopped(
        &self,
        (unit, call): (u64, Option<&Call>),
        (message, shape): (&str, RefusalShape),
        category: Option<&str>,
    ) -> Vec<(&Path, String)> {
        let refusal = shape == RefusalShape::Refusal;
        let all = if refusal { &self.shapes.stopped_refusal } else { &self.shapes.stopped };
        let own = self.method_of(call).map(|shapes| &shapes.stopped);
        let values = own.filter(|own| !own.is_empty()).unwrap_or(all);
        let (message, reason) = (Some(message), self.reason(category));
        let facts = Facts { call, unit, message, refusal, reason, ..Facts::default() };
        values.iter().map(|(path, template)| (path, facts.fill(template))).collect()
    }
}
