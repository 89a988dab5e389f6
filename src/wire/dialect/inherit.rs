//! A dialect that is like another one: what it does not say is as there.

use crate::config::dialect_file::{
    AnswerForm, DialectFile, EventForm, PartsForm, RequestForm, ShapesForm, StreamForm,
};
use crate::config::{Named, OneOrMany};

/// The file with everything filled in that it leaves to `base`. Paths and endpoints are its own.
pub(super) fn filled(file: &DialectFile, base: &DialectFile) -> DialectFile {
    DialectFile {
        title: file.title.clone().or_else(|| base.title.clone()),
        request: request(&file.request, &base.request),
        response: response(&file.response, &base.response),
        stream: match (&file.stream, &base.stream) {
            (Some(own), Some(base)) => Some(stream(own, base)),
            (own, base) => own.clone().or_else(|| base.clone()),
        }
        .filter(|_| file.streamed != Some(false)),
        shapes: shapes(&file.shapes, &base.shapes),
        moderation: or(file.moderation.as_ref(), base.moderation.as_ref())
            .filter(|_| file.moderated != Some(false)),
        ..file.clone()
    }
}

/// What an entry says last counts, so what is one's own comes behind what is inherited.
fn named<T: Clone>(own: &Named<T>, base: &Named<T>) -> Named<T> {
    let kept = base.iter().filter(|(name, _)| !own.contains(name));
    let all = kept.chain(own.iter()).map(|(name, value)| (name.to_owned(), value.clone()));
    Named(all.collect())
}

fn list(own: &OneOrMany<String>, base: &OneOrMany<String>) -> OneOrMany<String> {
    OneOrMany(base.iter().chain(own.iter()).cloned().collect())
}

fn instead(own: &OneOrMany<String>, base: &OneOrMany<String>) -> OneOrMany<String> {
    if own.is_empty() { base.clone() } else { own.clone() }
}

fn or<T: Clone>(own: Option<&T>, base: Option<&T>) -> Option<T> {
    own.or(base).cloned()
}

/// A path below another one.
fn under(above: &str, path: &str) -> String {
    if path.is_empty() { above.to_owned() } else { format!("{above}.{path}") }
}

/// A form with all its places below a path.
fn moved(form: &RequestForm, above: &str) -> RequestForm {
    let list =
        |list: &OneOrMany<String>| OneOrMany(list.iter().map(|path| under(above, path)).collect());
    let texts = |texts: &Named<String>| {
        Named(texts.iter().map(|(path, line)| (under(above, path), line.clone())).collect())
    };
    let one = |path: &Option<String>| path.as_ref().map(|path| under(above, path));
    RequestForm {
        // What asks for one answer does not ask for all of them.
        stream: None,
        usage: None,
        choices: None,
        history: None,
        json: OneOrMany::default(),
        model: None,
        turns: list(if form.turns.is_empty() { &form.prompt } else { &form.turns }),
        prompt: list(&form.prompt),
        parts: form
            .parts
            .as_ref()
            .map(|parts| PartsForm { at: under(above, &parts.at), ..parts.clone() }),
        text: texts(&form.text),
        media: texts(&form.media),
        skip: list(&form.skip),
        under: one(&form.under),
        ..form.clone()
    }
}

fn request(own: &RequestForm, base: &RequestForm) -> RequestForm {
    let moved = own.under.as_deref().map(|above| moved(base, above));
    let base = moved.as_ref().unwrap_or(base);
    RequestForm {
        under: None,
        turns: instead(&own.turns, &base.turns),
        prompt: instead(&own.prompt, &base.prompt),
        prompt_is: own.prompt_is.or(base.prompt_is),
        model: or(own.model.as_ref(), base.model.as_ref()),
        model_in_path: own.model_in_path.or(base.model_in_path),
        stream: or(own.stream.as_ref(), base.stream.as_ref()),
        streams_by_default: own.streams_by_default.or(base.streams_by_default),
        answered_either_way: own.answered_either_way.or(base.answered_either_way),
        echo: or(own.echo.as_ref(), base.echo.as_ref()),
        method: or(own.method.as_ref(), base.method.as_ref()),
        listed: own.listed.or(base.listed),
        headers: named(&own.headers, &base.headers),
        usage: or(own.usage.as_ref(), base.usage.as_ref()),
        choices: or(own.choices.as_ref(), base.choices.as_ref()),
        json: instead(&own.json, &base.json),
        parts: or(own.parts.as_ref(), base.parts.as_ref()),
        history: or(own.history.as_ref(), base.history.as_ref()),
        role: or(own.role.as_ref(), base.role.as_ref()),
        roles: named(&own.roles, &base.roles),
        role_default: or(own.role_default.as_ref(), base.role_default.as_ref()),
        snake_case: own.snake_case.or(base.snake_case),
        tag: or(own.tag.as_ref(), base.tag.as_ref()),
        sealed: list(&own.sealed, &base.sealed),
        form: own.form.or(base.form),
        any_content_type: own.any_content_type.or(base.any_content_type),
        text: named(&own.text, &base.text),
        media: named(&own.media, &base.media),
        skip: list(&own.skip, &base.skip),
    }
}

fn response(own: &AnswerForm, base: &AnswerForm) -> AnswerForm {
    AnswerForm {
        text_body: or(own.text_body.as_ref(), base.text_body.as_ref()),
        media_body: or(own.media_body.as_ref(), base.media_body.as_ref()),
        unit: or(own.unit.as_ref(), base.unit.as_ref()),
        tag: or(own.tag.as_ref(), base.tag.as_ref()),
        sealed: list(&own.sealed, &base.sealed),
        text: named(&own.text, &base.text),
        media: named(&own.media, &base.media),
        skip: list(&own.skip, &base.skip),
        coupled: named(&own.coupled, &base.coupled),
    }
}

fn stream(own: &StreamForm, base: &StreamForm) -> StreamForm {
    let both = |(tag, event): (&str, &EventForm)| {
        let merged = match base.events.get(tag) {
            Some(base) => EventForm {
                text: named(&event.text, &base.text),
                media: named(&event.media, &base.media),
                skip: list(&event.skip, &base.skip),
                like: named(&event.like, &base.like),
            },
            None => event.clone(),
        };
        (tag.to_owned(), merged)
    };
    let events = Named(own.events.iter().map(both).collect());
    StreamForm {
        framing: own.framing.or(base.framing),
        unit: or(own.unit.as_ref(), base.unit.as_ref()),
        tag: or(own.tag.as_ref(), base.tag.as_ref()),
        sealed: list(&own.sealed, &base.sealed),
        done: or(own.done.as_ref(), base.done.as_ref()),
        events: named(&events, &base.events),
        finished_by: instead(&own.finished_by, &base.finished_by),
        ends_with_stream: own.ends_with_stream.or(base.ends_with_stream),
        finished_at: instead(&own.finished_at, &base.finished_at),
        opens: named(&own.opens, &base.opens),
        closes: named(&own.closes, &base.closes),
        remember: or(own.remember.as_ref(), base.remember.as_ref()),
        error_field: or(own.error_field.as_ref(), base.error_field.as_ref()),
        errors: instead(&own.errors, &base.errors),
        meta: or(own.meta.as_ref(), base.meta.as_ref()),
        coupled: named(&own.coupled, &base.coupled),
        tokens: named(&own.tokens, &base.tokens),
    }
}

fn shapes(own: &ShapesForm, base: &ShapesForm) -> ShapesForm {
    let steps =
        |own: &Vec<_>, base: &Vec<_>| if own.is_empty() { base.clone() } else { own.clone() };
    ShapesForm {
        id_prefix: or(own.id_prefix.as_ref(), base.id_prefix.as_ref()),
        item_prefix: or(own.item_prefix.as_ref(), base.item_prefix.as_ref()),
        error: or(own.error.as_ref(), base.error.as_ref()),
        error_types: named(&own.error_types, &base.error_types),
        blocked: or(own.blocked.as_ref(), base.blocked.as_ref()),
        answer: or(own.answer.as_ref(), base.answer.as_ref()),
        refusal: or(own.refusal.as_ref(), base.refusal.as_ref()),
        stopped: if own.stopped.is_empty() { base.stopped.clone() } else { own.stopped.clone() },
        stopped_refusal: if own.stopped_refusal.is_empty() {
            base.stopped_refusal.clone()
        } else {
            own.stopped_refusal.clone()
        },
        pieces: named(&own.pieces, &base.pieces),
        opening: steps(&own.opening, &base.opening),
        part_ending: steps(&own.part_ending, &base.part_ending),
        item_ending: steps(&own.item_ending, &base.item_ending),
        saying: steps(&own.saying, &base.saying),
        ending: steps(&own.ending, &base.ending),
        closing: steps(&own.closing, &base.closing),
        failure: steps(&own.failure, &base.failure),
        reasons: named(&own.reasons, &base.reasons),
        methods: named(&own.methods, &base.methods),
        keep_alive: or(own.keep_alive.as_ref(), base.keep_alive.as_ref()),
    }
}
