//! What the gate itself says in a dialect: errors, answers in the model's place, and the ends of streams.
//!
//! Which SDK accepts what is said in the dialect files; here templates are filled in.

use bytes::Bytes;

use super::compile::Mistakes;
use super::template::{Template, quoted};
use super::{Dialect, Path, StreamSpec};
use crate::config::dialect_file::{AnswerShape, FrameForm, ShapesForm, StepForm, Values};

/// How a refusal in the place of an answer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalShape {
    /// The message as content.
    Content,
    /// The message in a field of its own. The form for structured output, where prose in the content makes
    /// SDKs fail to parse.
    Refusal,
}

/// What every event of one answer has in common, copied from the upstream's first event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerMeta {
    /// The id of the answer.
    pub id: String,
    /// When it was made, in seconds of Unix time.
    pub created: u64,
    /// The model that answers.
    pub model: String,
    /// What answers repeat of the request, as JSON; empty where they repeat nothing.
    pub echo: String,
}

/// How one answer of a stream is cut.
#[derive(Clone, Copy, Debug)]
pub struct Cut<'m> {
    /// Which answer.
    pub unit: u64,
    /// What the client reads, if anything.
    pub message: Option<&'m str>,
    /// How that looks.
    pub shape: RefusalShape,
    /// Whether the client has had text of this answer.
    pub shown: bool,
    /// The part that is open at the client, by its number.
    pub open: Option<u64>,
    /// The number of the next part.
    pub next: u64,
}

/// An event of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its name.
    pub event: Option<String>,
    /// Its data.
    pub data: String,
}

/// The templates of a dialect.
#[derive(Clone, Debug, Default)]
pub(in crate::wire) struct Shapes {
    id_prefix: String,
    error: Template,
    error_types: Vec<(String, String)>,
    blocked: Option<(Option<u16>, Template)>,
    answer: Answer,
    refusal: Answer,
    pub(in crate::wire) stopped: Vec<(Path, Template)>,
    pub(in crate::wire) stopped_refusal: Vec<(Path, Template)>,
    pieces: Vec<(String, Frame)>,
    opening: Vec<Step>,
    ending: Vec<Step>,
    closing: Vec<Step>,
    failure: Vec<Step>,
    keep_alive: Bytes,
}

#[derive(Clone, Debug, Default)]
struct Answer {
    body: Template,
    unit: Template,
}

#[derive(Clone, Debug, Default)]
struct Frame {
    event: Option<String>,
    data: Template,
}

/// An event that is sent if something is so.
#[derive(Clone, Debug)]
struct Step {
    when: Vec<(bool, When)>,
    frame: Frame,
}

/// What an event of an ending may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// There is a message.
    Message,
    /// It stands in a field of its own.
    Refusal,
    /// The client has had text of the answer.
    Shown,
    /// A part is open at the client.
    Open,
    /// The client asked for the tokens used.
    Usage,
}

const WHENS: [(&str, When); 5] = [
    ("message", When::Message),
    ("refusal", When::Refusal),
    ("shown", When::Shown),
    ("open", When::Open),
    ("usage", When::Usage),
];

impl Shapes {
    pub(super) fn compile(
        form: &ShapesForm,
        stream: Option<&StreamSpec>,
        mistakes: &mut Mistakes,
    ) -> Self {
        const ERRORS: &str =
            "it has no shape of errors: `error: '{\"error\":{\"message\":$message}}'`";
        let error = form.error.as_deref().ok_or_else(|| ERRORS.to_owned()).and_then(Template::json);
        let answer = |at: &str, form: &Option<AnswerShape>, mistakes: &mut Mistakes| {
            let Some(form) = form else { return Answer::default() };
            let body = mistakes.take(&["shapes", at, "body"], Template::json(&form.body));
            let unit = form.unit.as_deref().map(Template::json).transpose();
            let unit = mistakes.take(&["shapes", at, "unit"], unit).flatten();
            Answer { body: body.unwrap_or_default(), unit: unit.unwrap_or_default() }
        };
        let done = stream.and_then(|stream| stream.done.as_deref());
        let steps = |at: &str, list: &[StepForm], mistakes: &mut Mistakes| -> Vec<Step> {
            list.iter().filter_map(|form| step(&["shapes", at], form, done, mistakes)).collect()
        };
        let own = answer("answer", &form.answer, mistakes);
        let refusal = if form.refusal.is_some() {
            answer("refusal", &form.refusal, mistakes)
        } else {
            own.clone()
        };
        let blocked = form.blocked.as_ref().map(|blocked| {
            let body = mistakes.take(&["shapes", "blocked", "body"], Template::json(&blocked.body));
            (blocked.status, body.unwrap_or_default())
        });
        let stopped = stopped("stopped", &form.stopped, mistakes);
        let stopped_refusal = if form.stopped_refusal.is_empty() {
            stopped.clone()
        } else {
            self::stopped("stopped_refusal", &form.stopped_refusal, mistakes)
        };
        let mut pieces = Vec::new();
        for (channel, form) in form.pieces.iter() {
            let FrameForm { event, data } = form;
            if let Some(data) = mistakes.take(&["shapes", "pieces", channel], Template::json(data))
            {
                pieces.push((channel.to_owned(), Frame { event: event.clone(), data }));
            }
        }
        let types = form.error_types.iter();
        Self {
            id_prefix: form.id_prefix.clone().unwrap_or_default(),
            error: mistakes.take(&["shapes", "error"], error).unwrap_or_default(),
            error_types: types.map(|(status, word)| (status.to_owned(), word.clone())).collect(),
            blocked,
            answer: own,
            refusal,
            stopped,
            stopped_refusal,
            pieces,
            opening: steps("opening", &form.opening, mistakes),
            ending: steps("ending", &form.ending, mistakes),
            closing: steps("closing", &form.closing, mistakes),
            failure: steps("failure", &form.failure, mistakes),
            keep_alive: Bytes::from(form.keep_alive.clone().unwrap_or_default()),
        }
    }
}

fn stopped(at: &str, values: &Values, mistakes: &mut Mistakes) -> Vec<(Path, Template)> {
    let one = |(path, text): (&str, &String)| {
        let template = mistakes.take(&["shapes", at, path], Template::json(text))?;
        Some((Path::read(path), template))
    };
    values.iter().filter_map(one).collect()
}

fn step(at: &[&str], form: &StepForm, done: Option<&str>, mistakes: &mut Mistakes) -> Option<Step> {
    let mut when = Vec::new();
    for word in &form.when {
        let (wanted, name) = match word.strip_prefix("not ") {
            Some(name) => (false, name.trim()),
            None => (true, word.as_str()),
        };
        if let Some((_, one)) = WHENS.iter().find(|(known, _)| *known == name) {
            when.push((wanted, *one));
        } else {
            let known: Vec<&str> = WHENS.iter().map(|(known, _)| *known).collect();
            mistakes.add(at, format!("`{name}` is nothing that `if` knows: {}", known.join(", ")));
        }
    }
    let is_done = done == Some(form.data.as_str());
    let data = if is_done { Template::read(&form.data) } else { Template::json(&form.data) };
    let data = mistakes.take(at, data)?;
    Some(Step { when, frame: Frame { event: form.event.clone(), data } })
}

/// What a template is filled in with.
#[derive(Clone, Copy, Default)]
struct Facts<'f> {
    meta: Option<&'f AnswerMeta>,
    unit: u64,
    units: &'f str,
    message: Option<&'f str>,
    refusal: bool,
    shown: bool,
    open: Option<u64>,
    next: u64,
    /// A piece of text as it is written, quotes included.
    text: &'f str,
    keys: [u64; 2],
    status: u16,
    kind: &'f str,
    code: &'f str,
    param: Option<&'f str>,
    usage: bool,
}

impl Facts<'_> {
    fn value(&self, name: &'static str) -> String {
        let meta = |of: fn(&AnswerMeta) -> &str| quoted(self.meta.map_or("", of));
        let or_null = |text: Option<&str>| text.map_or_else(|| "null".to_owned(), quoted);
        let created = self.meta.map_or(0, |meta| meta.created);
        match name {
            "id" => meta(|meta| &meta.id),
            "model" => meta(|meta| &meta.model),
            "created" => created.to_string(),
            "echo" => {
                let echo = self.meta.map_or("", |meta| &meta.echo);
                if echo.is_empty() { "null" } else { echo }.to_owned()
            }
            "created_at" => quoted(&timestamp(created)),
            "unit" => self.unit.to_string(),
            "units" => self.units.to_owned(),
            "message" => or_null(self.message),
            "line" => {
                // After text that the client has seen, the message begins a line of its own.
                let line = if self.shown { "\n" } else { "" };
                or_null(self.message.map(|message| format!("{line}{message}")).as_deref())
            }
            "text" => self.text.to_owned(),
            "key" => self.keys[0].to_string(),
            "key2" => self.keys[1].to_string(),
            "open" => self.open.unwrap_or_default().to_string(),
            "next" => self.next.to_string(),
            "type" => quoted(self.kind),
            "code" => quoted(self.code),
            "param" => or_null(self.param),
            "status" => self.status.to_string(),
            _ => "null".to_owned(),
        }
    }

    fn is(&self, when: When) -> bool {
        match when {
            When::Message => self.message.is_some(),
            When::Refusal => self.refusal,
            When::Shown => self.shown,
            When::Open => self.open.is_some(),
            When::Usage => self.usage,
        }
    }

    fn fill(&self, template: &Template) -> String {
        template.render(&|name| self.value(name))
    }

    fn say(&self, steps: &[Step]) -> Vec<Said> {
        let due = |step: &&Step| step.when.iter().all(|&(wanted, when)| self.is(when) == wanted);
        let said = |step: &Step| Said {
            event: step.frame.event.clone(),
            data: self.fill(&step.frame.data),
        };
        steps.iter().filter(due).map(said).collect()
    }
}

/// Seconds of Unix time as RFC 3339 has them.
fn timestamp(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or_default();
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

impl Dialect {
    /// What ids of answers begin with.
    pub fn id_prefix(&self) -> &str {
        &self.shapes.id_prefix
    }

    /// The body of an error.
    pub fn error_body(&self, status: u16, code: &str, message: &str, param: Option<&str>) -> Bytes {
        let kind = self.error_type(status);
        let message = Some(message);
        let facts = Facts { message, status, kind, code, param, ..Facts::default() };
        Bytes::from(facts.fill(&self.shapes.error))
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

    /// The answer to a prompt that is blocked, where the dialect has one that is no error: its status, if not
    /// that of the policy, and its body or its one event.
    pub fn blocked(&self, meta: &AnswerMeta, message: &str) -> Option<(Option<u16>, String)> {
        let (status, body) = self.shapes.blocked.as_ref()?;
        let facts = Facts { meta: Some(meta), message: Some(message), ..Facts::default() };
        Some((*status, facts.fill(body)))
    }

    /// Whether there can be an answer in the model's place.
    pub fn can_answer(&self) -> bool {
        self.shapes.answer.body != Template::default()
    }

    /// A whole answer in the model's place, with `units` answers in it.
    pub fn answer_body(
        &self,
        meta: &AnswerMeta,
        (units, message, shape): (u64, &str, RefusalShape),
    ) -> Bytes {
        let refusal = shape == RefusalShape::Refusal;
        let answer = if refusal { &self.shapes.refusal } else { &self.shapes.answer };
        let facts = Facts { meta: Some(meta), message: Some(message), refusal, ..Facts::default() };
        let one = |unit| Facts { unit, ..facts }.fill(&answer.unit);
        let units: Vec<String> = (0..units).map(one).collect();
        Bytes::from(Facts { units: &units.join(","), ..facts }.fill(&answer.body))
    }

    /// The events before the first one of an answer.
    pub fn opening(&self, meta: &AnswerMeta, unit: u64) -> Vec<Said> {
        Facts { meta: Some(meta), unit, ..Facts::default() }.say(&self.shapes.opening)
    }

    /// The events that end an answer; the opening is not among them.
    pub fn ending(&self, meta: &AnswerMeta, cut: &Cut<'_>) -> Vec<Said> {
        let Cut { unit, message, shape, shown, open, next } = *cut;
        let refusal = shape == RefusalShape::Refusal;
        let facts = Facts {
            meta: Some(meta),
            unit,
            message,
            refusal,
            shown,
            open,
            next,
            ..Facts::default()
        };
        facts.say(&self.shapes.ending)
    }

    /// The events that end a stream. Nothing is known of the tokens used, so they are zero.
    pub fn closing(&self, meta: &AnswerMeta, usage: bool) -> Vec<Said> {
        Facts { meta: Some(meta), usage, ..Facts::default() }.say(&self.shapes.closing)
    }

    /// The events of a failure in mid-stream.
    pub fn failure(&self, (status, code): (u16, &str), message: &str) -> Vec<Said> {
        let kind = self.error_type(status);
        let message = Some(message);
        Facts { message, status, kind, code, ..Facts::default() }.say(&self.shapes.failure)
    }

    /// A piece of the text of a channel as an event of its own. `text` is a JSON string.
    pub fn piece(
        &self,
        meta: &AnswerMeta,
        (name, keys): (&str, [u64; 2]),
        unit: u64,
        text: &str,
    ) -> Option<Said> {
        let (_, frame) = self.shapes.pieces.iter().find(|(channel, _)| channel == name)?;
        let facts = Facts { meta: Some(meta), unit, keys, text, ..Facts::default() };
        Some(Said { event: frame.event.clone(), data: facts.fill(&frame.data) })
    }

    /// What keeps a silent stream open; nothing where the dialect has no such thing.
    pub fn keep_alive(&self) -> &Bytes {
        &self.shapes.keep_alive
    }

    /// What stands in the place of a stopped answer, in its path.
    pub(in crate::wire) fn stopped(
        &self,
        unit: u64,
        message: &str,
        shape: RefusalShape,
    ) -> Vec<(&Path, String)> {
        let refusal = shape == RefusalShape::Refusal;
        let values = if refusal { &self.shapes.stopped_refusal } else { &self.shapes.stopped };
        let facts = Facts { unit, message: Some(message), refusal, ..Facts::default() };
        values.iter().map(|(path, template)| (path, facts.fill(template))).collect()
    }
}
