//! From what was said of every row to figures.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::eval::data::ANY;
use crate::eval::metrics::{
    BINS, Bin, Confusion, Curve, Difference, Discordance, Disparity, Figures, Group, Interval,
    Measure, Resampling, Samples, calibration, differences, figures, intervals, wilson,
};
use crate::eval::probe::ProbeReport;
use crate::eval::run::RunError;
use crate::eval::table::{Counts, Mistakes, Table};

/// How figures are made.
#[derive(Clone, Debug)]
pub struct MeasureOptions {
    /// The bootstrap.
    pub resampling: Resampling,
    /// Groups with fewer texts are marked as small.
    pub smallest_group: u64,
    /// Categories to measure; none for all that are annotated.
    pub only: Vec<String>,
    /// Threads.
    pub jobs: NonZeroUsize,
}

/// What is told of a run beside its figures.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The names of the data.
    pub data: Vec<String>,
    /// When, as people write it.
    pub made: String,
    /// The mildest action that counts.
    pub at_least: String,
    /// Rounds of the bootstrap.
    pub rounds: u32,
    /// Its seed.
    pub seed: u64,
    /// Groups with fewer texts are marked as small.
    pub smallest_group: u64,
}

/// Everything that was measured.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was measured, when and how.
    pub about: About,
    /// Rows by sort.
    pub counts: Counts,
    /// The judge, or the two that are compared.
    pub judges: Vec<JudgeReport>,
    /// How the second judge differs from the first.
    pub comparison: Vec<Comparison>,
}

/// One judge.
#[derive(Clone, Debug)]
pub struct JudgeReport {
    /// Its name.
    pub name: String,
    /// Whether its scores are meant as probabilities.
    pub gives_probabilities: bool,
    /// Figures by category, and by category and language.
    pub slices: Vec<Slice>,
    /// Figures by category and group.
    pub groups: Vec<Groups>,
    /// Whether verdicts change with the name of a group, if that was tried.
    pub probe: Option<ProbeReport>,
}

/// Figures of one category, in one language or in all.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The category.
    pub category: String,
    /// The language; `None` for all rows.
    pub language: Option<String>,
    /// Labels against decisions.
    pub confusion: Confusion,
    /// The figures.
    pub figures: Figures,
    /// Where they lie with 95 % confidence.
    pub intervals: Vec<(Measure, Option<Interval>)>,
    /// What each threshold would give.
    pub curve: Curve,
    /// How scores and labels agree; `None` where scores are no probabilities.
    pub bins: Option<[Bin; BINS]>,
    /// Texts on which the judge and the label differ, if they were kept.
    pub mistakes: Option<Mistakes>,
}

/// How groups of one field fare in one category.
#[derive(Clone, Debug)]
pub struct Groups {
    /// The field.
    pub field: String,
    /// Whether its values are languages.
    pub is_language: bool,
    /// The category.
    pub category: String,
    /// Each group.
    pub lines: Vec<GroupLine>,
    /// How differently they fare.
    pub disparity: Disparity,
}

/// One group.
#[derive(Clone, Debug)]
pub struct GroupLine {
    /// Its name and counts.
    pub group: Group,
    /// The interval of the selection rate.
    pub selection: Option<Interval>,
    /// The interval of recall.
    pub recall: Option<Interval>,
    /// The interval of the false-alarm rate.
    pub false_alarms: Option<Interval>,
}

/// Two judges in one category.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The category.
    pub category: String,
    /// Where only one of them is right.
    pub dissent: Dissent,
    /// The second's figures minus the first's.
    pub differences: Vec<Difference>,
}

/// Texts on which exactly one of two judges is right.
#[derive(Clone, Copy, Debug)]
pub struct Dissent {
    /// How many.
    pub counts: Discordance,
    /// The chance of such a difference between equals (`McNemar`).
    pub p_value: Option<f64>,
}

/// One thing to work out.
enum Job {
    Slice { judge: usize, category: String, language: Option<String> },
    Compare { category: String },
}

/// What a job gave.
enum Done {
    Slice(usize, Option<Box<Slice>>),
    Compare(Option<Box<Comparison>>),
}

/// Measures each judge, given its name and whether its scores are probabilities, and compares the second with the
/// first. The first field of groups is that of languages.
///
/// # Errors
/// When a thread ended before its work was done.
pub fn measure(
    table: &Table,
    judges: &[(String, bool)],
    about: About,
    options: &MeasureOptions,
) -> Result<Report, RunError> {
    let categories = categories(table, &options.only);
    let languages = table.dimensions().first().map(|one| one.values()).unwrap_or_default();
    let mut jobs = Vec::new();
    for category in &categories {
        for judge in 0..judges.len() {
            for language in std::iter::once(None).chain(languages.iter().map(Some)) {
                let language = language.map(|language| (*language).to_owned());
                jobs.push(Job::Slice { judge, category: category.clone(), language });
            }
        }
        if judges.len() == 2 {
            jobs.push(Job::Compare { category: category.clone() });
        }
    }
    let mut reports: Vec<JudgeReport> = judges
        .iter()
        .enumerate()
        .map(|(judge, (name, gives_probabilities))| JudgeReport {
            name: name.clone(),
            gives_probabilities: *gives_probabilities,
            slices: Vec::new(),
            groups: all_groups(table, judge, &categories, options.smallest_group),
            probe: None,
        })
        .collect();
    let mut comparison = Vec::new();
    for done in work_through(&jobs, table, options)? {
        match done {
            Done::Slice(judge, slice) => {
                if let Some(report) = reports.get_mut(judge) {
                    report.slices.extend(slice.map(|slice| *slice));
                }
            }
            Done::Compare(found) => comparison.extend(found.map(|found| *found)),
        }
    }
    Ok(Report { about, counts: table.counts().clone(), judges: reports, comparison })
}

/// The categories to measure, [`ANY`] first.
fn categories(table: &Table, only: &[String]) -> Vec<String> {
    let wanted = |category: &&str| only.is_empty() || only.iter().any(|one| one == category);
    let mut found: Vec<String> =
        table.labelled_categories().into_iter().filter(wanted).map(str::to_owned).collect();
    found.sort_by_key(|category| category != ANY);
    found
}

/// Works jobs through on several threads; the order is that of the jobs.
fn work_through(
    jobs: &[Job],
    table: &Table,
    options: &MeasureOptions,
) -> Result<Vec<Done>, RunError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(place) else { return done };
            done.push((place, job.done(table, options.resampling)));
        }
    };
    let threads = options.jobs.get().min(jobs.len());
    let parts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let parts: Result<Vec<_>, _> = parts.into_iter().collect();
    let mut done: Vec<(usize, Done)> =
        parts.map_err(|_| RunError::Broken)?.into_iter().flatten().collect();
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, done)| done).collect())
}

// === impl Job ===

impl Job {
    fn done(&self, table: &Table, resampling: Resampling) -> Done {
        match self {
            Self::Slice { judge, category, language } => {
                let slice = slice(table, *judge, category, language.as_deref(), resampling);
                Done::Slice(*judge, slice.map(Box::new))
            }
            Self::Compare { category } => {
                Done::Compare(compare(table, category, resampling).map(Box::new))
            }
        }
    }
}

/// `None` where no row is annotated.
fn slice(
    table: &Table,
    judge: usize,
    category: &str,
    language: Option<&str>,
    resampling: Resampling,
) -> Option<Slice> {
    let group = language.map(|language| (0, language));
    let samples = Samples::new(&table.samples(judge, category, group))?;
    if samples.is_empty() {
        return None;
    }
    let mistakes = language.is_none().then(|| table.mistakes(judge, category)).flatten();
    Some(Slice {
        category: category.to_owned(),
        language: language.map(str::to_owned),
        confusion: samples.confusion(None),
        figures: figures(&samples, None),
        intervals: intervals(&samples, resampling),
        curve: Curve::of(&samples, None),
        bins: calibration(&samples, None),
        mistakes: mistakes.cloned(),
    })
}

fn compare(table: &Table, category: &str, resampling: Resampling) -> Option<Comparison> {
    let first = Samples::new(&table.samples(0, category, None))?;
    let second = Samples::new(&table.samples(1, category, None))?;
    let counts = table.discordance(category);
    (!first.is_empty()).then(|| Comparison {
        category: category.to_owned(),
        dissent: Dissent { counts, p_value: counts.p_value() },
        differences: differences(&first, &second, resampling),
    })
}

fn all_groups(table: &Table, judge: usize, categories: &[String], smallest: u64) -> Vec<Groups> {
    let mut all = Vec::new();
    for (place, dimension) in table.dimensions().iter().enumerate() {
        for category in categories {
            let mut lines = Vec::new();
            for name in dimension.values() {
                let mut confusion = Confusion::default();
                for sample in table.samples(judge, category, Some((place, name))) {
                    confusion.add(sample.label, sample.selected, 1);
                }
                if confusion.total() > 0 {
                    lines.push(GroupLine::of(name, confusion, smallest));
                }
            }
            let counted: Vec<Group> = lines.iter().map(|line| line.group.clone()).collect();
            let disparity = Disparity::between(&counted);
            let (field, category) = (dimension.field.clone(), category.clone());
            if !lines.is_empty() {
                all.push(Groups { field, is_language: place == 0, category, lines, disparity });
            }
        }
    }
    all
}

// === impl GroupLine ===

impl GroupLine {
    /// A group with the intervals of its rates.
    pub fn of(name: &str, confusion: Confusion, smallest: u64) -> Self {
        Self {
            selection: wilson(confusion.selected(), confusion.total()),
            recall: wilson(confusion.hits, confusion.positives()),
            false_alarms: wilson(confusion.false_alarms, confusion.negatives()),
            group: Group {
                name: name.to_owned(),
                confusion,
                is_small: confusion.total() < smallest,
            },
        }
    }
}

// === impl JudgeReport ===

impl JudgeReport {
    /// The figures of a category over all languages.
    pub fn whole(&self, category: &str) -> Option<&Slice> {
        self.slices.iter().find(|slice| slice.category == category && slice.language.is_none())
    }

    /// The categories, in order.
    pub fn categories(&self) -> impl Iterator<Item = &Slice> {
        self.slices.iter().filter(|slice| slice.language.is_none())
    }
}

// === impl Slice ===

impl Slice {
    /// The interval of a measure.
    pub fn interval(&self, measure: Measure) -> Option<Interval> {
        let found = self.intervals.iter().find(|(one, _)| *one == measure);
        found.and_then(|(_, interval)| *interval)
    }
}
