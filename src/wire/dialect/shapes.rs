//! What the gate itself says in a dialect: errors, answers in the model's place, and the ends of streams.
//!
//! Which SDK accepts what is said in the dialect files; here templates are filled in.

use bytes::Bytes;

use super::compile::Mistakes;
use super::memory::{Focus, Memory, put_in};
use super::refusal::{MethodShapes, Reason};
use super::template::{Template, quoted};
use super::{Call, Calls, Dialect, Path, StreamSpec};
use crate::config::dialect_file::{
    AnswerShape, BlockedShape, FrameForm, ShapesForm, StepForm, Values,
};

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
    /// What answers repeat of the request.
    pub calls: Calls,
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
    /// The category of the rule that decided (`none` where it has none), if a rule did.
    pub category: Option<&'m str>,
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
    pub(super) item_prefix: String,
    pub(super) error: Template,
    pub(super) error_types: Vec<(String, String)>,
    pub(super) blocked: Option<(Option<u16>, Template)>,
    pub(super) answer: Answer,
    refusal: Answer,
    pub(in crate::wire) stopped: Vec<(Path, Template)>,
    pub(in crate::wire) stopped_refusal: Vec<(Path, Template)>,
    pieces: Vec<(String, Frame)>,
    pub(super) opening: Vec<Step>,
    pub(super) part_ending: Vec<Step>,
    pub(super) item_ending: Vec<Step>,
    pub(super) saying: Vec<Step>,
    pub(super) ending: Vec<Step>,
    pub(super) closing: Vec<Step>,
    pub(super) failure: Vec<Step>,
    pub(super) methods: Vec<(String, MethodShapes)>,
    pub(super) reasons: Vec<Reason>,
    keep_alive: Bytes,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) body: Template,
    unit: Template,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    pub(super) event: Option<String>,
    pub(super) data: Template,
}

/// An event that is sent if something is so.
#[derive(Clone, Debug)]
pub(super) struct Step {
    when: Vec<(bool, When)>,
    frame: Frame,
    put: Vec<(Path, Template)>,
}

/// What an event of an ending may depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// All of the answer is ours.
    Ours,
    /// The message has been said.
    Said,
    /// The part that is spoken of is of this type.
    Part(String),
    /// The item that is spoken of is of this type.
    Item(String),
}

const WHENS: [(&str, When); 7] = [
    ("message", When::Message),
    ("refusal", When::Refusal),
    ("shown", When::Shown),
    ("open", When::Open),
    ("usage", When::Usage),
    ("ours", When::Ours),
    ("said", When::Said),
];

impl When {
    fn read(name: &str) -> Option<Self> {
        match name.split_once(' ') {
            Some(("part", word)) => Some(Self::Part(word.to_owned())),
            Some(("item", word)) => Some(Self::Item(word.to_owned())),
            Some(_) => None,
            None => WHENS.iter().find(|(known, _)| *known == name).map(|(_, when)| when.clone()),
        }
    }
}

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
        let blocked = blocked(&["shapes", "blocked"], form.blocked.as_ref(), mistakes);
        let stopped = stopped(&["shapes", "stopped"], &form.stopped, mistakes);
        let stopped_refusal = if form.stopped_refusal.is_empty() {
            stopped.clone()
        } else {
            self::stopped(&["shapes", "stopped_refusal"], &form.stopped_refusal, mistakes)
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
            item_prefix: form.item_prefix.clone().unwrap_or_default(),
            error: mistakes.take(&["shapes", "error"], error).unwrap_or_default(),
            error_types: types.map(|(status, word)| (status.to_owned(), word.clone())).collect(),
            blocked,
            answer: own,
            refusal,
            stopped,
            stopped_refusal,
            pieces,
            opening: steps("opening", &form.opening, mistakes),
            part_ending: steps("part_ending", &form.part_ending, mistakes),
            item_ending: steps("item_ending", &form.item_ending, mistakes),
            saying: steps("saying", &form.saying, mistakes),
            ending: steps("ending", &form.ending, mistakes),
            closing: steps("closing", &form.closing, mistakes),
            failure: steps("failure", &form.failure, mistakes),
            reasons: Reason::compile(&form.reasons, mistakes),
            methods: MethodShapes::compile(&form.methods, done, mistakes),
            keep_alive: Bytes::from(form.keep_alive.clone().unwrap_or_default()),
        }
    }
}

pub(super) fn blocked(
    at: &[&str],
    form: Option<&BlockedShape>,
    mistakes: &mut Mistakes,
) -> Option<(Option<u16>, Template)> {
    let form = form?;
    let at: Vec<&str> = at.iter().copied().chain(["body"]).collect();
    Some((form.status, mistakes.take(&at, Template::json(&form.body))?))
}

pub(super) fn stopped(
    at: &[&str],
    values: &Values,
    mistakes: &mut Mistakes,
) -> Vec<(Path, Template)> {
    let one = |(path, text): (&str, &String)| {
        let at: Vec<&str> = at.iter().copied().chain([path]).collect();
        let template = mistakes.take(&at, Template::json(text))?;
        Some((Path::read(path), template))
    };
    values.iter().filter_map(one).collect()
}

pub(super) fn step(
    at: &[&str],
    form: &StepForm,
    done: Option<&str>,
    mistakes: &mut Mistakes,
) -> Option<Step> {
    let mut when = Vec::new();
    for word in &form.when {
        let (wanted, name) = match word.strip_prefix("not ") {
            Some(name) => (false, name.trim()),
            None => (true, word.as_str()),
        };
        if let Some(one) = When::read(name) {
            when.push((wanted, one));
        } else {
            let known: Vec<&str> = WHENS.iter().map(|(known, _)| *known).collect();
            let known = known.join(", ");
            let message =
                format!("`{name}` is nothing that `if` knows: {known}, part TYPE, item TYPE");
            mistakes.add(at, message);
        }
    }
    let is_done = done == Some(form.data.as_str());
    let data = if is_done { Template::read(&form.data) } else { Template::json(&form.data) };
    let data = mistakes.take(at, data)?;
    let put = form.put.iter().filter_map(|(path, value)| {
        Some((Path::read(path), mistakes.take(at, Template::json(value))?))
    });
    let put = put.collect();
    Some(Step { when, frame: Frame { event: form.event.clone(), data }, put })
}

/// What a template is filled in with.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "six facts that hold independently")]
pub(super) struct Facts<'f> {
    pub(super) meta: Option<&'f AnswerMeta>,
    /// The call that is answered.
    pub(super) call: Option<&'f Call>,
    pub(super) unit: u64,
    pub(super) units: &'f str,
    pub(super) message: Option<&'f str>,
    pub(super) refusal: bool,
    pub(super) shown: bool,
    pub(super) open: Option<u64>,
    pub(super) next: u64,
    /// What the client has, the part or item that is spoken of, and whether the message is said.
    pub(super) memory: Option<&'f Memory>,
    pub(super) focus: Option<Focus>,
    pub(super) said: bool,
    pub(super) ours: bool,
    /// The answer, where none has been announced, and the id of an item of our own.
    pub(super) own: (&'f str, &'f str),
    /// A piece of text as it is written, quotes included.
    pub(super) text: &'f str,
    pub(super) keys: [u64; 2],
    pub(super) status: u16,
    pub(super) kind: &'f str,
    pub(super) code: &'f str,
    pub(super) param: Option<&'f str>,
    /// How the dialect words the category, and whether a prompt is stopped.
    pub(super) reason: Option<&'f Reason>,
    pub(super) prompt: bool,
    pub(super) usage: bool,
}

impl Facts<'_> {
    pub(super) fn value(&self, name: &'static str) -> String {
        let meta = |of: fn(&AnswerMeta) -> &str| quoted(self.meta.map_or("", of));
        let or_null = |text: Option<&str>| text.map_or_else(|| "null".to_owned(), quoted);
        let created = self.meta.map_or(0, |meta| meta.created);
        match name {
            "id" => meta(|meta| &meta.id),
            "model" => meta(|meta| &meta.model),
            "created" => created.to_string(),
            "echo" => {
                let echo = self.call.map(|call| call.echo.as_str());
                echo.filter(|echo| !echo.is_empty()).unwrap_or("null").to_owned()
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
            "reason" => quoted(self.reason.map_or("", |reason| reason.word(self.prompt))),
            "details" => self.reason.map_or("[]", Reason::details).to_owned(),
            "status" => self.status.to_string(),
            name => self.remembered(name),
        }
    }

    /// The part or item that is spoken of.
    fn spoken_of(&self) -> Option<Focus> {
        self.focus.or_else(|| self.memory?.newest())
    }

    /// What the client has had, where the dialect remembers it.
    fn remembered(&self, name: &str) -> String {
        let Some(memory) = self.memory else { return "null".to_owned() };
        let focus = self.spoken_of();
        let or_null = |json: Option<String>| json.unwrap_or_else(|| "null".to_owned());
        match name {
            "sequence" => memory.next().to_string(),
            "response" => memory.answer().unwrap_or(self.own.0).to_owned(),
            "output" => memory.output(),
            "item" => or_null(focus.map(|focus| memory.item(focus))),
            "item_id" => match focus {
                Some(focus) => or_null(memory.member(focus.of_item(), "id")),
                None => quoted(&format!("{}_{}", self.own.1, memory.next_item())),
            },
            "item_index" => {
                focus.map_or_else(|| memory.next_item(), Focus::item_number).to_string()
            }
            "part" => or_null(focus.map(|focus| memory.part(focus))),
            "part_index" => focus.and_then(Focus::part_number).unwrap_or_default().to_string(),
            "part_text" => or_null(focus.map(|focus| memory.text(focus))),
            _ => "null".to_owned(),
        }
    }

    fn is(&self, when: &When) -> bool {
        let type_is = |focus: Option<Focus>, word: &str| {
            focus.zip(self.memory).is_some_and(|(focus, memory)| memory.type_is(focus, word))
        };
        match when {
            When::Message => self.message.is_some(),
            When::Refusal => self.refusal,
            When::Shown => self.shown,
            When::Open => {
                let part = |focus: Focus| self.memory.is_some_and(|memory| memory.has_open(focus));
                self.open.is_some() || self.spoken_of().is_some_and(part)
            }
            When::Usage => self.usage,
            When::Ours => self.ours,
            When::Said => self.said,
            When::Part(word) => {
                type_is(self.spoken_of().filter(|focus| focus.part_number().is_some()), word)
            }
            When::Item(word) => type_is(self.spoken_of().map(Focus::of_item), word),
        }
    }

    pub(super) fn fill(&self, template: &Template) -> String {
        template.render(&|name| self.value(name))
    }

    pub(super) fn say(&self, steps: &[Step]) -> Vec<Said> {
        steps.iter().filter_map(|step| self.step(step)).collect()
    }

    /// The event of a step, if it is due.
    pub(super) fn step(&self, step: &Step) -> Option<Said> {
        if step.when.iter().any(|(wanted, when)| self.is(when) != *wanted) {
            return None;
        }
        let mut data = self.fill(&step.frame.data);
        if !step.put.is_empty() {
            let put = step.put.iter();
            let put: Vec<(Path, String)> =
                put.map(|(path, value)| (path.clone(), self.fill(value))).collect();
            data = put_in(&data, &put);
        }
        Some(Said { event: step.frame.event.clone(), data })
    }
}

impl Step {
    /// Whether it says the message.
    pub(super) fn says(&self) -> bool {
        self.frame.data.names(&["message", "line"])
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

    /// Whether there can be an answer in the model's place.
    pub fn can_answer(&self) -> bool {
        self.shapes.answer.body != Template::default()
    }

    /// A whole answer in the model's place, with `units` answers in it.
    pub fn answer_body(
        &self,
        meta: &AnswerMeta,
        (units, message, shape): (u64, &str, RefusalShape),
        category: Option<&str>,
    ) -> Bytes {
        let refusal = shape == RefusalShape::Refusal;
        let answer = if refusal { &self.shapes.refusal } else { &self.shapes.answer };
        let (memory, item) = (self.memory(), self.own_item(meta));
        let facts = Facts {
            meta: Some(meta),
            message: Some(message),
            reason: self.reason(category),
            refusal,
            memory: Some(&memory),
            own: ("null", &item),
            ..Facts::default()
        };
        let one = |unit| Facts { unit, ..facts }.fill(&answer.unit);
        let units: Vec<String> = (0..units).map(one).collect();
        Bytes::from(Facts { units: &units.join(","), ..facts }.fill(&answer.body))
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
}
