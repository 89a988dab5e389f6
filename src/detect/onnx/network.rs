//! A network that turns tokens into numbers: `rten` behind a small interface.

use std::fmt;
use std::sync::Arc;

use rten::{Dimension, Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value};

use super::error::{OnnxError, RunError, shortened, shown};
use super::tokens::Piece;

/// The threads that networks run on. Copies are the same threads.
#[derive(Clone)]
pub struct Threads(Arc<ThreadPool>);

/// What an input is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Ids,
    Mask,
    Types,
}

/// A network.
pub(super) struct Network {
    model: Model,
    inputs: Vec<(NodeId, Input)>,
    output: NodeId,
}

/// What a run gives: numbers with their shape.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Output {
    pub(super) shape: Vec<usize>,
    pub(super) numbers: Vec<f32>,
}

// === impl Threads ===

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").finish_non_exhaustive()
    }
}

impl Threads {
    /// So many threads, at least one.
    pub fn new(count: usize) -> Self {
        Self(Arc::new(ThreadPool::with_num_threads(count.max(1))))
    }
}

// === impl Network ===

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("model", &self.model).finish_non_exhaustive()
    }
}

impl Network {
    /// Reads a network. `output` is the name of the output that counts; the first one where nothing is said.
    pub(super) fn parse(bytes: &[u8], output: Option<&str>) -> Result<Self, OnnxError> {
        let mut options = ModelOptions::with_all_ops();
        // Weights in the order in which they are multiplied: more memory, and a third less time for a short text.
        options.prepack_weights(true);
        let model =
            options.load(bytes.to_vec()).map_err(|error| OnnxError::Network(shortened(&error)))?;
        let inputs = inputs(&model)?;
        let outputs = named(&model, model.output_ids());
        let found = match output {
            Some(wanted) => outputs.iter().find(|(_, name)| name == wanted),
            None => outputs.first(),
        };
        let Some(&(output, _)) = found else {
            let wanted = output.unwrap_or_default().to_owned();
            return Err(OnnxError::NoOutput { wanted, known: listed(&outputs) });
        };
        Ok(Self { model, inputs, output })
    }

    /// Runs it on one piece of a text.
    pub(super) fn run(&self, piece: &Piece, threads: &Threads) -> Result<Output, RunError> {
        let failed = |error: &dyn std::error::Error| RunError::Runtime(shortened(&error));
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for &(id, input) in &self.inputs {
            let numbers = match input {
                Input::Ids => &piece.ids,
                Input::Mask => &piece.mask,
                Input::Types => &piece.types,
            };
            let value = Value::from_shape([1, numbers.len()], numbers.clone());
            inputs.push((id, value.map_err(|error| failed(&error))?.into()));
        }
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&threads.0)));
        let outputs = self.model.run(inputs, &[self.output], Some(options));
        let output = outputs.map_err(|error| failed(&error))?.into_iter().next();
        Output::of(output)
    }
}

// === impl Output ===

impl Output {
    fn of(value: Option<Value>) -> Result<Self, RunError> {
        let Some(Value::FloatTensor(tensor)) = value else {
            return Err(RunError::Shape("of no numbers".to_owned()));
        };
        let value = Value::FloatTensor(tensor);
        let matrix = value.clone().into_shape_vec::<f32, 2>();
        let (shape, numbers) = match matrix {
            Ok((shape, numbers)) => (shape.to_vec(), numbers),
            Err(_) => match value.into_shape_vec::<f32, 3>() {
                Ok((shape, numbers)) => (shape.to_vec(), numbers),
                Err(error) => return Err(RunError::Shape(shortened(&error))),
            },
        };
        if numbers.iter().any(|number| !number.is_finite()) {
            return Err(RunError::NotFinite);
        }
        Ok(Self { shape, numbers })
    }

    /// The numbers of the whole text: the one row there is, or the mean of the rows of its tokens that are read, as
    /// sentence encoders are trained with.
    pub(super) fn pooled(&self, piece: &Piece) -> Result<Vec<f32>, RunError> {
        match *self.shape.as_slice() {
            [1, width] if width > 0 => Ok(self.numbers.clone()),
            [1, tokens, width] if width > 0 && tokens == piece.mask.len() => {
                let mut sums = vec![0.0_f32; width];
                let mut read = 0.0_f32;
                for (row, &mask) in self.numbers.chunks_exact(width).zip(&piece.mask) {
                    if mask == 0 {
                        continue;
                    }
                    read += 1.0;
                    for (sum, number) in sums.iter_mut().zip(row) {
                        *sum += number;
                    }
                }
                for sum in &mut sums {
                    *sum /= f32::max(read, 1.0);
                }
                Ok(sums)
            }
            _ => Err(RunError::Shape(shown(&self.shape))),
        }
    }
}

fn inputs(model: &Model) -> Result<Vec<(NodeId, Input)>, OnnxError> {
    let names = named(model, model.input_ids());
    if !names.iter().any(|(_, name)| name == "input_ids") {
        return Err(OnnxError::NoInput(listed(&names)));
    }
    let mut inputs = Vec::new();
    for (id, name) in names {
        let input = match name.as_str() {
            "input_ids" => Input::Ids,
            "attention_mask" => Input::Mask,
            "token_type_ids" => Input::Types,
            _ => return Err(OnnxError::UnknownInput(name)),
        };
        let shape = model.node_info(id).and_then(|info| info.shape()).unwrap_or_default();
        for size in shape {
            match size {
                Dimension::Fixed(1) | Dimension::Symbolic(_) => {}
                Dimension::Fixed(size) => return Err(OnnxError::FixedLength(size)),
            }
        }
        inputs.push((id, input));
    }
    Ok(inputs)
}

fn named(model: &Model, ids: &[NodeId]) -> Vec<(NodeId, String)> {
    let name = |id| model.node_info(id).and_then(|info| info.name()).unwrap_or_default();
    ids.iter().map(|&id| (id, name(id).to_owned())).collect()
}

fn listed(names: &[(NodeId, String)]) -> String {
    let names: Vec<String> = names.iter().take(16).map(|(_, name)| shortened(name)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
