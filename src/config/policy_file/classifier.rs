//! Classifiers: where they run, which contract they speak, when they are asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::OnError;
use crate::config::shapes::{self, Named, OneOrMany};
use crate::config::units::{Period, Share};

/// A classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a classifier")]
pub struct Classifier {
    /// `builtin`, or the contract of a remote one.
    pub kind: ClassifierKind,
    /// The file of a model in process, or the name that a remote server knows its model by.
    #[serde(default)]
    pub model: Option<Model>,
    /// `onnx`: the file of its tokenizer, a `tokenizer.json`.
    #[serde(default)]
    pub tokenizer: Option<ModelFile>,
    /// `onnx`: the file of the head of a sentence encoder, as `tidegate train --encoder` writes it.
    #[serde(default)]
    pub head: Option<ModelFile>,
    /// Name of an endpoint in the server file.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// How a `chat_guard` answers.
    #[serde(default)]
    pub format: Option<GuardFormat>,
    /// Its labels, and our categories for them; `none` for a label that says that nothing is wrong.
    /// What is written takes the place of the built-in map of the contract.
    #[serde(default)]
    #[schemars(schema_with = "label_map")]
    pub labels: Named<String>,
    /// What a remote one is sent, where the contract leaves a choice.
    #[serde(default)]
    pub request: RequestShape,
    /// Where the answer of a remote one holds what, where the contract leaves a choice.
    #[serde(default)]
    pub answer: AnswerShape,
    /// How long texts are cut for a remote one; by the contract where nothing is said.
    #[serde(default)]
    pub window: Option<TextWindow>,
    /// How many calls a remote one gets.
    #[serde(default)]
    pub calls: Calls,
    /// Texts that a remote one has to tell apart before it is believed.
    #[serde(default)]
    pub self_test: Option<SelfTest>,
    /// How long it may take.
    #[serde(default = "classifier_timeout")]
    pub timeout: Period,
    /// What happens when it gives no answer; as the policy where nothing is said.
    #[serde(default)]
    pub on_error: Option<OnError>,
    /// When it is asked at all.
    #[serde(default)]
    pub run_if: Option<RunIf>,
    /// Whether its answers are kept.
    #[serde(default = "yes")]
    pub cache: bool,
    /// Whether streams wait for it.
    #[serde(default)]
    pub stream: ClassifierStream,
}

/// Where a classifier runs, and which contract it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClassifierKind {
    /// In process: a model file of ours.
    Builtin,
    /// In process: a transformer in an ONNX file.
    Onnx,
    /// `POST /v1/moderations` as OpenAI has it.
    OpenaiModeration,
    /// A guard model behind `POST /v1/chat/completions`.
    ChatGuard,
    /// `POST /predict` of text-embeddings-inference.
    TeiPredict,
    /// `POST /classify` of vLLM and SGLang.
    VllmClassify,
    /// `POST /v2/models/NAME/infer` of Triton, OVMS and MLServer.
    KserveV2,
    /// `POST /contentsafety/text:analyze` of Azure.
    AzureContentSafety,
    /// `POST /analyze` of Presidio.
    Presidio,
    /// `POST /api/v1/text/contents` of the FMS detectors.
    FmsDetector,
    /// `POST /beta/litellm_basic_guardrail_api` of LiteLLM's guardrails.
    LitellmGeneric,
    /// Anything else that takes and gives JSON.
    Http,
}

/// How a guard model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardFormat {
    /// `safe`, or `unsafe` and a line of codes.
    LlamaGuard,
    /// `Safety: …` and `Categories: …`.
    Qwen3guard,
    /// JSON or lines with `User Safety` and `Response Safety`.
    Nemoguard,
    /// `Yes` or `No`, with the probabilities of both.
    Shieldgemma,
    /// `Harmful request: yes` and two more lines.
    Wildguard,
    /// `<score> yes </score>`.
    GraniteGuardian,
    /// JSON that a written policy asks for.
    PolicyJson,
}

/// The file of a built-in model, or the name of a remote one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Model {
    /// The name that a server knows it by.
    Name(String),
    /// The file.
    File(ModelFile),
}

/// What a remote classifier is sent, where its contract leaves a choice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a request shape")]
pub struct RequestShape {
    /// Path and query, where they are not those of the contract.
    pub path: Option<String>,
    /// `chat_guard`: the written policy of `policy_json`, the risk of `granite_guardian`, or the prompt, with
    /// `{{text}}` where the text belongs.
    pub prompt: Option<String>,
    /// `http`: JSON in whose strings `{{text}}` stands for the text, and `{{phase}}` for `prompt` or `completion`.
    pub body: Option<String>,
    /// A JSON object whose members are sent beside those of the contract.
    pub parameters: Option<String>,
    /// `kserve_v2`: name of the input tensor; `text` where nothing is said.
    pub input: Option<String>,
    /// `presidio`: language of the texts; `en` where nothing is said.
    pub language: Option<String>,
}

/// Where an answer holds what. Places are JSON Pointers, such as `/results/0/score`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "an answer shape")]
pub struct AnswerShape {
    /// `http` and `policy_json`: the score, from 0 to 1.
    pub score: Option<String>,
    /// `http` and `policy_json`: the label.
    pub label: Option<String>,
    /// `http`: an object of labels with their scores, or a list of `{ label, score }`.
    pub labels: Option<String>,
    /// `vllm_classify`, `kserve_v2` and `onnx`: the labels in the order in which the scores come.
    pub classes: Vec<String>,
    /// `kserve_v2`: name of the output tensor with the scores; `scores` where nothing is said. `onnx`: name of the
    /// output that counts; the first one where nothing is said.
    pub output: Option<String>,
    /// `onnx`: what the numbers of its classes mean; `softmax` where nothing is said.
    pub activation: Option<Activation>,
}

/// What the numbers of a classifier's classes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// Logits of classes of which one applies.
    Softmax,
    /// Logits of classes that apply or not, each by itself.
    Sigmoid,
    /// Probabilities.
    None,
}

/// How a long text is cut into windows that are asked one by one; the highest score counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a window")]
pub struct TextWindow {
    /// The most characters of a window. A model's tokens have three or four in English, often one in Chinese.
    #[schemars(range(min = 16, max = 1_000_000))]
    pub chars: u32,
    /// Characters that two windows share at least, so that nothing is torn apart.
    #[schemars(range(min = 0, max = 100_000))]
    pub overlap: u32,
}

/// How many calls a remote classifier gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "call settings")]
pub struct Calls {
    /// The most calls at a time.
    #[schemars(range(min = 1, max = 1024))]
    pub in_flight: u32,
    /// The most texts that wait for a call; one more is not asked.
    #[schemars(range(min = 1, max = 65_536))]
    pub waiting: u32,
    /// The most texts in one call, where the contract takes several.
    #[schemars(range(min = 1, max = 256))]
    pub batch: u32,
    /// The most answers that are kept.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub cached: u32,
    /// How long an answer is kept.
    pub cached_for: Period,
}

/// Texts that a classifier has to tell apart before it is believed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a self-test")]
pub struct SelfTest {
    /// Texts in which it must find nothing.
    pub good: OneOrMany<String>,
    /// Texts in which it must find something.
    pub bad: OneOrMany<String>,
    /// The score from which something counts as found.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub at_least: f64,
    /// How often it is asked again.
    #[serde(default = "test_interval")]
    pub every: Period,
}

/// The file of a built-in model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a model")]
pub struct ModelFile {
    /// Path of the model, from the configuration root.
    pub file: String,
    /// Hash that the file has to have.
    #[schemars(schema_with = "shapes::sha256")]
    pub sha256: String,
}

/// When a remote classifier is asked: where one of these holds. What other remote classifiers say is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a condition")]
pub struct RunIf {
    /// The score total of the text so far is at least this, and below `score_below` where that is given.
    pub score_at_least: Option<f64>,
    /// The score total of the text so far is below this, and at least `score_at_least` where that is given.
    pub score_below: Option<f64>,
    /// The probability of a classifier in process lies in this band.
    pub classifier: Option<Named<ScoreBand>>,
    /// A rule of one of these categories has fired, in force or watched.
    pub categories: Option<OneOrMany<String>>,
    /// One of these rules has fired, in force or watched.
    pub rules: Option<OneOrMany<String>>,
    /// This share of the texts, drawn by what they say.
    pub sample: Option<Share>,
}

/// A band of probabilities of a classifier in process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a band")]
pub struct ScoreBand {
    /// From this probability on.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub at_least: f64,
    /// Up to this probability, which is not in the band.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub below: f64,
    /// Of one of these labels; of any where none is named.
    pub labels: Vec<String>,
}

impl Default for ScoreBand {
    fn default() -> Self {
        Self { at_least: 0.0, below: 1.0, labels: Vec::new() }
    }
}

/// Whether streams wait for a classifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClassifierStream {
    /// The text is held until the answer is there.
    #[default]
    Hold,
    /// The text flows and is cut late.
    Overlap,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            in_flight: 16,
            waiting: 512,
            batch: 16,
            cached: 10_000,
            cached_for: Period::from_secs(600),
        }
    }
}

// === impl Classifier ===

impl Classifier {
    /// The name that a remote server knows its model by.
    pub fn model_name(&self) -> Option<&str> {
        match &self.model {
            Some(Model::Name(name)) => Some(name),
            Some(Model::File(_)) | None => None,
        }
    }
}

// === impl RunIf ===

impl RunIf {
    /// Whether it names nothing, so that it would never hold.
    pub const fn is_empty(&self) -> bool {
        let Self { score_at_least, score_below, classifier, categories, rules, sample } = self;
        score_at_least.is_none()
            && score_below.is_none()
            && classifier.is_none()
            && categories.is_none()
            && rules.is_none()
            && sample.is_none()
    }
}

// === impl ClassifierKind ===

impl ClassifierKind {
    /// Whether its answers say which words of a text they are about.
    pub const fn points(self) -> bool {
        matches!(self, Self::Presidio | Self::FmsDetector)
    }

    /// The word of the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Onnx => "onnx",
            Self::OpenaiModeration => "openai_moderation",
            Self::ChatGuard => "chat_guard",
            Self::TeiPredict => "tei_predict",
            Self::VllmClassify => "vllm_classify",
            Self::KserveV2 => "kserve_v2",
            Self::AzureContentSafety => "azure_content_safety",
            Self::Presidio => "presidio",
            Self::FmsDetector => "fms_detector",
            Self::LitellmGeneric => "litellm_generic",
            Self::Http => "http",
        }
    }
}

const fn half() -> f64 {
    0.5
}

const fn test_interval() -> Period {
    Period::from_secs(600)
}

const fn classifier_timeout() -> Period {
    Period::from_millis(400)
}

const fn yes() -> bool {
    true
}

/// Labels are the classifier's words: any text.
fn label_map(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "object", "additionalProperties": { "type": "string" } })
}
