//! Every step of a decision, for `explain --trace`: what each view shows, and what each rule found and why that
//! did or did not fire it.
//!
//! It decides nothing and is never run in traffic: it looks at the whole text once more, with the same views,
//! scanner and conditions as the screen.

use std::sync::Arc;

use super::count::Count;
use super::place::{Placed, inside, place};
use super::rules::{Sight, fulfilled};
use super::scoring::Scoring;
use super::weigh::without_excused;
use super::{Scratch, Subject};
use crate::detect::{Hit, Window};
use crate::domain::{Phase, Span, Verdict, ViewPath};
use crate::policy::{AtomInfo, Matcher, Node, Policy, Rule, Within};
use crate::text::{Reading, VIEWS};

/// Bounds of the one scan of a trace.
const MOST_HITS: usize = 10_000;
const MOST_WORK: usize = 64 << 20;
/// The most findings that are listed for one rule.
const MOST_LISTED: usize = 20;

/// The steps of one decision.
#[derive(Clone, Debug)]
pub struct Trace {
    /// What each view made of the text, in their order, then each text that was decoded of it.
    pub views: Vec<ViewStep>,
    /// What came of each rule, in the order of the policy.
    pub rules: Vec<RuleStep>,
}

/// What one view or decoder made of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewStep {
    /// The view, or the decoders and `raw` for what they gave as it stands.
    pub path: ViewPath,
    /// What came of it.
    pub shown: Shown,
}

/// What came of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The policy switches it off.
    Off,
    /// It would show the same as the view that it reads.
    Same,
    /// This text.
    Text(String),
}

/// What came of one rule.
#[derive(Clone, Debug)]
pub struct RuleStep {
    /// Index of the rule in the policy.
    pub rule: usize,
    /// Its id.
    pub id: Arc<str>,
    /// How it ended.
    pub end: RuleEnd,
    /// What its matcher found, fired or not.
    pub found: Vec<Found>,
}

/// How it ended for a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleEnd {
    /// It fired.
    Fired,
    /// Its conditions are met, and the text stops before: nothing comes of it.
    NotReached,
    /// It does not read such texts: the phase or the author is another.
    Elsewhere,
    /// Its level is above the sensitivity of the policy.
    BelowLevel,
    /// It is switched off by `suppress`.
    Suppressed,
    /// Nothing that it looks for is there.
    NothingFound,
    /// All that it found lies inside exceptions; these are their texts.
    Excused(Vec<String>),
    /// It found something, and a condition was not met: what was missing, or too much.
    Unmet(String),
}

/// One thing that a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where, in bytes of the text.
    pub span: Span,
    /// Which view saw it.
    pub view: ViewPath,
    /// The term, pattern or detector.
    pub matched: String,
}

/// The steps of the decision about a whole text, of which `verdict` came.
pub fn trace(
    policy: &Policy,
    subject: Subject,
    text: &str,
    verdict: &Verdict,
    scratch: &mut Scratch,
) -> Trace {
    (scratch.scan.hits_left, scratch.scan.work_left) = (MOST_HITS, MOST_WORK);
    let pieces = subject.phase == Phase::Prompt;
    let window = Window { text, from: 0, last: true, restart: 0, pieces };
    policy.scanner.scan(window, &mut scratch.scan);
    let mut hits = place(&scratch.scan.hits, text, 0, Count::default());
    let mut scoring = Scoring::new(policy, subject);
    scoring.push(policy, text);
    scoring.finish(policy);
    hits.extend(scoring.hits(0).map(|hit| Placed::unplaced(&hit, 0)));
    hits.sort_by_key(|placed| placed.hit.span);
    let decoded = scratch
        .scan
        .decoded()
        .take(MOST_LISTED)
        .map(|(path, text)| ViewStep { path, shown: Shown::Text(text.to_owned()) });
    let views = views(policy, text).into_iter().chain(decoded).collect();
    let reached = |step: RuleStep| {
        let fired = verdict.rules.iter().any(|fired| fired.rule == step.rule);
        let end = if step.end == RuleEnd::Fired && !fired { RuleEnd::NotReached } else { step.end };
        RuleStep { end, ..step }
    };
    let rules = policy.rules.iter().enumerate();
    let steps = rules.map(|(index, rule)| step(policy, subject, (index, rule), &hits, text));
    Trace { views, rules: steps.map(reached).collect() }
}

fn views(policy: &Policy, text: &str) -> Vec<ViewStep> {
    let mut raw = Reading::default();
    raw.identity(text);
    let mut readings: Vec<Reading> = Vec::new();
    let mut steps = Vec::new();
    for view in VIEWS {
        let input = view.over.and_then(|over| readings.get(over)).unwrap_or(&raw).clone();
        let mut reading = Reading::default();
        let shown = if view.over.is_some() && policy.views_off.contains(&view.name.0) {
            Shown::Off
        } else if view.over.is_some() && !(view.applies)(&input) {
            Shown::Same
        } else {
            (view.build)(&input, &mut reading);
            let same = reading.as_str() == input.as_str();
            if same { Shown::Same } else { Shown::Text(reading.as_str().to_owned()) }
        };
        let built = matches!(shown, Shown::Text(_));
        readings.push(if built { reading } else { input });
        steps.push(ViewStep { path: ViewPath::of(view.name), shown });
    }
    steps
}

fn step(
    policy: &Policy,
    subject: Subject,
    (index, rule): (usize, &Rule),
    hits: &[Placed],
    text: &str,
) -> RuleStep {
    let mut wanted = Vec::new();
    rule.matcher.visit_atoms(&mut |atom| wanted.push(atom));
    let own: Vec<&Placed> =
        hits.iter().filter(|placed| wanted.contains(&placed.hit.atom)).collect();
    let found = own.iter().take(MOST_LISTED).map(|placed| found(policy, &placed.hit)).collect();
    let end = if !rule.applies_to(subject.phase, subject.author) {
        RuleEnd::Elsewhere
    } else if rule.level > policy.sensitivity {
        RuleEnd::BelowLevel
    } else if !policy.is_on(index, subject.today) {
        RuleEnd::Suppressed
    } else if own.is_empty() {
        RuleEnd::NothingFound
    } else {
        judged(policy, subject, rule, hits, text)
    };
    RuleStep { rule: index, id: Arc::clone(&rule.id), end, found }
}

fn found(policy: &Policy, hit: &Hit) -> Found {
    let matched = policy.label(hit).to_string();
    Found { span: hit.span, view: hit.view, matched }
}

/// How it ends for a rule that found something.
fn judged(policy: &Policy, subject: Subject, rule: &Rule, hits: &[Placed], text: &str) -> RuleEnd {
    let sight = match subject.phase {
        Phase::Prompt => Sight::Whole,
        Phase::Completion => Sight::Forward,
    };
    let left = without_excused(hits, &rule.except);
    if !fulfilled(&rule.matcher, &left, sight).is_empty() {
        return RuleEnd::Fired;
    }
    if !fulfilled(&rule.matcher, hits, sight).is_empty() {
        let excusing = hits.iter().filter(|placed| {
            let within = |hit: &&Placed| {
                !rule.except.contains(&hit.hit.atom) && inside(hit, placed.hit.span)
            };
            rule.except.contains(&placed.hit.atom) && hits.iter().any(|hit| within(&hit))
        });
        let mut excuses: Vec<String> = excusing
            .filter_map(|placed| text.get(placed.hit.span.range()).map(str::to_owned))
            .collect();
        excuses.dedup();
        return RuleEnd::Excused(excuses);
    }
    RuleEnd::Unmet(unmet(&rule.matcher, &left, sight, &policy.atoms))
}

/// The first condition of a matcher that is not met.
fn unmet(node: &Node, hits: &[Placed], sight: Sight, atoms: &[AtomInfo]) -> String {
    for (number, part) in node.all.iter().enumerate() {
        if fulfilled(part, hits, sight).is_empty() {
            return format!("nothing of all[{number}] is there ({})", looked_for(part, atoms));
        }
    }
    let free = Node { not: Vec::new(), ..node.clone() };
    if fulfilled(&free, hits, sight).is_empty() {
        return match node.within {
            Some(window) if !node.all.is_empty() => {
                format!("its parts do not stand within {}", span_of(window))
            }
            Some(_) | None => "no alternative of `any` is met".to_owned(),
        };
    }
    let excluding = node.not.iter().position(|part| !fulfilled(part, hits, sight).is_empty());
    match (excluding, node.within) {
        (Some(number), Some(window)) => format!("not[{number}] stands within {}", span_of(window)),
        (Some(number), None) => format!("not[{number}] is there too"),
        (None, _) => "its conditions are not met".to_owned(),
    }
}

/// What a matcher looks for, in the words of the policy.
fn looked_for(node: &Node, atoms: &[AtomInfo]) -> String {
    let mut origins: Vec<&str> = Vec::new();
    node.visit_atoms(&mut |atom| {
        let origin = atoms.get(atom as usize).map(|info| &*info.origin);
        origins.extend(origin.filter(|origin| !origins.contains(origin)));
    });
    let nested = node.any.iter().any(|matcher| matches!(matcher, Matcher::Node(_)));
    let joined = origins.join(", ");
    if nested { format!("any of {joined}") } else { joined }
}

fn span_of(window: Within) -> String {
    match window {
        Within::Words(words) => format!("{words} words"),
        Within::Chars(chars) => format!("{chars} chars"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Action, Author, Level};
    use crate::engine::screen_passage;
    use crate::engine::testing::{Sketch, subject};
    use crate::policy::Effect;

    fn ends(policy: &Arc<Policy>, phase: Phase, text: &str) -> Vec<RuleEnd> {
        let mut scratch = Scratch::default();
        let verdict = screen_passage(policy, subject(phase), text, &mut scratch);
        let trace = trace(policy, subject(phase), text, &verdict, &mut scratch);
        trace.rules.into_iter().map(|step| step.end).collect()
    }

    /// A rule for each way in which it can end.
    fn policy() -> Arc<Policy> {
        let mut sketch = Sketch::default();
        let (make, bomb, bath) =
            (sketch.words(&["make"]), sketch.words(&["bomb"]), sketch.words(&["bath bomb"]));
        let both = Node { all: vec![Node::atom(make), Node::atom(bomb)], ..Node::default() };
        let near = Node { within: Some(Within::Words(2)), ..both.clone() };
        let but = Node { not: vec![Node::atom(make)], ..Node::atom(bomb) };
        sketch.rule("plain", Node::atom(bomb), Effect::Act(Action::Redact)).except = vec![bath];
        sketch.rule("both", both, Effect::Act(Action::Tag));
        sketch.rule("near", near, Effect::Act(Action::Tag));
        sketch.rule("but", but, Effect::Act(Action::Tag));
        sketch.rule("users", Node::atom(bomb), Effect::Act(Action::Tag)).on_completion = false;
        sketch.block("stop", &["halt"]);
        sketch.build()
    }

    #[test]
    fn each_rule_says_how_it_ended() {
        let unmet = |what: &str| RuleEnd::Unmet(what.to_owned());
        let policy = policy();
        assert_eq!(
            ends(&policy, Phase::Prompt, "a bath bomb"),
            [
                RuleEnd::Excused(vec!["bath bomb".to_owned()]),
                unmet("nothing of all[0] is there (sketch)"),
                unmet("nothing of all[0] is there (sketch)"),
                RuleEnd::Fired,
                RuleEnd::Fired,
                RuleEnd::NothingFound,
            ]
        );
        assert_eq!(
            ends(&policy, Phase::Completion, "make me a big red bomb"),
            [
                RuleEnd::Fired,
                RuleEnd::Fired,
                unmet("its parts do not stand within 2 words"),
                unmet("not[0] is there too"),
                RuleEnd::Elsewhere,
                RuleEnd::NothingFound,
            ]
        );
        let stopped = ends(&policy, Phase::Completion, "halt! a bomb");
        assert_eq!(stopped.first(), Some(&RuleEnd::NotReached));
        assert_eq!(stopped.last(), Some(&RuleEnd::Fired));
    }

    #[test]
    fn a_rule_that_is_off_says_why() {
        let mut off = Policy::clone(&policy());
        off.suppressed.push(crate::policy::Suppressed { rule: 0, until: None });
        let mut rules = off.rules.to_vec();
        rules[1].level = Level::High;
        off.rules = rules.into();
        off.sensitivity = Level::Low;
        let ends = ends(&Arc::new(off), Phase::Prompt, "make a bomb");
        assert_eq!(ends[..2], [RuleEnd::Suppressed, RuleEnd::BelowLevel]);
    }

    #[test]
    fn each_view_says_what_it_shows() {
        let mut policy = Policy::clone(&policy());
        policy.views_off = Arc::from(["repeats"]);
        let trace = trace(
            &policy,
            subject(Phase::Prompt),
            "B0mb",
            &Verdict::default(),
            &mut Scratch::default(),
        );
        let shown = |name: &str| {
            trace
                .views
                .iter()
                .find(|step| step.path.to_string() == name)
                .map(|step| step.shown.clone())
        };
        assert_eq!(shown("fold"), Some(Shown::Text("b0mb".to_owned())));
        assert_eq!(shown("leet"), Some(Shown::Text("bomb".to_owned())));
        assert_eq!(shown("spaced"), Some(Shown::Same));
        assert_eq!(shown("repeats"), Some(Shown::Off));
    }

    #[test]
    fn what_is_decoded_of_a_text_is_shown_with_the_decoders() {
        let subject = subject(Phase::Prompt);
        let text = "say %59m9tYg== now";
        let trace = trace(&policy(), subject, text, &Verdict::default(), &mut Scratch::default());
        let shown = |path: &str| trace.views.iter().find(|step| step.path.to_string() == path);
        let text = shown("escapes → base64 → raw").map(|step| step.shown.clone());
        assert_eq!(text, Some(Shown::Text("say bomb now".to_owned())));
        assert!(shown("base64 → raw").is_none());
    }

    proptest! {
        #[test]
        fn a_trace_says_fired_exactly_where_the_verdict_does(
            words in prop::collection::vec("make|bomb|bath|halt|a|B0MB|b o m b", 0..8),
            completion: bool,
        ) {
            static POLICY: std::sync::LazyLock<Arc<Policy>> = std::sync::LazyLock::new(policy);
            let policy = &POLICY;
            let text = words.join(" ");
            let phase = if completion { Phase::Completion } else { Phase::Prompt };
            let subject = Subject { author: Author::Unknown, ..subject(phase) };
            let mut scratch = Scratch::default();
            let verdict = screen_passage(policy, subject, &text, &mut scratch);
            let trace = trace(policy, subject, &text, &verdict, &mut scratch);
            let fired = trace.rules.iter().filter(|step| step.end == RuleEnd::Fired);
            let fired: Vec<usize> = fired.map(|step| step.rule).collect();
            let decided: Vec<usize> = verdict.rules.iter().map(|fired| fired.rule).collect();
            prop_assert_eq!(fired, decided, "{:?}", text);
        }
    }
}
