//! The classifiers of a policy: models that run in process, and from which scores on rules count them as found. Those that
//! have to be asked are in `remotes`.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::remotes::{Remote, ask_if};
use super::{Policy, Rule};
use crate::config::policy_file::{
    self, ClassifierCondition, ClassifierKind, ClassifierStream, ScorePreset,
};
use crate::config::{Code, LoadedPolicy, Problem, Problems};
use crate::detect::AtomId;
use crate::detect::linear::{Group, Model, Preset};
use crate::domain::{Author, Mode, Phase};

/// A model that runs in process, with what rules ask of it.
#[derive(Clone, Debug)]
pub struct InProcess {
    /// Its name in the policy.
    pub name: Arc<str>,
    /// The model.
    pub model: Model,
    /// Whether an answer waits for its scores: each block of some hundred characters is held until it is scored. Otherwise
    /// the text flows, and a block that goes too far ends it behind that block.
    pub holds: bool,
    /// What rules ask for.
    pub conditions: Vec<ScoreCondition>,
    /// The rules that ask, by index.
    pub rules: Vec<usize>,
}

/// A category whose score counts as a hit.
#[derive(Clone, Debug)]
pub struct ScoreCondition {
    /// The atom that is hit.
    pub atom: AtomId,
    /// Number of the category in the model.
    pub label: usize,
    /// From where on.
    pub at_least: AtLeast,
}

/// A threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AtLeast {
    /// From this probability on.
    Probability(f32),
    /// As the model has it for the language of the text.
    Preset(Preset),
}

impl InProcess {
    /// Whether a condition is fulfilled by a probability in a text of this language group.
    pub fn is_met(&self, condition: &ScoreCondition, probability: f32, group: Group) -> bool {
        let least = match condition.at_least {
            AtLeast::Probability(least) => Some(least),
            AtLeast::Preset(preset) => self.model.threshold(condition.label, preset, group),
        };
        least.is_some_and(|least| probability >= least)
    }

    /// A category of its model by its number.
    pub fn category(&self, label: usize) -> Option<&str> {
        self.model.labels().get(label).map(|label| label.name.as_str())
    }

    /// The name of what a condition asks for: the classifier and the category.
    pub fn label(&self, label: usize) -> String {
        format!("{}: {}", self.name, self.category(label).unwrap_or_default())
    }
}

impl InProcess {
    /// The same, with the rules that ask it.
    pub(crate) fn asked_by(mut self, rules: &[Rule]) -> Self {
        let atoms: Vec<AtomId> = self.conditions.iter().map(|condition| condition.atom).collect();
        self.rules = asking(rules, &atoms);
        self
    }
}

impl Policy {
    /// The classifier and the number of the category that a rule asks for with this atom; nothing where it stands for
    /// words or patterns.
    pub fn asked_score(&self, atom: AtomId) -> Option<(usize, usize)> {
        self.classifiers.iter().enumerate().find_map(|(classifier, one)| {
            let asked = one.conditions.iter().find(|condition| condition.atom == atom)?;
            Some((classifier, asked.label))
        })
    }

    /// Whether all rules that look at such texts and ask this classifier are only watched.
    pub fn are_only_watched(
        &self,
        rules: &[usize],
        (phase, author): (Phase, Author),
        today: Date,
    ) -> bool {
        let on = rules.iter().filter(|&&index| self.is_on(index, today));
        let mut rules = on.filter_map(|&index| self.rules.get(index));
        rules.all(|rule| {
            !rule.applies_to(phase, author) || self.mode_of(rule, today) == Mode::Shadow
        })
    }

    /// Whether some rule that is on looks at such texts and asks this classifier.
    pub fn asks(
        &self,
        classifier: &InProcess,
        (phase, author): (Phase, Author),
        today: Date,
    ) -> bool {
        classifier.rules.iter().any(|&index| {
            let applies = self.rules.get(index).is_some_and(|rule| rule.applies_to(phase, author));
            applies && self.is_on(index, today)
        })
    }
}

/// Where a classifier stands in its policy.
#[derive(Clone, Copy)]
enum Number {
    InProcess(usize),
    Remote(usize),
}

/// The classifiers of a policy while it is compiled.
pub(super) struct Classifiers {
    all: Vec<InProcess>,
    remotes: Vec<Remote>,
    /// Those of which the model could not be read: what is wrong is said already.
    broken: Vec<String>,
    numbers: HashMap<String, Number>,
}

/// All classifiers of a policy.
pub(super) type Found = (Arc<[InProcess]>, Arc<[Arc<Remote>]>);

impl Classifiers {
    /// Those of a policy.
    pub(super) fn new(loaded: &LoadedPolicy, problems: &mut Problems) -> Self {
        let (all, remotes, broken) = (Vec::new(), Vec::new(), Vec::new());
        let mut found = Self { all, remotes, broken, numbers: HashMap::new() };
        for (name, written) in loaded.file.classifiers.iter() {
            if written.kind != ClassifierKind::Builtin {
                overlaps(loaded, (name, written), problems);
                found.numbers.insert(name.to_owned(), Number::Remote(found.remotes.len()));
                found.remotes.push(Remote::new(name, written, loaded.file.on_error));
                continue;
            }
            let Some(model) = model(loaded, name, written, problems) else {
                found.broken.push(name.to_owned());
                continue;
            };
            overlaps(loaded, (name, written), problems);
            found.numbers.insert(name.to_owned(), Number::InProcess(found.all.len()));
            found.all.push(InProcess {
                name: Arc::from(name),
                model,
                holds: written.stream == ClassifierStream::Hold,
                conditions: Vec::new(),
                rules: Vec::new(),
            });
        }
        found
    }

    /// The conditions of one matcher on one classifier: an atom for each category.
    pub(super) fn conditions(
        &mut self,
        (loaded, place): (&LoadedPolicy, &str),
        (name, written): (&str, &ClassifierCondition),
        new_atom: &mut dyn FnMut(&str) -> AtomId,
        problems: &mut Problems,
    ) -> Vec<AtomId> {
        let number = self.numbers.get(name).copied();
        if let Some(Number::Remote(number)) = number
            && let Some(remote) = self.remotes.get_mut(number)
        {
            return remote.conditions((loaded, place), written, new_atom, problems);
        }
        let in_process = number.and_then(|number| match number {
            Number::InProcess(number) => self.all.get_mut(number),
            Number::Remote(_) => None,
        });
        let Some(classifier) = in_process else {
            if !self.broken.iter().any(|broken| broken == name) {
                let known = loaded.file.classifiers.names().collect::<Vec<_>>().join(", ");
                let help = if known.is_empty() {
                    "define it: `classifiers: { guard: { kind: builtin } }`".to_owned()
                } else {
                    format!("classifiers of this policy: {known}")
                };
                let problem = Problem::new(Code::TG024, format!("unknown classifier `{name}`"));
                problems.push(problem.at(loaded.key_at(place), "not defined").help(help));
            }
            return Vec::new();
        };
        let Some(at_least) = at_least(written.at_least, (loaded, place), problems) else {
            return Vec::new();
        };
        let wanted = labels((name, &classifier.model), &written.labels, (loaded, place), problems);
        let atoms: Vec<AtomId> =
            wanted.iter().map(|_| new_atom(&format!("classifier {name}"))).collect();
        let conditions = wanted.into_iter().zip(&atoms);
        let conditions = conditions.map(|(label, &atom)| ScoreCondition { atom, label, at_least });
        classifier.conditions.extend(conditions);
        atoms
    }

    /// All of them, asked by these rules.
    pub(super) fn finish(
        self,
        loaded: &LoadedPolicy,
        rules: &[Rule],
        problems: &mut Problems,
    ) -> Found {
        let Self { all, mut remotes, .. } = self;
        let all: Vec<InProcess> = all.into_iter().map(|one| one.asked_by(rules)).collect();
        for remote in &mut remotes {
            remote.rules = asking(rules, &remote.atoms().collect::<Vec<_>>());
            let run_if = remote.written.as_ref().and_then(|written| written.run_if.as_ref());
            remote.ask_if = run_if
                .map(|run_if| ask_if(loaded, (&remote.name, run_if), (&all, rules), problems));
        }
        (all.into(), remotes.into_iter().map(Arc::new).collect())
    }
}

/// Says that a text flows while it is read.
fn overlaps(
    loaded: &LoadedPolicy,
    (name, written): (&str, &policy_file::Classifier),
    problems: &mut Problems,
) {
    if written.stream == ClassifierStream::Overlap {
        let message = format!("an answer flows while `{name}` reads it");
        let at = loaded.at(&format!("classifiers.{name}.stream"));
        let label = if written.kind == ClassifierKind::Builtin {
            "a block that goes too far is cut at its end"
        } else {
            "what goes too far may be read before it is cut"
        };
        problems.push(Problem::new(Code::TG053, message).at(at, label));
    }
}

/// The rules that look for one of these atoms, by index.
fn asking(rules: &[Rule], atoms: &[AtomId]) -> Vec<usize> {
    let asks = |rule: &Rule| {
        let mut asks = false;
        rule.matcher.visit_atoms(&mut |atom| asks |= atoms.contains(&atom));
        asks
    };
    let asking = rules.iter().enumerate().filter(|(_, rule)| asks(rule));
    asking.map(|(index, _)| index).collect()
}

/// From where on a score counts; `None` where it is no probability.
fn at_least(
    written: Option<policy_file::AtLeast>,
    (loaded, place): (&LoadedPolicy, &str),
    problems: &mut Problems,
) -> Option<AtLeast> {
    match written {
        None => Some(AtLeast::Preset(Preset::Balanced)),
        Some(policy_file::AtLeast::Preset(preset)) => Some(AtLeast::Preset(match preset {
            ScorePreset::Low => Preset::Low,
            ScorePreset::Balanced => Preset::Balanced,
            ScorePreset::Strict => Preset::Strict,
        })),
        Some(policy_file::AtLeast::Score(score)) if (0.0..=1.0).contains(&score) => {
            #[expect(clippy::cast_possible_truncation, reason = "as exact as the scores are")]
            let score = score as f32;
            Some(AtLeast::Probability(score))
        }
        Some(policy_file::AtLeast::Score(score)) => {
            let message = format!("`at_least: {score}` is no probability");
            let at = loaded.at(&format!("{place}.at_least"));
            problems.push(Problem::new(Code::TG002, message).at(at, "from 0 to 1"));
            None
        }
    }
}

/// The numbers of the categories that are named; all where none is.
pub(super) fn labels(
    (name, model): (&str, &Model),
    written: &[String],
    (loaded, place): (&LoadedPolicy, &str),
    problems: &mut Problems,
) -> Vec<usize> {
    let labels = model.labels();
    if written.is_empty() {
        return (0..labels.len()).collect();
    }
    let mut wanted = Vec::new();
    for (index, label) in written.iter().enumerate() {
        if let Some(label) = labels.iter().position(|known| known.name == *label) {
            wanted.push(label);
            continue;
        }
        let known: Vec<&str> = labels.iter().map(|known| known.name.as_str()).collect();
        let message = format!("`{name}` has no label `{label}`");
        let at = loaded.at(&format!("{place}.labels[{index}]"));
        let problem = Problem::new(Code::TG015, message).at(at, "unknown to its model");
        problems.push(problem.help(format!("its labels: {}", known.join(", "))));
    }
    wanted
}

/// The model of a classifier that runs in process: its own, or the one that is shipped.
fn model(
    loaded: &LoadedPolicy,
    name: &str,
    written: &policy_file::Classifier,
    problems: &mut Problems,
) -> Option<Model> {
    match &written.model {
        None => return Some(Model::builtin().clone()),
        Some(policy_file::Model::File(_)) => {}
        Some(policy_file::Model::Name(_)) => {
            let problem = Problem::new(Code::TG002, "a model in process is a file");
            let at = loaded.at(&format!("classifiers.{name}.model"));
            let help = "`model: { file, sha256 }`, or none for the model that is shipped";
            problems.push(problem.at(at, "names no file").help(help));
            return None;
        }
    }
    match Model::parse(loaded.models.get(name)?) {
        Ok(model) => Some(model),
        Err(error) => {
            let at = loaded.at(&format!("classifiers.{name}.model.file"));
            let problem = Problem::new(Code::TG074, error.to_string()).at(at, "this file");
            problems.push(problem.help("`tidegate train` writes models"));
            None
        }
    }
}
