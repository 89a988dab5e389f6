//! What can be wrong with a remote classifier as it is written: keys that its contract needs or does not know, and
//! values that cannot be used.

use std::collections::BTreeSet;

use super::contract::{AZURE_CHARS, NO_CATEGORY};
use super::setup::{parameters, usual_labels, window};
use crate::config::policy_file::{
    Activation, Classifier as Written, ClassifierKind as Kind, GuardFormat, Model,
};

/// One mistake, at a key below the classifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The key, such as `request.body`.
    pub key: String,
    /// What is wrong, in one line, without a full stop.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

// === impl Mistake ===

impl Mistake {
    pub(super) fn new(key: &str, message: impl Into<String>) -> Self {
        Self { key: key.to_owned(), message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", self.key, self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

/// Keys that a contract needs, and those that it knows beside them.
struct Keys {
    needed: &'static [&'static str],
    known: &'static [&'static str],
    /// Members of the body that are the contract's own.
    reserved: &'static [&'static str],
}

const fn keys(
    needed: &'static [&'static str],
    known: &'static [&'static str],
    reserved: &'static [&'static str],
) -> Keys {
    Keys { needed, known, reserved }
}

const PARAMETERS: &str = "request.parameters";
const PROMPT: &str = "request.prompt";
const CLASSES: &str = "answer.classes";
const ACTIVATION: &str = "answer.activation";
const CHAT: &[&str] = &["messages", "stream", "n", "model"];

const fn keys_of(kind: Kind, format: Option<GuardFormat>) -> Keys {
    match (kind, format) {
        (Kind::Builtin, _) => keys(&[], &["model"], &[]),
        (Kind::Onnx, _) => {
            keys(&["model", "tokenizer"], &["head", CLASSES, "answer.output", ACTIVATION], &[])
        }
        (Kind::OpenaiModeration, _) => keys(&[], &["model", PARAMETERS], &["input", "model"]),
        (Kind::ChatGuard, None) => keys(&["format", "model"], &[PROMPT, PARAMETERS], CHAT),
        (Kind::ChatGuard, Some(GuardFormat::LlamaGuard | GuardFormat::Qwen3guard)) => {
            keys(&["model"], &["format", PARAMETERS], CHAT)
        }
        (Kind::ChatGuard, Some(GuardFormat::Nemoguard | GuardFormat::Wildguard)) => {
            keys(&["model"], &["format", PROMPT, PARAMETERS], CHAT)
        }
        (Kind::ChatGuard, Some(GuardFormat::Shieldgemma | GuardFormat::GraniteGuardian)) => {
            keys(&["model", PROMPT], &["format", PARAMETERS], CHAT)
        }
        (Kind::ChatGuard, Some(GuardFormat::PolicyJson)) => keys(
            &["model", PROMPT, "labels"],
            &["format", PARAMETERS, "answer.score", "answer.label"],
            CHAT,
        ),
        (Kind::TeiPredict, _) => {
            keys(&["labels"], &[PARAMETERS], &["inputs", "truncate", "raw_scores"])
        }
        (Kind::VllmClassify, _) => {
            keys(&["labels", CLASSES, "model"], &[PARAMETERS], &["input", "model"])
        }
        (Kind::KserveV2, _) => keys(
            &["labels", CLASSES, "model"],
            &[PARAMETERS, "request.input", "answer.output"],
            &["inputs", "outputs"],
        ),
        (Kind::AzureContentSafety, _) => {
            keys(&[], &[PARAMETERS], &["text", "categories", "outputType"])
        }
        (Kind::Presidio, _) => {
            keys(&["labels"], &[PARAMETERS, "request.language"], &["text", "language", "entities"])
        }
        (Kind::FmsDetector, _) => keys(&["labels"], &["model", PARAMETERS], &["contents"]),
        (Kind::LitellmGeneric, _) => keys(&[], &[PARAMETERS], &["texts", "input_type"]),
        (Kind::Http, _) => keys(
            &["labels", "request.body"],
            &["answer.score", "answer.label", "answer.labels"],
            &[],
        ),
    }
}

/// Every mistake of a classifier that is not `builtin`.
pub(super) fn look_over(written: &Written) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    presence(written, &mut mistakes);
    if written.kind == Kind::Onnx {
        transformer(written, &mut mistakes);
    }
    places(written, &mut mistakes);
    labels(written, &mut mistakes);
    prompt(written, &mut mistakes);
    bounds(written, &mut mistakes);
    samples(written, &mut mistakes);
    mistakes
}

/// What is needed and not there, and what is there and means nothing.
fn presence(written: &Written, mistakes: &mut Vec<Mistake>) {
    let (request, answer) = (&written.request, &written.answer);
    let is_written = [
        ("endpoint", written.endpoint.is_some()),
        ("format", written.format.is_some()),
        ("model", written.model.is_some()),
        ("tokenizer", written.tokenizer.is_some()),
        ("head", written.head.is_some()),
        ("labels", !written.labels.is_empty()),
        (PROMPT, request.prompt.is_some()),
        ("request.body", request.body.is_some()),
        (PARAMETERS, request.parameters.is_some()),
        ("request.input", request.input.is_some()),
        ("request.language", request.language.is_some()),
        ("answer.score", answer.score.is_some()),
        ("answer.label", answer.label.is_some()),
        ("answer.labels", answer.labels.is_some()),
        (CLASSES, !answer.classes.is_empty()),
        ("answer.output", answer.output.is_some()),
        (ACTIVATION, answer.activation.is_some()),
    ];
    let kind = written.kind.as_str();
    let keys = keys_of(written.kind, written.format);
    let remote: &[&str] =
        if written.kind == Kind::Onnx { &[] } else { &["endpoint", "request.path"] };
    for (key, is_written) in is_written {
        let needed = (key == "endpoint" && remote.contains(&key)) || keys.needed.contains(&key);
        let known = needed || key == "labels" || keys.known.contains(&key);
        if needed && !is_written {
            mistakes.push(Mistake::new(key, format!("`{kind}` needs `{key}`")));
        } else if is_written && !known {
            let known = ["labels"].iter().chain(remote).chain(keys.needed).chain(keys.known);
            let known: BTreeSet<&str> = known.copied().collect();
            let known: Vec<&str> = known.into_iter().collect();
            mistakes.push(
                Mistake::new(key, format!("`{key}` means nothing for `{kind}`"))
                    .help(format!("it knows: {}", known.join(", "))),
            );
        }
    }
    if written.kind != Kind::Onnx && matches!(written.model, Some(Model::File(_))) {
        let message = "a remote classifier has no model file";
        mistakes.push(Mistake::new("model", message).help("write the name that its server knows"));
    }
}

/// What a transformer in process needs, by whether it has a head.
fn transformer(written: &Written, mistakes: &mut Vec<Mistake>) {
    let answer = &written.answer;
    if matches!(written.model, Some(Model::Name(_))) {
        let message = "a model in process is a file";
        mistakes.push(Mistake::new("model", message).help("write `model: { file, sha256 }`"));
    }
    if written.request.path.is_some() {
        mistakes.push(Mistake::new("request.path", "`request.path` means nothing for `onnx`"));
    }
    if written.head.is_some() {
        for (key, is_written) in
            [(CLASSES, !answer.classes.is_empty()), (ACTIVATION, answer.activation.is_some())]
        {
            if is_written {
                let message = format!("`{key}` means nothing beside `head`");
                mistakes.push(Mistake::new(key, message).help("the head knows its categories"));
            }
        }
        return;
    }
    if written.labels.is_empty() {
        mistakes.push(Mistake::new("labels", "`onnx` without `head` needs `labels`"));
    }
    if answer.classes.is_empty() {
        let message = "`onnx` without `head` needs `answer.classes`";
        let help = "`id2label` of the model's `config.json`, in order";
        mistakes.push(Mistake::new(CLASSES, message).help(help));
    }
    let is_softmax = matches!(answer.activation, None | Some(Activation::Softmax));
    if answer.classes.len() == 1 && is_softmax {
        let message = "the softmax of one class is always 1";
        mistakes.push(Mistake::new(ACTIVATION, message).help("write `activation: sigmoid`"));
    }
}

/// Paths, JSON Pointers and members of the body.
fn places(written: &Written, mistakes: &mut Vec<Mistake>) {
    if let Some(path) = &written.request.path {
        let is_path = path.starts_with('/') && !path.contains('#');
        if !is_path || path.parse::<http::uri::PathAndQuery>().is_err() {
            mistakes.push(Mistake::new("request.path", "a path begins with `/` and has no spaces"));
        }
    }
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_graphic() && !b"/?#%".contains(&b));
    let in_path = written.kind == Kind::KserveV2 && written.request.path.is_none();
    if in_path && !written.model_name().is_none_or(is_name) {
        let message = "this name cannot stand in a path";
        mistakes.push(Mistake::new("model", message).help("give the whole path as `request.path`"));
    }
    let is_value = |name: &str| http::HeaderValue::from_str(name).is_ok();
    if written.kind == Kind::FmsDetector && !written.model_name().is_none_or(is_value) {
        mistakes.push(Mistake::new("model", "this name cannot stand in a header"));
    }
    let answer = &written.answer;
    let pointers = [("score", &answer.score), ("label", &answer.label), ("labels", &answer.labels)];
    for (key, pointer) in pointers {
        if pointer.as_ref().is_some_and(|pointer| !pointer.is_empty() && !pointer.starts_with('/'))
        {
            let key = format!("answer.{key}");
            let mistake = Mistake::new(&key, "a JSON Pointer is empty or begins with `/`");
            mistakes.push(mistake.help("such as `/results/0/score`"));
        }
    }
    let keys = keys_of(written.kind, written.format);
    match parameters(written) {
        Err(problem) => mistakes.push(Mistake::new(PARAMETERS, problem)),
        Ok(members) => {
            let taken = members.keys().filter(|key| keys.reserved.contains(&key.as_str()));
            mistakes.extend(taken.map(|key| {
                Mistake::new(PARAMETERS, format!("`{key}` is the contract's own member"))
            }));
        }
    }
}

fn labels(written: &Written, mistakes: &mut Vec<Mistake>) {
    let mut push = |key: &str, message: String| mistakes.push(Mistake::new(key, message));
    for (label, category) in written.labels.iter() {
        if label.is_empty() || category.trim().is_empty() {
            push("labels", format!("`{label}: {category}` has an empty half"));
        }
    }
    let all_fine = !written.labels.is_empty()
        && written.labels.iter().all(|(_, category)| category == NO_CATEGORY);
    if all_fine {
        push("labels", "every label is `none`, so nothing would ever be found".to_owned());
    }
    let lone = written.kind == Kind::Http
        && written.answer.score.is_some()
        && written.answer.label.is_none()
        && written.answer.labels.is_none();
    if lone && written.labels.names().ne(["score"]) {
        push("labels", "a lone score has the one label `score`".to_owned());
    }
    let known = usual_labels(written);
    let strangers =
        written.labels.names().filter(|name| known.iter().all(|(label, _)| label != name));
    // Of these contracts every label is known.
    if matches!(written.kind, Kind::AzureContentSafety | Kind::LitellmGeneric) {
        for name in strangers {
            push("labels", format!("there is no label `{name}` in `{}`", written.kind.as_str()));
        }
    }
    let classes = &written.answer.classes;
    let distinct: BTreeSet<&str> = classes.iter().map(String::as_str).collect();
    if distinct.len() != classes.len() {
        push(CLASSES, "a class stands twice".to_owned());
    }
    if classes.is_empty() {
        return;
    }
    for class in distinct.iter().filter(|class| !written.labels.contains(class)) {
        push(
            "labels",
            format!("the class `{class}` is not named here; `none` says that it is fine"),
        );
    }
    for label in written.labels.names().filter(|label| !distinct.contains(label)) {
        push("labels", format!("`{label}` is none of `answer.classes`"));
    }
}

fn prompt(written: &Written, mistakes: &mut Vec<Mistake>) {
    let Some(prompt) = &written.request.prompt else { return };
    let has_place = matches!(
        written.format,
        Some(GuardFormat::Nemoguard | GuardFormat::Shieldgemma | GuardFormat::Wildguard)
    );
    let texts = prompt.matches("{{text}}").count();
    if has_place && texts != 1 {
        let message = format!("this prompt has `{{{{text}}}}` {texts} times, and once is right");
        mistakes.push(Mistake::new(PROMPT, message));
    } else if !has_place && texts != 0 {
        let message = "the text is a turn of its own with this format";
        mistakes.push(Mistake::new(PROMPT, message).help("leave `{{text}}` out"));
    }
    if prompt.trim().is_empty() {
        mistakes.push(Mistake::new(PROMPT, "this prompt is empty"));
    }
}

fn bounds(written: &Written, mistakes: &mut Vec<Mistake>) {
    let window = window(written);
    if window.overlap * 2 > window.chars {
        let message = "the overlap is at most half of a window";
        mistakes.push(Mistake::new("window.overlap", message));
    }
    let too_long = written.window.is_some_and(|window| window.chars > AZURE_CHARS);
    if written.kind == Kind::AzureContentSafety && too_long {
        let message = format!("the service takes at most {AZURE_CHARS} characters");
        mistakes.push(Mistake::new("window.chars", message));
    }
    if written.timeout.duration().is_zero() {
        mistakes.push(Mistake::new("timeout", "no answer comes in no time"));
    }
}

fn samples(written: &Written, mistakes: &mut Vec<Mistake>) {
    let Some(test) = &written.self_test else { return };
    for (key, samples) in [("self_test.good", &test.good), ("self_test.bad", &test.bad)] {
        if samples.is_empty() || samples.iter().any(|sample| sample.trim().is_empty()) {
            mistakes.push(Mistake::new(key, "an empty sample shows nothing"));
        }
    }
    if test.at_least <= 0.0 {
        let message = "every text has a score of 0";
        mistakes.push(Mistake::new("self_test.at_least", message));
    }
    if test.every.duration().is_zero() {
        mistakes.push(Mistake::new("self_test.every", "it would be asked all the time"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::classify::check;

    /// The mistakes of a classifier, as `key: message`.
    fn mistakes(written: &Value) -> Vec<String> {
        let written = serde_json::from_value(written.clone()).unwrap();
        check(&written).into_iter().map(|one| format!("{}: {}", one.key, one.message)).collect()
    }

    fn http() -> Value {
        json!({ "kind": "http", "endpoint": "e", "labels": { "score": "hate" },
            "request": { "body": "{\"text\": \"{{text}}\"}" }, "answer": { "score": "/s" } })
    }

    #[test]
    fn what_a_contract_needs_is_named() {
        assert_eq!(mistakes(&http()), [""; 0]);
        assert_eq!(
            mistakes(&json!({ "kind": "http" })),
            [
                "endpoint: `http` needs `endpoint`",
                "labels: `http` needs `labels`",
                "request.body: `http` needs `request.body`",
            ]
        );
        let guard = json!({ "kind": "chat_guard", "endpoint": "e", "format": "policy_json" });
        assert_eq!(mistakes(&guard).len(), 3, "{:?}", mistakes(&guard));
        let kserve = json!({ "kind": "kserve_v2", "endpoint": "e" });
        assert_eq!(mistakes(&kserve).len(), 3, "{:?}", mistakes(&kserve));
        let nothing = json!({ "kind": "builtin", "model": { "file": "f", "sha256": "0" } });
        assert_eq!(mistakes(&nothing), [""; 0], "others look at what runs in process");
    }

    #[test]
    fn what_means_nothing_is_named_with_what_does() {
        let written = json!({ "kind": "tei_predict", "endpoint": "e", "format": "llama_guard",
            "labels": { "a": "hate" }, "request": { "prompt": "p" } });
        let found = check(&serde_json::from_value(written).unwrap());
        let keys: Vec<&str> = found.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(keys, ["format", "request.prompt"]);
        assert_eq!(
            found[0].to_string(),
            "`format`: `format` means nothing for `tei_predict`; it knows: endpoint, labels, \
             request.parameters, request.path"
        );
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table: one mistake after the other")]
    fn each_value_that_cannot_be_used_is_named() {
        let classes = |classes: Value, labels: Value| {
            json!({ "kind": "vllm_classify", "endpoint": "e", "model": "m", "labels": labels,
                "answer": { "classes": classes } })
        };
        let guard = |format: &str, prompt: &str| {
            json!({ "kind": "chat_guard", "endpoint": "e", "model": "m", "format": format,
                "labels": { "yes": "x" }, "request": { "prompt": prompt } })
        };
        let with = |key: &str, value: Value| {
            let mut written = http();
            *written.pointer_mut(key).unwrap_or_else(|| panic!("{key}")) = value;
            written
        };
        let more = |key: &str, value: Value| {
            let mut written = http();
            written[key] = value;
            written
        };
        let azure = |key: &str, value: Value| {
            let mut written = json!({ "kind": "azure_content_safety", "endpoint": "e" });
            written[key] = value;
            written
        };
        for (written, expected) in [
            (with("/request/body", json!("{")), "request.body: the body is no JSON"),
            (with("/request/body", json!("{}")), "request.body: no string of the body has"),
            (with("/request/body", json!("\"{{text}}\"")), "request.body: the body is neither"),
            (with("/request/body", json!("[\"{{text}}{{text}}\"]")), "request.body: the body has"),
            (with("/answer", json!({})), "answer: it is not said where"),
            (
                with("/answer", json!({ "score": "/a", "labels": "/b" })),
                "answer: it is not said where",
            ),
            (with("/answer/score", json!("toxicity")), "answer.score: a JSON Pointer"),
            (with("/labels", json!({ "toxic": "hate" })), "labels: a lone score has the one label"),
            (with("/labels", json!({ "score": "none" })), "labels: every label is `none`"),
            (with("/labels", json!({ "score": " " })), "labels: `score:  ` has an empty half"),
            (
                more("model", json!({ "file": "m.tgm", "sha256": "0" })),
                "model: a remote classifier",
            ),
            (more("timeout", json!("0s")), "timeout: no answer comes in no time"),
            (more("window", json!({ "chars": 100, "overlap": 51 })), "window.overlap: the overlap"),
            (
                more("self_test", json!({ "good": [], "bad": "b" })),
                "self_test.good: an empty sample",
            ),
            (
                more("self_test", json!({ "good": "g", "bad": " " })),
                "self_test.bad: an empty sample",
            ),
            (
                more("self_test", json!({ "good": "g", "bad": "b", "at_least": 0.0 })),
                "self_test.at_least",
            ),
            (
                more("self_test", json!({ "good": "g", "bad": "b", "every": "0s" })),
                "self_test.every",
            ),
            (
                classes(json!(["a", "a"]), json!({ "a": "x" })),
                "answer.classes: a class stands twice",
            ),
            (classes(json!(["a", "b"]), json!({ "a": "x" })), "labels: the class `b` is not named"),
            (classes(json!(["a"]), json!({ "a": "x", "c": "y" })), "labels: `c` is none of"),
            (
                guard("shieldgemma", "no place"),
                "request.prompt: this prompt has `{{text}}` 0 times",
            ),
            (
                guard("granite_guardian", "{{text}}"),
                "request.prompt: the text is a turn of its own",
            ),
            (guard("granite_guardian", " "), "request.prompt: this prompt is empty"),
            (guard("llama_guard", "p"), "request.prompt: `request.prompt` means nothing"),
            (
                azure("window", json!({ "chars": 10_001, "overlap": 0 })),
                "window.chars: the service takes",
            ),
            (azure("labels", json!({ "hate": "hate" })), "labels: there is no label `hate`"),
            (
                azure("request", json!({ "parameters": "[]" })),
                "request.parameters: this is no JSON object",
            ),
            (
                azure("request", json!({ "parameters": "{" })),
                "request.parameters: this is no JSON:",
            ),
            (
                azure("request", json!({ "parameters": "{\"text\": 1}" })),
                "request.parameters: `text` is the contract's own",
            ),
            (azure("request", json!({ "path": "here" })), "request.path: a path begins with `/`"),
            (azure("request", json!({ "path": "/a b" })), "request.path: a path begins with `/`"),
            (
                json!({ "kind": "kserve_v2", "endpoint": "e", "model": "a/b", "labels": { "a": "x" },
                    "answer": { "classes": ["a"] } }),
                "model: this name cannot stand in a path",
            ),
            (
                json!({ "kind": "fms_detector", "endpoint": "e", "model": "a\nb", "labels": { "a": "x" } }),
                "model: this name cannot stand in a header",
            ),
        ] {
            let found = mistakes(&written);
            assert!(found.iter().any(|one| one.starts_with(expected)), "{expected}: {found:?}");
        }
    }
}
