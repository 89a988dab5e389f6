//! The transformers of a policy, from the bytes that were read with it, with every problem at its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::in_process::Pool;
use super::setup::check;
use crate::config::policy_file::{Activation as WrittenActivation, Classifier, ClassifierKind};
use crate::config::{Code, LoadedPolicy, Problem, Problems};
use crate::detect::onnx::{Activation, Files, Onnx, OnnxError, Part, Reading};

/// The classifiers of a policy that are transformers in process, read and tried out. One with a mistake in it, or of
/// which a file could not be read, is left out; the reading has named that already, and [`check`] names mistakes.
pub fn load_models(loaded: &LoadedPolicy) -> (BTreeMap<String, Arc<Onnx>>, Problems) {
    let (mut models, mut problems) = (BTreeMap::new(), Problems::new());
    for (name, written) in loaded.file.classifiers.iter() {
        if written.kind != ClassifierKind::Onnx || !check(written).is_empty() {
            continue;
        }
        let head = loaded.heads.get(name);
        let (Some(model), Some(tokenizer)) = (loaded.models.get(name), loaded.tokenizers.get(name))
        else {
            continue;
        };
        if written.head.is_some() && head.is_none() {
            continue;
        }
        let files = Files { model, tokenizer, head: head.map(|head| &**head) };
        match Pool::shared().load(files, reading(written)) {
            Ok(model) => {
                models.insert(name.to_owned(), Arc::new(model));
            }
            Err(error) => problems.push(problem(loaded, name, &error)),
        }
    }
    (models, problems)
}

/// How the output of a transformer is read.
pub(super) fn reading(written: &Classifier) -> Reading<'_> {
    Reading {
        output: written.answer.output.as_deref(),
        classes: written.answer.classes.len(),
        activation: match written.answer.activation {
            Some(WrittenActivation::Softmax) | None => Activation::Softmax,
            Some(WrittenActivation::Sigmoid) => Activation::Sigmoid,
            Some(WrittenActivation::None) => Activation::None,
        },
    }
}

fn problem(loaded: &LoadedPolicy, name: &str, error: &OnnxError) -> Problem {
    let (code, key, help) = match error.part() {
        Part::Model => (
            Code::TG082,
            "model",
            "a sequence classifier, or a sentence encoder with a `head`, exported to ONNX with dynamic axes",
        ),
        Part::Tokenizer => {
            (Code::TG083, "tokenizer", "the `tokenizer.json` that was published with the model")
        }
        Part::Head => (
            Code::TG084,
            "head",
            "`tidegate train --encoder MODEL --tokenizer TOKENIZER` trains one for this model",
        ),
    };
    let at = loaded.at(&format!("classifiers.{name}.{key}.file"));
    Problem::new(code, error.to_string()).at(at, "this file").help(help)
}
