//! The tiny models of `tests/onnx/tiny`, of which one can work out by hand what they say of a text, and files that are
//! broken in one way each.

use sha2::{Digest as _, Sha256};

use super::*;
use crate::detect::linear::{Calibrator, Card, PerGroup, Thresholds};

const CLASSIFIER: &[u8] = include_bytes!("../../../tests/onnx/tiny/classifier.onnx");
const ENCODER: &[u8] = include_bytes!("../../../tests/onnx/tiny/encoder.onnx");
const TOKENIZER: &[u8] = include_bytes!("../../../tests/onnx/tiny/tokenizer.json");

fn threads() -> Threads {
    Threads::new(1)
}

fn classifier(activation: Activation) -> Onnx {
    let files = Files { model: CLASSIFIER, tokenizer: TOKENIZER, head: None };
    let reading = Reading { classes: 3, activation, ..Reading::default() };
    Onnx::parse(files, reading, &threads()).unwrap()
}

/// Why these files are no classifier of three classes.
fn refused(model: &[u8], tokenizer: &[u8], head: Option<&[u8]>) -> OnnxError {
    let reading = Reading { classes: 3, ..Reading::default() };
    Onnx::parse(Files { model, tokenizer, head }, reading, &threads()).unwrap_err()
}

fn near(found: &[f32], expected: &[f32]) {
    let same = found.len() == expected.len()
        && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(same, "{found:?} instead of {expected:?}");
}

fn header() -> HeadHeader {
    let hash = |bytes: &[u8]| head::hex(&Sha256::digest(bytes));
    let plain = Calibrator { window: 1.0, ..Calibrator::default() };
    let chinese = Calibrator { bias: 1.0, window: 2.0, ..Calibrator::default() };
    let at = Thresholds { low: 0.9, balanced: 0.5, strict: 0.1 };
    let label = |name: &str, bias| HeadLabel {
        name: name.to_owned(),
        bias,
        calibrators: PerGroup { zh: chinese, other: plain },
        thresholds: PerGroup { zh: at, other: at },
    };
    HeadHeader {
        encoder: hash(ENCODER),
        tokenizer: hash(TOKENIZER),
        dimensions: 3,
        labels: vec![label("hate", 0.0), label("violence", -1.0)],
        card: Card { name: "tiny".to_owned(), ..Card::default() },
    }
}

const WEIGHTS: [f32; 6] = [-1.0, 3.0, 0.0, 0.0, 0.0, 4.0];

fn head() -> Vec<u8> {
    Head::encode(&header(), &WEIGHTS).unwrap()
}

fn encoder() -> Onnx {
    let head = head();
    let files = Files { model: ENCODER, tokenizer: TOKENIZER, head: Some(&head) };
    Onnx::parse(files, Reading::default(), &threads()).unwrap()
}

#[test]
fn a_classifier_gives_the_softmax_or_the_sigmoid_of_its_sums() {
    // "good bad day": the rows of the table come to 2.5, 2 and 0.5.
    let soft = classifier(Activation::Softmax).scores("Good, BAD day", &threads()).unwrap();
    let sum = 1.0_f32 + (-0.5_f32).exp() + (-2.0_f32).exp();
    near(&soft, &[0.0_f32, -0.5, -2.0].map(|it| it.exp() / sum));
    let each = classifier(Activation::Sigmoid).scores("Good, BAD day", &threads()).unwrap();
    // Words that are not in the vocabulary and commas add nothing.
    near(&each, &[2.5, 2.0, 0.5].map(logistic));
    let chinese = classifier(Activation::Sigmoid).scores("坏", &threads()).unwrap();
    near(&chinese, &[0.0, 2.0, 0.5].map(logistic));
}

#[test]
fn numbers_that_are_taken_as_probabilities_have_to_be_some() {
    let model = classifier(Activation::None);
    near(&model.scores("day", &threads()).unwrap(), &[0.5, 0.0, 0.0]);
    assert_eq!(model.scores("bad", &threads()), Err(RunError::NoProbability));
}

#[test]
fn an_embedding_is_the_mean_over_the_tokens_of_length_one() {
    let this = Transformer::parse(ENCODER, TOKENIZER, None, &threads()).unwrap();
    // Four tokens with the rows 0, (0, 2, 0.5), (0.5, 0, 0), 0.
    let mean = [0.125, 0.5, 0.125];
    let length = (0.125_f32.powi(2) * 2.0 + 0.25).sqrt();
    let found = this.embed("bad day", &threads()).unwrap();
    near(&found[0], &mean.map(|it| it / length));
    assert_eq!((found.len(), this.width(), this.is_by_token()), (1, 3, true));
    assert_eq!(this.embed_beginning("bad day", &threads()).unwrap(), found[0]);
    let nothing = this.embed("unknown words", &threads()).unwrap();
    near(&nothing[0], &[0.0, 0.0, 0.0]);
}

#[test]
fn a_head_makes_calibrated_probabilities_by_language_group() {
    let model = encoder();
    // "vermin" points along the second axis alone.
    near(&model.scores("vermin", &threads()).unwrap(), &[3.0, -1.0].map(logistic));
    // "坏" points along (0, 2, 0.5).
    let length = 4.25_f32.sqrt();
    let raw = [3.0 * 2.0 / length, 4.0 * 0.5 / length - 1.0];
    near(&model.scores("坏", &threads()).unwrap(), &raw.map(|raw| logistic(1.0 + 2.0 * raw)));
    assert_eq!(model.threshold(1, Preset::Low, "a"), Some(0.9));
    assert_eq!(model.threshold(2, Preset::Low, "a"), None);
    assert_eq!(model.head().unwrap().revision().len(), 12);
}

#[test]
fn a_text_of_more_tokens_is_read_in_pieces_and_the_highest_counts() {
    let model = classifier(Activation::Sigmoid);
    let calm = "the ".repeat(1_000);
    for text in [format!("bad {calm}"), format!("{calm}bad {calm}"), format!("{calm}bad")] {
        near(&model.scores(&text, &threads()).unwrap(), &[0.0, 2.0, 0.5].map(logistic));
    }
    let endless = "the ".repeat(20_000);
    assert_eq!(model.scores(&endless, &threads()), Err(RunError::TooLong(64)));
}

#[test]
fn every_piece_is_whole_with_its_beginning_and_its_end() {
    let tokens = tokens::Tokens::parse(TOKENIZER).unwrap();
    let pieces = tokens.pieces(&"good ".repeat(600)).unwrap();
    assert_eq!(pieces.len(), 3);
    for piece in &pieces {
        assert!(piece.ids.len() <= TOKENS && piece.mask.len() == piece.ids.len());
        assert_eq!((piece.ids.first(), piece.ids.last()), (Some(&2), Some(&3)));
        assert!(piece.mask.iter().all(|&mask| mask == 1));
    }
    assert_eq!(pieces[0].ids.len(), TOKENS);
    // What the file says about padding and truncation belongs to batches.
    assert_eq!(tokens.pieces("good").unwrap()[0].ids, [2, 4, 3]);
    assert_eq!(tokens.pieces("").unwrap()[0].ids, [2, 3]);
}

#[test]
fn an_output_that_is_not_finite_is_no_score() {
    let bytes = include_bytes!("../../../tests/onnx/tiny/nan.onnx");
    let files = Files { model: bytes, tokenizer: TOKENIZER, head: None };
    let reading = Reading { classes: 3, ..Reading::default() };
    let model = Onnx::parse(files, reading, &threads()).unwrap();
    assert!(model.scores("vermin", &threads()).is_ok());
    assert_eq!(model.scores(&"vermin ".repeat(131), &threads()), Err(RunError::NotFinite));
}

#[test]
fn bytes_that_are_no_network_are_refused_wherever_they_are_cut() {
    assert!(matches!(refused(b"", TOKENIZER, None), OnnxError::Network(_)));
    assert!(matches!(refused(b"GIF89a, not a model", TOKENIZER, None), OnnxError::Network(_)));
    // A file that ends between two of its fields is a file too; what it lacks then is only what it says of itself.
    let whole = classifier(Activation::Softmax).scores("bad", &threads()).unwrap();
    let reading = Reading { classes: 3, ..Reading::default() };
    let mut refused = 0;
    for end in 0..CLASSIFIER.len() {
        let files = Files { model: &CLASSIFIER[..end], tokenizer: TOKENIZER, head: None };
        match Onnx::parse(files, reading, &threads()) {
            Ok(model) => assert_eq!(model.scores("bad", &threads()).as_ref(), Ok(&whole), "{end}"),
            Err(error) => {
                assert_eq!(error.part(), Part::Model, "{end}: {error}");
                refused += 1;
            }
        }
    }
    assert!(refused > CLASSIFIER.len() - 20, "{refused} of {}", CLASSIFIER.len());
}

#[test]
fn inputs_and_outputs_that_do_not_fit_are_named() {
    let tiny = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/onnx/tiny/");
        std::fs::read(format!("{folder}{name}.onnx")).unwrap()
    };
    let told = |name: &str| refused(&tiny(name), TOKENIZER, None).to_string();
    assert!(told("pixels").contains("the input `pixel_values`"), "{}", told("pixels"));
    assert!(told("nameless").contains("its inputs: tokens"), "{}", told("nameless"));
    assert!(told("fixed").contains("16 tokens and no other number"), "{}", told("fixed"));
    assert!(told("short").contains("does not take 256 tokens"), "{}", told("short"));
    assert!(told("encoder").contains("[1, tokens, 3]"), "{}", told("encoder"));
    let files = Files { model: CLASSIFIER, tokenizer: TOKENIZER, head: None };
    let two = Reading { classes: 2, ..Reading::default() };
    let error = Onnx::parse(files, two, &threads()).unwrap_err().to_string();
    assert!(error.contains("[1, 3]") && error.contains("[1, 2]"), "{error}");
    let other = Reading { classes: 3, output: Some("scores"), ..Reading::default() };
    let error = Onnx::parse(files, other, &threads()).unwrap_err().to_string();
    assert!(error.contains("no output `scores`; its outputs: logits"), "{error}");
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let larger = include_bytes!("../../../tests/onnx/tiny/larger.json");
    let error = refused(CLASSIFIER, larger, None);
    assert_eq!(
        (error.clone(), error.part()),
        (OnnxError::Vocabulary { highest: 12 }, Part::Tokenizer)
    );
    for bytes in [&b""[..], b"{}", b"[PAD]\n[UNK]\n", &TOKENIZER[..900]] {
        assert!(matches!(refused(CLASSIFIER, bytes, None), OnnxError::Tokenizer(_)));
    }
}

#[test]
fn a_head_is_written_and_read_and_any_damage_is_found() {
    let bytes = head();
    let head = Head::parse(&bytes).unwrap();
    assert_eq!(head.header(), &header());
    near(&head.raw(&[1.0, 2.0, 3.0]), &[5.0, 11.0]);
    for end in 0..bytes.len() {
        assert!(matches!(Head::parse(&bytes[..end]), Err(OnnxError::Head(_))), "{end}");
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(matches!(Head::parse(&damaged), Err(OnnxError::Head(_))), "{at}");
    }
    let infinite = Head::encode(&header(), &[f32::INFINITY; 6]).unwrap_err().to_string();
    assert!(infinite.contains("not a finite number"), "{infinite}");
    let few = Head::encode(&header(), &[1.0; 5]).unwrap_err().to_string();
    assert!(few.contains("more or fewer weights"), "{few}");
}

#[test]
fn a_head_of_another_encoder_or_another_width_is_refused() {
    let wrong = |change: &dyn Fn(&mut HeadHeader), weights: usize| {
        let mut header = header();
        change(&mut header);
        let head = Head::encode(&header, &vec![0.5; weights]).unwrap();
        refused(ENCODER, TOKENIZER, Some(&head))
    };
    let error = wrong(&|header| header.dimensions = 4, 8);
    assert_eq!(error, OnnxError::Dimensions { expected: 4, found: 3 });
    let error = wrong(&|header| header.encoder = "0".repeat(64), 6);
    assert!(matches!(error, OnnxError::OtherEncoder { what: "model", .. }), "{error}");
    let error = wrong(&|header| header.tokenizer = "0".repeat(64), 6);
    assert!(matches!(error, OnnxError::OtherEncoder { what: "tokenizer", .. }), "{error}");
    assert_eq!(error.part(), Part::Head);
}

#[test]
fn a_file_that_breaks_the_runtime_is_told_as_one_that_cannot_be_read() {
    let broken = transformer::guarded::<()>(|| panic!("a mistake of the runtime"));
    assert_eq!(broken, Err(OnnxError::Broken));
}
