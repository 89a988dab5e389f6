//! From what a policy file says about a remote classifier to its contract, with every mistake named at its key.

use std::time::Duration;

use serde_json::{Map, Value};

use super::contract::{
    AZURE_CHARS, AZURE_LABELS, Azure, ChatGuard, Common, Contract, Fms, Format, Http, HttpShape,
    Kserve, LITELLM_LABELS, Labels, Litellm, Local, OpenAi, Presidio, Tei, Vllm, chat_labels,
    openai_labels,
};
use super::mistakes::{Mistake, look_over};
use super::window::Window;
use crate::config::policy_file::{
    Classifier as Written, ClassifierKind as Kind, GuardFormat, SelfTest,
};
use crate::detect::onnx::Onnx;
use crate::domain::Category;

/// Everything that a classifier is made of beside its endpoint.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) contract: Box<dyn Contract>,
    pub(super) labels: Labels,
    pub(super) window: Window,
    pub(super) timeout: Duration,
    /// The most texts of one call.
    pub(super) batch: usize,
    pub(super) in_flight: usize,
    pub(super) waiting: usize,
    /// Answers that are kept, and for how long; none where nothing is kept.
    pub(super) cached: Option<(usize, Duration)>,
    pub(super) self_test: Option<SelfTest>,
}

/// What is wrong with a classifier as it is written. Nothing is, with a `builtin` one: others look at those.
pub fn check(written: &Written) -> Vec<Mistake> {
    if written.kind == Kind::Builtin {
        return Vec::new();
    }
    plan(written).err().unwrap_or_default()
}

/// The categories that a classifier's answers can have. Those of a transformer in process may stand in its files.
///
/// # Errors
/// Every mistake in what is written.
pub fn categories(written: &Written, model: Option<&Onnx>) -> Result<Vec<Category>, Vec<Mistake>> {
    let plan = match model {
        Some(model) => local_plan(written, model, 1),
        None => plan(written),
    };
    plan.map(|plan| plan.labels.categories().into_iter().cloned().collect())
}

/// The plan of a remote classifier.
///
/// # Errors
/// Every mistake, not only the first.
pub(super) fn plan(written: &Written) -> Result<Plan, Vec<Mistake>> {
    let mistakes = look_over(written);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let common = common(written);
    let labels = common.labels.clone();
    let contract = contract(written, common).map_err(|mistake| vec![mistake])?;
    let calls = &written.calls;
    Ok(Plan {
        labels,
        window: window(written),
        timeout: written.timeout.duration(),
        batch: size(calls.batch).min(contract.most_texts()),
        contract,
        in_flight: size(calls.in_flight),
        waiting: size(calls.waiting),
        cached: written.cache.then(|| (size(calls.cached), calls.cached_for.duration())),
        self_test: written.self_test.clone(),
    })
}

/// The plan of a transformer in process: the categories of its head are its labels, unless the file maps them. No more
/// texts are on their way than run at a time, so that the others wait where their time is looked after.
///
/// # Errors
/// Every mistake, not only the first.
pub(super) fn local_plan(
    written: &Written,
    model: &Onnx,
    at_a_time: usize,
) -> Result<Plan, Vec<Mistake>> {
    let mut plan = plan(written)?;
    plan.in_flight = plan.in_flight.min(at_a_time);
    let Some(head) = model.head() else { return Ok(plan) };
    let names: Vec<&str> = head.header().labels.iter().map(|label| label.name.as_str()).collect();
    let own: Vec<(&str, &str)> = names.iter().map(|&name| (name, name)).collect();
    let labels = Labels::new(&written.labels, &own);
    let mut mistakes = Vec::new();
    for name in names.iter().filter(|name| !labels.has(name)) {
        let message = format!("the head's category `{name}` is not named here");
        mistakes.push(Mistake::new("labels", message).help("`none` leaves it out"));
    }
    for label in labels.names().filter(|label| !names.contains(label)) {
        let message = format!("`{label}` is no category of the head");
        let help = format!("its categories: {}", names.join(", "));
        mistakes.push(Mistake::new("labels", message).help(help));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let classes = names.into_iter().map(str::to_owned).collect();
    plan.contract = Box::new(Local { labels: labels.clone(), classes });
    plan.labels = labels;
    Ok(plan)
}

/// The labels of a contract, where the file names none.
pub(super) fn usual_labels(written: &Written) -> Vec<(&'static str, &'static str)> {
    match written.kind {
        Kind::OpenaiModeration => openai_labels(),
        Kind::ChatGuard => written.format.map(chat_labels).unwrap_or_default().to_vec(),
        Kind::AzureContentSafety => AZURE_LABELS.to_vec(),
        Kind::LitellmGeneric => LITELLM_LABELS.to_vec(),
        Kind::Builtin
        | Kind::Onnx
        | Kind::TeiPredict
        | Kind::VllmClassify
        | Kind::KserveV2
        | Kind::Presidio
        | Kind::FmsDetector
        | Kind::Http => Vec::new(),
    }
}

/// The windows of a contract, where the file says nothing. Models of 512 tokens get what fits them in most
/// languages; services get what their documents allow.
pub(super) fn window(written: &Written) -> Window {
    if let Some(window) = written.window {
        return Window { chars: size(window.chars), overlap: size(window.overlap) };
    }
    let (chars, overlap) = match written.kind {
        Kind::Onnx | Kind::TeiPredict | Kind::VllmClassify | Kind::KserveV2 => (1_000, 150),
        Kind::Builtin | Kind::FmsDetector | Kind::Http => (4_000, 200),
        Kind::ChatGuard => (6_000, 300),
        Kind::AzureContentSafety => (size(AZURE_CHARS), 500),
        Kind::OpenaiModeration | Kind::Presidio | Kind::LitellmGeneric => (20_000, 500),
    };
    Window { chars, overlap }
}

fn common(written: &Written) -> Common {
    Common {
        model: written.model_name().map(str::to_owned),
        path: written.request.path.clone(),
        parameters: parameters(written).unwrap_or_default(),
        labels: Labels::new(&written.labels, &usual_labels(written)),
    }
}

/// The members beside those of the contract.
///
/// # Errors
/// What is wrong with them.
pub(super) fn parameters(written: &Written) -> Result<Map<String, Value>, String> {
    let Some(text) = &written.request.parameters else { return Ok(Map::new()) };
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("this is no JSON object".to_owned()),
        Err(problem) => Err(format!("this is no JSON: {problem}")),
    }
}

fn contract(written: &Written, common: Common) -> Result<Box<dyn Contract>, Mistake> {
    let (request, answer) = (&written.request, &written.answer);
    let or = |text: &Option<String>, usual: &str| text.clone().unwrap_or_else(|| usual.to_owned());
    Ok(match written.kind {
        Kind::OpenaiModeration => Box::new(OpenAi(common)),
        Kind::ChatGuard => {
            Box::new(ChatGuard::new(common, format(written), request.prompt.clone()))
        }
        Kind::Onnx => Box::new(Local { labels: common.labels, classes: answer.classes.clone() }),
        Kind::TeiPredict => Box::new(Tei(common)),
        Kind::VllmClassify => Box::new(Vllm { common, classes: answer.classes.clone() }),
        Kind::KserveV2 => {
            let model = common.model.as_deref().unwrap_or_default();
            Box::new(Kserve {
                path: or(&request.path, &format!("/v2/models/{model}/infer")),
                input: or(&request.input, "text"),
                output: or(&answer.output, "scores"),
                classes: answer.classes.clone(),
                common,
            })
        }
        Kind::AzureContentSafety => Box::new(Azure(common)),
        Kind::Presidio => Box::new(Presidio { common, language: or(&request.language, "en") }),
        // The model's name is the detector's, and stands in a header.
        Kind::FmsDetector => Box::new(Fms {
            detector: common.model.clone(),
            common: Common { model: None, ..common },
        }),
        Kind::LitellmGeneric => Box::new(Litellm(common)),
        Kind::Http => {
            let body = request.body.as_deref().unwrap_or_default();
            let http = Http::new(common, body, shape(written)?);
            Box::new(http.map_err(|problem| Mistake::new("request.body", problem))?)
        }
        Kind::Builtin => return Err(Mistake::new("kind", "`builtin` runs in process")),
    })
}

fn format(written: &Written) -> Format {
    match written.format {
        Some(GuardFormat::Qwen3guard) => Format::Qwen3guard,
        Some(GuardFormat::Nemoguard) => Format::Nemoguard,
        Some(GuardFormat::Shieldgemma) => Format::Shieldgemma,
        Some(GuardFormat::Wildguard) => Format::Wildguard,
        Some(GuardFormat::GraniteGuardian) => Format::GraniteGuardian,
        Some(GuardFormat::PolicyJson) => {
            let answer = &written.answer;
            Format::PolicyJson(super::contract::Keys {
                score: answer.score.clone().unwrap_or_else(|| "/violation".to_owned()),
                label: answer.label.clone().unwrap_or_else(|| "/policy_category".to_owned()),
            })
        }
        Some(GuardFormat::LlamaGuard) | None => Format::LlamaGuard,
    }
}

fn shape(written: &Written) -> Result<HttpShape, Mistake> {
    let answer = &written.answer;
    match (&answer.score, &answer.label, &answer.labels) {
        (Some(score), None, None) => Ok(HttpShape::Score(score.clone())),
        (score, Some(label), None) => Ok(HttpShape::Label(label.clone(), score.clone())),
        (None, None, Some(labels)) => Ok(HttpShape::Labels(labels.clone())),
        _ => Err(Mistake::new("answer", "it is not said where the scores stand").help(
            "give `score`, or `label` with or without `score`, or `labels`, as JSON Pointers",
        )),
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
