//! What classifiers say in a policy's own tests, where nobody is asked in truth.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::answers::Answers;
use crate::classify::{Reason, Scores, Verdict as Answer};
use crate::config::policy_file::ClassifierStream;
use crate::config::test_file::{ClassifierAnswer, ClassifierWord, TestWorld};
use crate::detect::linear::Group;
use crate::domain::Category;
use crate::policy::{AtLeast, InProcess, Policy, Remote, RemoteCondition};

/// The category of a score that is given for no category.
const UNNAMED: &str = "score";

/// The answers that a test gives, its own before those of its file.
fn given<'t>(
    own: Option<&'t TestWorld>,
    usual: &'t TestWorld,
) -> BTreeMap<&'t str, &'t ClassifierAnswer> {
    let own = own.into_iter().flat_map(|world| world.classifiers.iter());
    usual.classifiers.iter().chain(own).collect()
}

/// The policy and the answers for a test, or the name of a classifier that the policy does not have. A model in process runs
/// in truth, unless the test says what it answers.
pub(super) fn scripted(
    policy: &Arc<Policy>,
    own: Option<&TestWorld>,
    usual: &TestWorld,
) -> Result<(Arc<Policy>, Answers), String> {
    let given = given(own, usual);
    let mut policy = Arc::clone(policy);
    for name in given.keys() {
        if policy.remotes.iter().any(|remote| *remote.name == **name) {
            continue;
        }
        let number = policy.classifiers.iter().position(|one| *one.name == **name);
        let number = number.ok_or_else(|| (*name).to_owned())?;
        policy = Arc::new(asked_instead(&policy, number));
    }
    let script = policy.remotes.iter().filter_map(|remote| {
        let answer = given.get(&*remote.name)?;
        Some((remote.name.to_string(), said(answer, remote)))
    });
    let script = script.collect();
    Ok((policy, Answers::scripted(script)))
}

/// The policy with a model in process that is asked like others.
fn asked_instead(policy: &Policy, number: usize) -> Policy {
    let mut classifiers: Vec<InProcess> = policy.classifiers.to_vec();
    let mut remotes = policy.remotes.to_vec();
    if let Some(model) = classifiers.get_mut(number) {
        let condition = |condition: &crate::policy::ScoreCondition| {
            let label = model.model.labels().get(condition.label);
            let at_least = match condition.at_least {
                AtLeast::Probability(least) => Some(least),
                AtLeast::Preset(preset) => {
                    model.model.threshold(condition.label, preset, Group::Other)
                }
            };
            RemoteCondition {
                atom: condition.atom,
                category: label.map(|label| Category::new(&label.name)),
                at_least: f64::from(at_least.unwrap_or(1.0)),
            }
        };
        let conditions = model.conditions.iter().map(condition).collect();
        let stream = if model.holds { ClassifierStream::Hold } else { ClassifierStream::Overlap };
        let rules = std::mem::take(&mut model.rules);
        remotes.push(Arc::new(Remote::in_place_of(&model.name, stream, (conditions, rules))));
    }
    Policy { classifiers: classifiers.into(), remotes: remotes.into(), ..policy.clone() }
}

fn said(answer: &ClassifierAnswer, remote: &Remote) -> Answer {
    let categories = || {
        let named = remote.conditions.iter().filter_map(|condition| condition.category.clone());
        named.chain([Category::new(UNNAMED)])
    };
    let scores = match answer {
        ClassifierAnswer::Score(score) => categories().map(|category| (category, *score)).collect(),
        ClassifierAnswer::Labels(labels) => {
            labels.iter().map(|label| (Category::new(label), 1.0)).collect()
        }
        ClassifierAnswer::Word(ClassifierWord::Safe) => Scores::default(),
        ClassifierAnswer::Word(ClassifierWord::Timeout) => {
            return Answer::Unavailable { reason: Reason::Timeout, seen: None };
        }
        ClassifierAnswer::Word(ClassifierWord::Error) => {
            return Answer::Unavailable { reason: Reason::Error, seen: None };
        }
    };
    Answer::Scores { scores: Arc::new(scores), cached: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Action, Phase};
    use crate::engine::testing::{Sketch, subject};
    use crate::engine::{Scratch, screen_passage};
    use crate::policy::Effect;

    fn world(classifiers: &str) -> TestWorld {
        serde_json::from_str(&format!("{{\"classifiers\": {classifiers}}}")).unwrap()
    }

    fn action(policy: &Arc<Policy>, own: &str, usual: &str) -> Result<Action, String> {
        let (policy, answers) = scripted(policy, Some(&world(own)), &world(usual))?;
        let mut scratch = Scratch { answers, ..Scratch::default() };
        Ok(screen_passage(&policy, subject(Phase::Prompt), "hello there", &mut scratch).action)
    }

    #[test]
    fn a_test_says_what_a_classifier_answers_and_what_it_does_not_name_finds_nothing() {
        let mut sketch = Sketch::default();
        sketch.asked(("hate", 0.5), true, Effect::Act(Action::Review));
        let policy = sketch.build();
        for (own, usual, came) in [
            ("{}", "{}", Action::Allow),
            (r#"{"guard": 0.6}"#, "{}", Action::Review),
            (r#"{"guard": 0.4}"#, "{}", Action::Allow),
            (r#"{"guard": ["hate"]}"#, "{}", Action::Review),
            (r#"{"guard": ["spam"]}"#, "{}", Action::Allow),
            (r#"{"guard": "timeout"}"#, "{}", Action::Block),
            (r#"{"guard": "safe"}"#, r#"{"guard": "error"}"#, Action::Allow),
            ("{}", r#"{"guard": "error"}"#, Action::Block),
        ] {
            assert_eq!(action(&policy, own, usual), Ok(came), "{own} {usual}");
        }
        assert_eq!(action(&policy, r#"{"gaurd": 1.0}"#, "{}"), Err("gaurd".to_owned()));
    }

    #[test]
    fn a_model_in_process_answers_in_truth_unless_the_test_says_what() {
        let mut sketch = Sketch::default();
        sketch.scored("hate", AtLeast::Probability(0.99), true, Effect::Act(Action::Block));
        let policy = sketch.build();
        for (own, came) in [
            ("{}", Action::Allow),
            (r#"{"guard": 1.0}"#, Action::Block),
            (r#"{"guard": ["hate"]}"#, Action::Block),
            (r#"{"guard": "timeout"}"#, Action::Block),
        ] {
            assert_eq!(action(&policy, own, "{}"), Ok(came), "{own}");
        }
    }
}
