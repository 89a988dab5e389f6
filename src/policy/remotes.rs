//! The classifiers that have to be asked, and when: what a rule wants of them, and `run_if`.
//!
//! Nothing is asked here. Who asks is told by [`Remote::id`] and [`Remote::written`].

use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use jiff::civil::Date;

use super::classifiers::{InProcess, labels};
use super::{OnFailure, Policy, Rule};
use crate::config::policy_file::{
    AtLeast, Classifier, ClassifierCondition, ClassifierStream, OnError, RunIf, ScoreBand,
};
use crate::config::units::Share;
use crate::config::{Code, LoadedPolicy, Named, Problem, Problems};
use crate::detect::AtomId;
use crate::detect::linear::Scores;
use crate::domain::{Author, Category, Phase};

/// From which score on a remote classifier's answer counts where nothing is said.
const USUAL_SCORE: f64 = 0.5;

/// A classifier that has to be asked, with what rules ask of it.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Its name in the policy.
    pub name: Arc<str>,
    /// What tells it from every other: two policies that write the same classifier share it.
    pub id: Arc<str>,
    /// As it is written; none where it stands in for a model in process.
    pub written: Option<Classifier>,
    /// Whether an answer waits for it, block by block. Otherwise the text flows, and is cut when a verdict is bad.
    pub holds: bool,
    /// What happens to a text about which it said nothing.
    pub on_error: OnFailure,
    /// When it is asked at all; always where nothing is said.
    pub ask_if: Option<AskIf>,
    /// What rules ask for.
    pub conditions: Vec<RemoteCondition>,
    /// The rules that ask, by index.
    pub rules: Vec<usize>,
}

/// A score that counts as a hit.
#[derive(Clone, Debug)]
pub struct RemoteCondition {
    /// The atom that is hit.
    pub atom: AtomId,
    /// The category; `None` for the highest score of all.
    pub category: Option<Category>,
    /// From where on.
    pub at_least: f64,
}

/// What has to be so for a classifier to be asked: one of these.
#[derive(Clone, Debug, Default)]
pub struct AskIf {
    /// The score total lies in this band, its end not included.
    band: Option<(f64, f64)>,
    /// Probabilities of models in process.
    scores: Vec<Band>,
    categories: Vec<Category>,
    /// Rules by index.
    rules: Vec<usize>,
    /// A share of the texts.
    sample: Option<Share>,
}

#[derive(Clone, Debug)]
struct Band {
    /// Number of the model in the policy.
    classifier: usize,
    /// Numbers of its categories.
    labels: Vec<usize>,
    at_least: f64,
    below: f64,
}

/// What is known of a text before a classifier is asked about it.
#[derive(Clone, Copy, Debug)]
pub struct Known<'k> {
    /// The score total.
    pub score: f64,
    /// The rules that fired, by index.
    pub rules: &'k [usize],
    /// What models in process say, each with its number.
    pub scores: &'k [(usize, Scores)],
    /// The text to be asked about.
    pub text: &'k str,
}

impl AskIf {
    /// What is written, but for what models in process have to say.
    pub(crate) fn of(written: &RunIf, rules: &[Rule]) -> Self {
        let (low, high) = (written.score_at_least, written.score_below);
        let band = (low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY));
        let categories = written.categories.iter().flat_map(|list| list.iter());
        let ids = written.rules.iter().flat_map(|list| list.iter());
        let number = |id: &String| rules.iter().position(|rule| *rule.id == **id);
        Self {
            band: (low.is_some() || high.is_some()).then_some(band),
            scores: Vec::new(),
            categories: categories.map(|category| Category::new(category)).collect(),
            rules: ids.filter_map(number).collect(),
            sample: written.sample,
        }
    }

    /// Whether a text is asked about.
    pub fn holds(&self, policy: &Policy, known: Known<'_>) -> bool {
        let in_band = |(low, high): (f64, f64)| low <= known.score && known.score < high;
        let fired = |index: &usize| {
            let category = policy.rules.get(*index).and_then(|rule| rule.category.as_ref());
            self.rules.contains(index) || category.is_some_and(|one| self.categories.contains(one))
        };
        self.band.is_some_and(in_band)
            || known.rules.iter().any(fired)
            || self.scores.iter().any(|band| band.holds(known))
            || self.sample.is_some_and(|share| is_drawn(share, known.text))
    }

    /// The models in process whose scores are looked at, by number.
    pub fn looks_at(&self) -> impl Iterator<Item = usize> {
        self.scores.iter().map(|band| band.classifier)
    }
}

impl Band {
    fn holds(&self, known: Known<'_>) -> bool {
        let scores = known.scores.iter().find(|(number, _)| *number == self.classifier);
        let Some((_, scores)) = scores else { return false };
        self.labels.iter().filter_map(|&label| scores.all().get(label)).any(|score| {
            let probability = f64::from(score.probability);
            self.at_least <= probability && probability < self.below
        })
    }
}

/// Draws a share of all texts, the same ones each time.
fn is_drawn(share: Share, text: &str) -> bool {
    // The keys are fixed, so that a text is drawn or not whichever process reads it, and however it came.
    let mut hasher = std::hash::DefaultHasher::new();
    text.hash(&mut hasher);
    let bits = u32::try_from(hasher.finish() >> 32).unwrap_or(u32::MAX);
    f64::from(bits) < share.fraction() * f64::from(u32::MAX)
}

impl Remote {
    /// One that is written in a policy.
    pub(super) fn new(name: &str, written: &Classifier, usual: OnError) -> Self {
        let mut hasher = std::hash::DefaultHasher::new();
        serde_json::to_string(written).unwrap_or_default().hash(&mut hasher);
        Self {
            name: Arc::from(name),
            id: Arc::from(format!("{name}@{:016x}", hasher.finish())),
            written: Some(written.clone()),
            holds: written.stream == ClassifierStream::Hold,
            on_error: match written.on_error.unwrap_or(usual) {
                OnError::Block => OnFailure::Block,
                OnError::Review => OnFailure::Review,
                OnError::Skip => OnFailure::Allow,
            },
            ask_if: None,
            conditions: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// One that stands in for a model in process, with what rules ask of that.
    pub(crate) fn in_place_of(
        name: &str,
        stream: ClassifierStream,
        (conditions, rules): (Vec<RemoteCondition>, Vec<usize>),
    ) -> Self {
        Self {
            name: Arc::from(name),
            id: Arc::from(name),
            written: None,
            holds: stream == ClassifierStream::Hold,
            on_error: OnFailure::Block,
            ask_if: None,
            conditions,
            rules,
        }
    }

    /// The conditions of one matcher: an atom for each category.
    pub(super) fn conditions(
        &mut self,
        (loaded, place): (&LoadedPolicy, &str),
        written: &ClassifierCondition,
        new_atom: &mut dyn FnMut(&str) -> AtomId,
        problems: &mut Problems,
    ) -> Vec<AtomId> {
        let at_least = match written.at_least {
            None => USUAL_SCORE,
            Some(AtLeast::Score(score)) if (0.0..=1.0).contains(&score) => score,
            Some(wrong) => {
                let at = loaded.at(&format!("{place}.at_least"));
                let (message, help) = match wrong {
                    AtLeast::Score(score) => {
                        (format!("`at_least: {score}` is no score"), "from 0 to 1")
                    }
                    AtLeast::Preset(_) => {
                        let message = format!("`{}` has no presets", self.name);
                        (message, "models in process have them; write a score from 0 to 1")
                    }
                };
                problems.push(Problem::new(Code::TG002, message).at(at, "here").help(help));
                return Vec::new();
            }
        };
        let named = written.labels.iter().map(|label| Some(Category::new(label)));
        let wanted: Vec<Option<Category>> =
            if written.labels.is_empty() { vec![None] } else { named.collect() };
        let mut atoms = Vec::new();
        for category in wanted {
            let atom = new_atom(&format!("classifier {}", self.name));
            self.conditions.push(RemoteCondition { atom, category, at_least });
            atoms.push(atom);
        }
        atoms
    }

    /// The name of what a condition asks for.
    pub fn label(&self, condition: usize) -> String {
        let category = self.conditions.get(condition).and_then(|one| one.category.as_ref());
        match category {
            Some(category) => format!("{}: {}", self.name, category.as_str()),
            None => self.name.to_string(),
        }
    }

    pub(super) fn atoms(&self) -> impl Iterator<Item = AtomId> {
        self.conditions.iter().map(|condition| condition.atom)
    }
}

impl Policy {
    /// The classifiers that rules ask about such texts, by number.
    pub fn remotes_for(
        &self,
        (phase, author): (Phase, Author),
        today: Date,
    ) -> impl Iterator<Item = (usize, &Arc<Remote>)> {
        self.remotes.iter().enumerate().filter(move |(_, remote)| {
            remote.rules.iter().any(|&index| {
                let rule = self.rules.get(index);
                rule.is_some_and(|rule| rule.applies_to(phase, author)) && self.is_on(index, today)
            })
        })
    }

    /// Whether any text of this way is asked about.
    pub fn asks_on(&self, phase: Phase) -> bool {
        let on = |rule: &Rule| match phase {
            Phase::Prompt => rule.on_prompt,
            Phase::Completion => rule.on_completion,
        };
        let mut asking = self.remotes.iter().flat_map(|remote| &remote.rules);
        asking.any(|&rule| self.rules.get(rule).is_some_and(on))
    }
}

/// Reads `run_if` of a classifier, once the rules and the models in process are known.
pub(super) fn ask_if(
    loaded: &LoadedPolicy,
    (name, written): (&str, &RunIf),
    (models, rules): (&[InProcess], &[Rule]),
    problems: &mut Problems,
) -> AskIf {
    let place = format!("classifiers.{name}.run_if");
    let mut found = AskIf::of(written, rules);
    if written.is_empty() {
        let problem = Problem::new(Code::TG002, "`run_if` names nothing");
        let help = "name a score, a classifier, categories, rules or a sample, or leave it out";
        problems.push(problem.at(loaded.key_at(&place), "it would never be asked").help(help));
    }
    if let Some(band) = found.band {
        is_band((loaded, &place), band, problems);
    }
    for (name, band) in written.classifier.iter().flat_map(Named::iter) {
        let place = format!("{place}.classifier.{name}");
        found.scores.extend(scores((loaded, &place), (name, band), models, problems));
    }
    for (index, category) in found.categories.iter().enumerate() {
        if !rules.iter().any(|rule| rule.category.as_ref() == Some(category)) {
            let message = format!("no rule has the category `{}`", category.as_str());
            let at = loaded.at(&format!("{place}.categories[{index}]"));
            problems.push(Problem::new(Code::TG008, message).at(at, "this would never hold"));
        }
    }
    for (index, id) in written.rules.iter().flat_map(|list| list.iter()).enumerate() {
        if rules.iter().any(|rule| *rule.id == **id) {
            continue;
        }
        let at = loaded.at(&format!("{place}.rules[{index}]"));
        let problem = Problem::new(Code::TG008, format!("unknown rule `{id}`"));
        problems.push(problem.at(at, "no rule has this id"));
    }
    found
}

fn scores(
    (loaded, place): (&LoadedPolicy, &str),
    (name, band): (&str, &ScoreBand),
    models: &[InProcess],
    problems: &mut Problems,
) -> Option<Band> {
    let Some(classifier) = models.iter().position(|model| *model.name == *name) else {
        let problem = Problem::new(Code::TG024, format!("no model in process is called `{name}`"));
        let help = "only `kind: builtin` can say whether another classifier is asked";
        problems.push(problem.at(loaded.key_at(place), "not in process").help(help));
        return None;
    };
    let model = models.get(classifier)?;
    is_band((loaded, place), (band.at_least, band.below), problems);
    let labels = labels((name, &model.model), &band.labels, (loaded, place), problems);
    Some(Band { classifier, labels, at_least: band.at_least, below: band.below })
}

/// Says so where a band is empty.
fn is_band(
    (loaded, place): (&LoadedPolicy, &str),
    (low, high): (f64, f64),
    problems: &mut Problems,
) {
    if low.is_nan() || high.is_nan() || low >= high {
        let problem = Problem::new(Code::TG002, format!("no score lies from {low} to {high}"));
        problems.push(problem.at(loaded.at(place), "this would never hold"));
    }
}
