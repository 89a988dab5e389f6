//! From a dialect file to a dialect, with every mistake at its path.

use std::sync::Arc;

use super::like;
use super::memory::RememberSpec;
use super::moderation::ModerationSpec;
use super::paths::Pattern;
use super::rows::{self, ChannelSpec, KeySource};
use super::shapes::Shapes;
use super::{AnswerSpec, Closing, Dialect, HistorySpec, Path, RequestSpec, Roles, StreamSpec};
use crate::config::dialect_file::{
    AnswerForm, DialectFile, Framing, PromptShape, RequestForm, StreamForm, Texts, Values,
};
use crate::domain::Author;
use crate::wire::json::{JsonLimits, Strictness, parse};
use crate::wire::table::{Keys, Leaf, Row, Table};

/// A mistake in a dialect file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialectProblem {
    /// Where: keys of the file, outermost first.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
}

/// Collects mistakes.
#[derive(Debug, Default)]
pub(super) struct Mistakes(pub(super) Vec<DialectProblem>);

impl Mistakes {
    pub(super) fn add(&mut self, path: &[&str], message: impl Into<String>) {
        let path = path.iter().map(|&key| key.to_owned()).collect();
        self.0.push(DialectProblem { path, message: message.into() });
    }

    pub(super) fn take<T>(&mut self, path: &[&str], result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(path, message)).ok()
    }
}

/// Compiles a file whose inheritance is resolved.
///
/// # Errors
/// Every mistake of the file.
pub fn compile(file: &DialectFile) -> Result<Dialect, Vec<DialectProblem>> {
    let mut mistakes = Mistakes::default();
    let pattern = |(at, text): (&str, &String), mistakes: &mut Mistakes| {
        mistakes.take(&[at], Pattern::read(text))
    };
    let paths =
        file.paths.iter().filter_map(|text| pattern(("paths", text), &mut mistakes)).collect();
    let mut endpoints = |at: &'static str, list: &[String]| -> Vec<(String, Pattern)> {
        let mut endpoint = |text: &String| {
            let Some((method, path)) = text.split_once(' ') else {
                mistakes
                    .add(&[at], format!("`{text}` should be a method and a path: `GET */models`"));
                return None;
            };
            Some((method.to_owned(), mistakes.take(&[at], Pattern::read(path.trim()))?))
        };
        list.iter().filter_map(&mut endpoint).collect()
    };
    let pass = endpoints("pass", &file.pass);
    let refuse = endpoints("refuse", &file.refuse);
    let because = because(file, &mut mistakes);
    let request = request(&file.request, &mut mistakes);
    let listed = request.listed;
    let mut response = answer(&file.response, &mut mistakes);
    response.table = response.table.listed(listed);
    let stream = file.stream.as_ref().map(|form| stream(form, &file.response, &mut mistakes));
    let shapes = Shapes::compile(&file.shapes, stream.as_ref(), &mut mistakes);
    let moderation = file.moderation.as_ref();
    let moderation = moderation.map(|form| ModerationSpec::compile(form, &mut mistakes));
    if !mistakes.0.is_empty() {
        return Err(mistakes.0);
    }
    Ok(Dialect {
        moderation,
        name: Arc::from(file.dialect.as_str()),
        file: Arc::new(file.clone()),
        paths,
        pass,
        refuse,
        because,
        request,
        response,
        stream,
        shapes,
    })
}

/// Why endpoints are refused.
fn because(file: &DialectFile, mistakes: &mut Mistakes) -> Vec<(String, Pattern, String)> {
    let mut all = Vec::new();
    for (endpoint, why) in file.because.iter() {
        let is_refused = file.refuse.iter().any(|refused| refused == endpoint);
        let known = endpoint.split_once(' ').filter(|_| is_refused);
        let read = known.ok_or_else(|| format!("`{endpoint}` is not among `refuse`"));
        let read = read.and_then(|(method, path)| Ok((method, Pattern::read(path.trim())?)));
        if let Some((method, pattern)) = mistakes.take(&["because", endpoint], read) {
            all.push((method.to_owned(), pattern, why.clone()));
        }
    }
    all
}

fn request(form: &RequestForm, mistakes: &mut Mistakes) -> RequestSpec {
    let mut rows = Vec::new();
    let mut channels = Vec::new();
    let lines = (&form.text, &form.media, &form.skip[..]);
    gather(&["request"], None, lines, (&mut rows, &mut channels), mistakes);
    let path = |text: &Option<String>| text.as_deref().map(Path::read);
    let mut names = Vec::new();
    for (role, author) in form.roles.iter() {
        match rows::author(author) {
            Some(author) => names.push((role.to_owned(), author)),
            None => mistakes.add(&["request", "roles", role], format!("`{author}` is no author")),
        }
    }
    let default = form.role_default.as_deref().map(|word| {
        rows::author(word).unwrap_or_else(|| {
            mistakes.add(&["request", "role_default"], format!("`{word}` is no author"));
            Author::Unknown
        })
    });
    let turns = if form.turns.is_empty() { &form.prompt } else { &form.turns };
    RequestSpec {
        table: Table::new(&rows, keys(form.tag.as_deref(), form.snake_case == Some(true)))
            .listed(form.listed == Some(true)),
        turns: turns.iter().map(|path| Path::read(path)).collect(),
        prompt: form.prompt.iter().map(|path| Path::read(path)).collect(),
        prompt_is: form.prompt_is.unwrap_or(PromptShape::Any),
        model: Path::read(form.model.as_deref().unwrap_or("model")),
        model_in_path: form.model_in_path == Some(true),
        stream: path(&form.stream),
        streams_by_default: form.streams_by_default == Some(true),
        answered_either_way: form.answered_either_way == Some(true),
        echo: path(&form.echo),
        method: path(&form.method),
        listed: form.listed == Some(true),
        headers: headers(&form.headers, mistakes),
        usage: path(&form.usage),
        choices: path(&form.choices),
        json: form.json.iter().map(|text| Path::read(text)).collect(),
        parts: form.parts.as_ref().map(|parts| (Path::read(&parts.at), parts.known.0.clone())),
        history: form.history.as_ref().map(|history| HistorySpec {
            turns: Path::read(&history.turns),
            links: history.links.iter().map(|path| Path::read(path)).collect(),
            results: history.results.iter().map(|path| Path::read(path)).collect(),
            leads: history.leads.0.clone(),
            alternates: history.alternates,
        }),
        roles: Roles {
            member: form.role.clone().unwrap_or_else(|| "role".to_owned()),
            names,
            default: default.unwrap_or(Author::Unknown),
        },
        sealed: form.sealed.0.clone(),
        any_content_type: form.any_content_type == Some(true),
        form: form.form == Some(true),
    }
}

/// Headers that say how a body is framed, or to whom it goes: they belong to the connection.
const OF_CONNECTIONS: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers with what stands in them; `skip` for ids and names.
fn headers(form: &Texts, mistakes: &mut Mistakes) -> Vec<(String, Leaf)> {
    let mut headers = Vec::new();
    for (name, line) in form.iter() {
        let leaf = if line.trim() == "skip" {
            Ok(Leaf::Skip)
        } else {
            rows::line(line).map(|line| Leaf::Text {
                by: line.by,
                kind: line.kind,
                edit: line.edit,
                channel: None,
            })
        };
        let name = name.to_ascii_lowercase();
        let takes = |known: &str| match name.strip_suffix('*') {
            Some(prefix) => known.starts_with(prefix),
            None => known == name,
        };
        let leaf = match OF_CONNECTIONS.iter().find(|known| takes(known)) {
            Some(known) => Err(format!("`{known}` belongs to the connection and is not passed on")),
            None => leaf,
        };
        if let Some(leaf) = mistakes.take(&["request", "headers", &name], leaf) {
            headers.push((name, leaf));
        }
    }
    headers
}

fn answer(form: &AnswerForm, mistakes: &mut Mistakes) -> AnswerSpec {
    let mut rows = Vec::new();
    let mut channels = Vec::new();
    let lines = (&form.text, &form.media, &form.skip[..]);
    gather(&["response"], None, lines, (&mut rows, &mut channels), mistakes);
    let media_body = form.media_body.as_deref().and_then(|word| {
        let leaf = mistakes.take(&["response", "media_body"], rows::media(word))?;
        match leaf {
            Leaf::Media { sort, .. } => Some(sort),
            Leaf::Text { .. } | Leaf::Skip => None,
        }
    });
    let text_body = form.text_body.as_deref().and_then(|line| {
        let leaf = rows::line(line).map(|line| Leaf::Text {
            by: line.by,
            kind: line.kind,
            edit: line.edit,
            channel: None,
        });
        mistakes.take(&["response", "text_body"], leaf)
    });
    AnswerSpec {
        media_body,
        text_body,
        table: Table::new(&rows, keys(form.tag.as_deref(), false)),
        unit: form.unit.as_deref().map(list_name),
        turns: form.unit.as_deref().map(|list| Path::read(&list_name(list))).into_iter().collect(),
        sealed: form.sealed.0.clone(),
        coupled: values(&["response", "coupled"], &form.coupled, mistakes),
    }
}

fn stream(form: &StreamForm, answer: &AnswerForm, mistakes: &mut Mistakes) -> StreamSpec {
    let mut rows = Vec::new();
    let mut channels = Vec::new();
    for (tag, event) in form.events.iter() {
        let at = ["stream", "events", tag];
        let word = (tag != "*").then_some(tag);
        if word.is_some() && form.tag.is_none() {
            mistakes.add(
                &at,
                "events have types only where `stream.tag` names the field that says them",
            );
        }
        for (member, place) in event.like.iter() {
            let (text, media, skip) = like::rows(answer, place, member);
            let lines = (&text, &media, &skip[..]);
            gather(&at, word, lines, (&mut rows, &mut channels), mistakes);
        }
        let lines = (&event.text, &event.media, &event.skip[..]);
        gather(&at, word, lines, (&mut rows, &mut channels), mistakes);
    }
    let sources = |list: &crate::config::Named<crate::config::OneOrMany<String>>| {
        let source = |key: &String| KeySource::Field(key.clone());
        let one = |(tag, keys): (&str, &crate::config::OneOrMany<String>)| {
            (tag.to_owned(), keys.iter().map(source).collect())
        };
        list.iter().map(one).collect()
    };
    let closes = |(tag, words): (&str, &crate::config::OneOrMany<String>)| {
        let channel = |word: &String| word.strip_prefix("->").map(|name| Arc::from(name.trim()));
        let keys = words.iter().filter(|word| channel(word).is_none());
        Closing {
            tag: tag.to_owned(),
            channel: words.iter().find_map(channel),
            keys: keys.map(|key| KeySource::Field(key.clone())).collect(),
        }
    };
    let remember = form.remember.as_ref();
    let tag = form.tag.as_deref().unwrap_or("type");
    let meta = form.meta.clone().unwrap_or_default();
    StreamSpec {
        framing: form.framing.unwrap_or(Framing::Sse),
        table: Table::new(&rows, keys(form.tag.as_deref(), false)),
        numbers: numbers(&channels),
        channels,
        unit: form.unit.as_deref().map(list_name),
        tag: form.tag.clone(),
        sealed: form.sealed.0.clone(),
        done: form.done.clone(),
        finished_by: form.finished_by.iter().map(|path| Path::read(path)).collect(),
        ends_with_stream: form.ends_with_stream == Some(true),
        finished_at: form.finished_at.0.clone(),
        opens: sources(&form.opens),
        closes: form.closes.iter().map(closes).collect(),
        remember: remember.map(|form| Arc::new(RememberSpec::compile(form, tag))),
        error_field: form.error_field.clone(),
        errors: form.errors.0.clone(),
        meta: [meta.id, meta.created, meta.model].map(|path| path.as_deref().map(Path::read)),
        coupled: values(&["stream", "coupled"], &form.coupled, mistakes),
        tokens: values(&["stream", "tokens"], &form.tokens, mistakes),
    }
}

fn numbers(channels: &[ChannelSpec]) -> Vec<String> {
    let fields = channels.iter().flat_map(|channel| &channel.keys).filter_map(|key| match key {
        KeySource::Field(name) => Some(name.clone()),
        KeySource::Element(_) => None,
    });
    fields.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

fn keys(tag: Option<&str>, snake_case: bool) -> Keys {
    Keys { tag: tag.unwrap_or("type").to_owned(), snake_case }
}

fn list_name(path: &str) -> String {
    path.trim_end_matches("[]").to_owned()
}

/// Reads the lines of one form into rows.
fn gather(
    at: &[&str],
    tag: Option<&str>,
    (texts, media, skip): (&Texts, &Texts, &[String]),
    (rows, channels): (&mut Vec<Row>, &mut Vec<ChannelSpec>),
    mistakes: &mut Mistakes,
) {
    let tag = tag.map(str::to_owned);
    let mut row =
        |path: &str, leaf| rows.push(Row { tag: tag.clone(), path: path.to_owned(), leaf });
    for path in skip {
        row(path, Leaf::Skip);
    }
    for (path, line) in media.iter() {
        if let Some(leaf) = mistakes.take(&below(at, "media", path), rows::media(line)) {
            row(path, leaf);
        }
    }
    for (path, line) in texts.iter() {
        let Some(line) = mistakes.take(&below(at, "text", path), rows::line(line)) else {
            continue;
        };
        let channel = line.channel.map(|spec| {
            let known = channels.iter().position(|known| *known == spec);
            let known = known.unwrap_or_else(|| {
                channels.push(spec);
                channels.len() - 1
            });
            u16::try_from(known).unwrap_or(u16::MAX)
        });
        row(path, Leaf::Text { by: line.by, kind: line.kind, edit: line.edit, channel });
    }
}

fn below<'p>(at: &[&'p str], form: &'p str, path: &'p str) -> Vec<&'p str> {
    at.iter().copied().chain([form, path]).collect()
}

fn values(at: &[&str], values: &Values, mistakes: &mut Mistakes) -> Vec<(Path, Vec<u8>)> {
    let mut read = Vec::new();
    for (path, json) in values.iter() {
        match parse(json.as_bytes(), Strictness::Response, &JsonLimits::default()) {
            Ok(_) => read.push((Path::read(path), json.clone().into_bytes())),
            Err(problem) => {
                let at: Vec<&str> = at.iter().copied().chain([path]).collect();
                mistakes.add(&at, format!("it is no JSON: {problem}"));
            }
        }
    }
    read
}
