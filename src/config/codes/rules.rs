//! Codes of rules and of what they match with.

use super::{Code, Definition};
use crate::config::problems::Gravity;

/// The definitions, by number.
pub(super) const DEFINITIONS: &[Definition] = &[
    Definition {
        code: Code::TG006,
        gravity: Gravity::Error,
        title: "bad or duplicate rule id",
        explanation: "The id of a rule is its name in metrics, records, tests and `suppress`: 1 to 64 ASCII \
            letters, digits, `-`, `_` and `.`. Two rules cannot have the same id, and a former id \
            under `was` cannot be the id of another rule.",
        wrong: "- { id: a, … }\n- { id: a, … }",
        right: "- { id: a, … }\n- { id: b, … }",
    },
    Definition {
        code: Code::TG010,
        gravity: Gravity::Error,
        title: "unknown detector",
        explanation: "`detect` names built-in detectors; `tidegate list detectors` lists them.",
        wrong: "detect: [e-mail]",
        right: "detect: [email]",
    },
    Definition {
        code: Code::TG011,
        gravity: Gravity::Error,
        title: "regex does not compile",
        explanation: "The pattern is not a regular expression of this dialect: linear-time syntax, without \
            look-around and back-references. `not` and `within` say what look-around is mostly used \
            for.",
        wrong: "regex: '(\\w+@example'",
        right: "regex: '(\\w+@example)'",
    },
    Definition {
        code: Code::TG012,
        gravity: Gravity::Error,
        title: "term that normalises to nothing",
        explanation: "Terms are compared after normalisation, which removes invisible characters and marks. \
            Nothing is left of this one, so it could never match, or would match everywhere.",
        wrong: "words: [\"\\u200b\"]",
        right: "words: [idiot]",
    },
    Definition {
        code: Code::TG013,
        gravity: Gravity::Error,
        title: "regex matches the empty string",
        explanation: "A pattern that needs no character fires everywhere.",
        wrong: "regex: 'a*'",
        right: "regex: 'a+'",
    },
    Definition {
        code: Code::TG014,
        gravity: Gravity::Error,
        title: "regex too large",
        explanation: "The automaton of the pattern is larger than patterns may be, mostly because of a large \
            counted repetition.",
        wrong: "regex: '(\\w{1,100}){100}'",
        right: "regex: '\\w{1,200}'",
    },
    Definition {
        code: Code::TG015,
        gravity: Gravity::Error,
        title: "unknown label",
        explanation: "The classifier has no such label.",
        wrong: "classifier: { guard: { labels: [sexual_minor] } }",
        right: "classifier: { guard: { labels: [sexual_minors] } }",
    },
    Definition {
        code: Code::TG016,
        gravity: Gravity::Error,
        title: "`within` without `all` or `not`",
        explanation: "`within` binds the parts of `all`, or a matcher and its `not`, to one window of text. \
            Alone it binds nothing.",
        wrong: "words: [bomb]\nwithin: 12 words",
        right: "all: [{ words: [bomb] }, { words: [build] }]\nwithin: 12 words",
    },
    Definition {
        code: Code::TG017,
        gravity: Gravity::Error,
        title: "both `action` and `score`, or neither",
        explanation: "A rule either does something by itself (`action`) or adds to the total that thresholds \
            look at (`score`).",
        wrong: "- { id: a, words: [idiot] }",
        right: "- { id: a, words: [idiot], action: review }",
    },
    Definition {
        code: Code::TG018,
        gravity: Gravity::Error,
        title: "`pseudonymise` outside of prompts",
        explanation: "Pseudonyms are put into the prompt and taken out of the answer again; there is nothing \
            to restore a completion for.",
        wrong: "action: pseudonymise",
        right: "action: pseudonymise\non: [prompt]",
    },
    Definition {
        code: Code::TG031,
        gravity: Gravity::Warning,
        title: "matches ordinary text",
        explanation: "The rule fires on the built-in sample of everyday lines. Short and common words do; a \
            longer phrase, `all` with `within`, or `except` narrows it.",
        wrong: "words: [hi]",
        right: "words: [\"hi there, cutie\"]",
    },
    Definition {
        code: Code::TG032,
        gravity: Gravity::Warning,
        title: "rule that can never decide anything",
        explanation: "Every text that this rule matches is already stopped by another rule with an action at \
            least as strict; or the rule has a score, and no threshold can be reached with it.",
        wrong: "- { id: early, words: [bomb], action: block }\n- { id: late, words: [bomb], action: tag }",
        right: "- { id: early, words: [bomb], action: block }",
    },
    Definition {
        code: Code::TG036,
        gravity: Gravity::Warning,
        title: "date that has passed",
        explanation: "A `suppress` entry whose `until` has passed no longer switches its rule off; a rule \
            whose `shadow_until` has passed enforces. The line should go.",
        wrong: "until: 2020-01-01",
        right: "until: 2030-01-01",
    },
    Definition {
        code: Code::TG037,
        gravity: Gravity::Warning,
        title: "author that can never match in this phase",
        explanation: "In completions the assistant is the only author.",
        wrong: "on: [completion]\nauthors: [user]",
        right: "on: [completion]",
    },
    Definition {
        code: Code::TG038,
        gravity: Gravity::Warning,
        title: "category that nearly is a known one",
        explanation: "The category is almost the name of one of OpenAI's moderation categories; only the exact \
            name is reported by `/v1/moderations`.",
        wrong: "category: self_harm",
        right: "category: self-harm",
    },
    Definition {
        code: Code::TG039,
        gravity: Gravity::Warning,
        title: "exception that excuses nothing",
        explanation: "An exception excuses a match that lies inside it. No term of this rule lies inside this \
            one.",
        wrong: "words: [idiot]\nexcept: [moron]",
        right: "words: [idiot]\nexcept: [\"the idiot by dostoevsky\"]",
    },
    Definition {
        code: Code::TG040,
        gravity: Gravity::Warning,
        title: "match without a longest length",
        explanation: "The rule has a part with no longest match, so a stream can only hold `max_match` bytes \
            for it. Bound the repetition, or say with `max_match` how much may be held.",
        wrong: "regex: 'https://\\S+'",
        right: "regex: 'https://\\S{1,200}'",
    },
    Definition {
        code: Code::TG041,
        gravity: Gravity::Error,
        title: "rule without a matcher, or with several",
        explanation: "A rule has one matcher: `detect`, `words`, `regex`, `lexicon` or `classifier`, or \
            several of them under `any` or `all`. `not` takes away from a matcher and cannot stand \
            alone.",
        wrong: "- { id: a, words: [x1], regex: 'y+', action: tag }",
        right: "- { id: a, any: [{ words: [x1] }, { regex: 'y+' }], action: tag }",
    },
    Definition {
        code: Code::TG053,
        gravity: Gravity::Warning,
        title: "classifier that overlaps the stream",
        explanation: "With `stream: overlap` the text flows while the classifier thinks: a cut comes late, and \
            nothing can be redacted.",
        wrong: "stream: overlap",
        right: "stream: hold",
    },
    Definition {
        code: Code::TG054,
        gravity: Gravity::Error,
        title: "classifier that cannot be asked",
        explanation: "A remote classifier needs what its contract needs, and takes nothing else: an endpoint of the \
            server file, a model or a format, the places of an answer, labels for our categories.",
        wrong: "guard: { kind: chat_guard, endpoint: vllm }",
        right: "guard: { kind: chat_guard, endpoint: vllm, model: llama-guard, format: llama_guard }",
    },
    Definition {
        code: Code::TG048,
        gravity: Gravity::Error,
        title: "classifier where words are needed",
        explanation: "A classifier says that a text goes too far, and not which of its words do: it cannot say what to \
            redact, and it stands in no window of words or characters.",
        wrong: "{ id: a, classifier: { guard: { at_least: 0.8 } }, action: redact }",
        right: "{ id: a, classifier: { guard: { at_least: 0.8 } }, action: block }",
    },
    Definition {
        code: Code::TG070,
        gravity: Gravity::Error,
        title: "not UTF-8",
        explanation: "Files are UTF-8, with or without a byte order mark. The place is the first byte that is \
            not.",
        wrong: "(a file saved as Latin-1 or GB18030)",
        right: "(the same file saved as UTF-8)",
    },
    Definition {
        code: Code::TG071,
        gravity: Gravity::Warning,
        title: "term of one character",
        explanation: "As a whole word a single character hardly ever means what it should, and look-alike \
            views find it in many places. `;boundary=none` says that it is meant.",
        wrong: "杀",
        right: "杀 ;boundary=none",
    },
    Definition {
        code: Code::TG072,
        gravity: Gravity::Warning,
        title: "term given twice",
        explanation: "The list already holds this term; after normalisation the two are the same.",
        wrong: "idiot\nidiot",
        right: "idiot",
    },
    Definition {
        code: Code::TG073,
        gravity: Gravity::Error,
        title: "line of a word list that cannot be read",
        explanation: "A line is a term, and after ` ;` attributes: `tag=NAME`, `score=NUMBER`, `boundary=word` \
            or `none`, `case=fold` or `exact`.",
        wrong: "cow ;boundry=word",
        right: "cow ;boundary=word",
    },
    Definition {
        code: Code::TG074,
        gravity: Gravity::Error,
        title: "file that is no model",
        explanation: "`model.file` names a model that `tidegate train` has written, for the features of this version. The file \
            is damaged, of another kind, or of another version.",
        wrong: "model: { file: models/notes.txt, sha256: 9f2c… }",
        right: "model: { file: models/ours.tgm, sha256: 4be1… }",
    },
    Definition {
        code: Code::TG082,
        gravity: Gravity::Error,
        title: "transformer that cannot be run",
        explanation: "`model.file` of an `onnx` classifier is read and tried out when the policy is loaded: it has to be an ONNX \
            file whose inputs are `input_ids` and perhaps `attention_mask` and `token_type_ids`, of any length up to \
            256 tokens, and whose output is a number a class, or with a `head` numbers for each token.",
        wrong: "model: { file: models/notes.txt, sha256: 9f2c… }",
        right: "model: { file: models/minilm.onnx, sha256: 8199… }",
    },
    Definition {
        code: Code::TG083,
        gravity: Gravity::Error,
        title: "tokenizer that does not fit",
        explanation: "`tokenizer.file` of an `onnx` classifier is the `tokenizer.json` that was published with its model. This one \
            cannot be read, or has tokens that the model does not know.",
        wrong: "tokenizer: { file: models/vocab.txt, sha256: 07ec… }",
        right: "tokenizer: { file: models/tokenizer.json, sha256: be50… }",
    },
    Definition {
        code: Code::TG084,
        gravity: Gravity::Error,
        title: "head that does not fit",
        explanation: "`head.file` of an `onnx` classifier is what `tidegate train --encoder` has written for this very model and \
            tokenizer. The file is damaged, of another kind or version, or was trained on another encoder.",
        wrong: "head: { file: models/of-another.tgh, sha256: 21aa… }",
        right: "head: { file: models/ours.tgh, sha256: 77d0… }",
    },
];
