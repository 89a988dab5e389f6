//! Trains the head of a sentence encoder: the same rows, splits, calibration, thresholds and report as for the built-in
//! classifier, over embeddings in place of features. The encoder itself is left as it is.

use super::dense::{Embeddings, fit};
use super::lane::Fit;
use super::pipeline::{Options, Progress, ScoredRows, TrainError, Trained, Work, in_parallel};
use super::read::Row;
use super::report::{Sheet, report};
use super::rows::Part;
use crate::config::LoadedRecipe;
use crate::detect::linear::{Calibrator, Group, LANES, Label, Score, Scores};
use crate::detect::onnx::{Head, HeadHeader, HeadLabel, Threads, Transformer, group_of};
use crate::domain::Span;

/// The most numbers of all embeddings together: a gigabyte.
const MOST_NUMBERS: usize = 1 << 28;
/// Rows of one job.
const CHUNK: usize = 32;

/// Trains a head for an encoder. A text is learnt from by the embedding of its first piece of 256 tokens.
///
/// # Errors
///
/// Where there is nothing to learn, a row has no embedding, or the result is no sound head.
pub fn train_head(
    rows: &[Row],
    recipe: &LoadedRecipe,
    options: Options,
    encoder: &Transformer,
    progress: &dyn Progress,
) -> Result<Trained, TrainError> {
    let work = Work::new(rows, recipe, options, progress)?;
    let embeddings = embed(&work, encoder)?;
    let fits = work.fits(&|settings, samples, done| fit(&embeddings, settings, samples, done))?;
    let making = Making { work, embeddings, encoder };
    let mut labels = making.labels(&fits);
    let (_, plain) = making.head(&labels, &fits)?;
    let scored = making.score(&plain, Part::Tune);
    making.work.calibrate(&mut labels, &scored);
    labels.iter_mut().for_each(join_factors);
    let (_, calibrated) = making.head(&labels, &fits)?;
    let scored = making.score(&calibrated, Part::Tune);
    making.work.set_thresholds(&mut labels, &scored);
    let (bytes, head) = making.head(&labels, &fits)?;
    let scored = making.score(&head, Part::Report);
    let sheet =
        Sheet { name: &head.header().card.name, revision: head.revision(), labels: &labels };
    let mut report = report(sheet, rows, &scored, &making.work.selection);
    report.bytes = bytes.len();
    report.buckets = making.embeddings.width;
    report.tell_of(&fits);
    Ok(Trained { bytes, report })
}

/// What a head is made of.
struct Making<'a> {
    work: Work<'a>,
    embeddings: Embeddings,
    encoder: &'a Transformer,
}

impl Making<'_> {
    /// Labels without calibration. A category of which nothing was learnt has the scale 0.
    fn labels(&self, fits: &[Fit]) -> Vec<Label> {
        let mut scales = [0.0; LANES];
        for (scale, fit) in scales.iter_mut().zip(fits) {
            *scale = if fit.epochs == 0 { 0.0 } else { 1.0 };
        }
        self.work.header(fits, &scales).labels
    }

    /// The file of the head as it is now, and the head read from it.
    fn head(&self, labels: &[Label], fits: &[Fit]) -> Result<(Vec<u8>, Head), TrainError> {
        let [encoder, tokenizer] = self.encoder.hashes().clone();
        let label = |label: &Label| HeadLabel {
            name: label.name.clone(),
            bias: label.bias,
            calibrators: label.calibrators,
            thresholds: label.thresholds,
        };
        let header = HeadHeader {
            encoder,
            tokenizer,
            dimensions: self.embeddings.width,
            labels: labels.iter().map(label).collect(),
            card: self.work.card(),
        };
        let weights: Vec<f32> = fits.iter().flat_map(|fit| &fit.weights).copied().collect();
        let bytes = Head::encode(&header, &weights)?;
        let head = Head::parse(&bytes)?;
        Ok((bytes, head))
    }

    /// Scores a part of the rows with a head.
    fn score(&self, head: &Head, part: Part) -> ScoredRows<'_> {
        let taken = self.work.selection.taken.iter().enumerate();
        let scored = taken.filter(|(_, taken)| taken.part == part).filter_map(|(place, taken)| {
            let row = self.work.rows.get(taken.row)?;
            let (group, embedding) = (group_of(&row.text), self.embeddings.of(place));
            let span = Span::new(0, row.text.len());
            let scores: Vec<Score> = head
                .raw(embedding)
                .into_iter()
                .map(f64::from)
                .zip(head.probabilities(embedding, group))
                .map(|(raw, probability)| Score { probability, window: raw, whole: raw, span })
                .collect();
            Some((taken, Scores::from_parts(group, row.text.len(), &scores)))
        });
        scored.collect()
    }
}

/// A head has one score where the calibration expects two: what it found for both together is the factor of the one.
fn join_factors(label: &mut Label) {
    for group in Group::ALL {
        let fitted = label.calibrators.get_mut(group);
        let window = fitted.window + fitted.whole;
        *fitted = Calibrator { bias: fitted.bias, window, ..Calibrator::default() };
    }
}

/// The embeddings of all rows that are taken.
fn embed(work: &Work<'_>, encoder: &Transformer) -> Result<Embeddings, TrainError> {
    let (taken, width) = (&work.selection.taken, encoder.width());
    let most = MOST_NUMBERS / width.max(1);
    if taken.len() > most {
        return Err(TrainError::TooMany { rows: taken.len(), most });
    }
    work.progress.stage("embed", taken.len());
    let chunks: Vec<_> = taken.chunks(CHUNK).collect();
    let parts = in_parallel(chunks.len(), work.threads, |job| {
        // A thread for each job: the order of adding does not depend on how many there are.
        let threads = Threads::new(1);
        let chunk = chunks.get(job).copied().unwrap_or_default();
        let mut numbers = Vec::with_capacity(chunk.len() * width);
        for taken in chunk {
            let text = work.rows.get(taken.row).map_or("", |row| row.text.as_str());
            let embedding = encoder
                .embed_beginning(text, &threads)
                .map_err(|error| TrainError::Embedding { row: taken.row + 1, error })?;
            numbers.extend(embedding);
        }
        work.progress.done(chunk.len());
        Ok::<_, TrainError>(numbers)
    });
    let mut numbers = Vec::with_capacity(taken.len() * width);
    for part in parts {
        numbers.extend(part?);
    }
    Ok(Embeddings { width, numbers })
}
