//! From a policy as written to a policy as run. Only here and in
//! `policy::matchers` do the two kinds of type meet.

use std::sync::Arc;

use super::adapt::adapting;
use super::matchers::Matchers;
use super::rule::{AuthorSet, Effect, Rule, Threshold};
use super::{
    BlockStyle, Conditions, Look, Messages, NonText, OnBlock, OnFailure, Policy, Reveal,
    ReviewRules, StreamRules,
};
use crate::config::policy_file::{
    self, BlockShape, Message, MessageRef, OnBlock as OnBlockFile, OnOverflow, PolicyFile,
    RuleAction, RuleFile, Suppression, Unscannable,
};
use crate::config::{LoadedPolicy, Problems};
use crate::domain::{Category, Mode, Phase};

/// Compiles a policy. The problems name what is wrong with its regexes, terms and detectors; a policy
/// comes back when none of them is an error.
pub fn compile(loaded: &LoadedPolicy) -> (Option<Policy>, Problems) {
    let (policy, problems) = compile_sound_parts(loaded);
    let failed = problems.has_errors();
    (policy.filter(|_| !failed), problems)
}

/// Compiles what is sound of a policy, so that more can be said about it in the same run. It may only take effect
/// if there are no errors.
pub fn compile_sound_parts(loaded: &LoadedPolicy) -> (Option<Policy>, Problems) {
    let matchers = Matchers::new(loaded);
    let mut compiler = Compiler { loaded, matchers, messages: Messages::default() };
    for (id, message) in loaded.file.messages.iter() {
        compiler.message(id, message);
    }
    let rules: Vec<Rule> = loaded
        .file
        .rules
        .iter()
        .enumerate()
        .filter_map(|(index, rule)| compiler.rule(index, rule))
        .collect();
    compiler.finish(rules)
}

struct Compiler<'l> {
    loaded: &'l LoadedPolicy,
    matchers: Matchers<'l>,
    messages: Messages,
}

impl Compiler<'_> {
    fn message(&mut self, id: &str, message: &Message) {
        let texts: Vec<(String, String)> = match message {
            Message::Text(text) => vec![(String::new(), text.clone())],
            Message::ByLanguage(texts) => {
                texts.iter().map(|(t, s)| (t.to_owned(), s.clone())).collect()
            }
        };
        self.messages.add(id, texts);
    }

    fn rule(&mut self, index: usize, rule: &RuleFile) -> Option<Rule> {
        let file = &self.loaded.file;
        let for_good = |entry: &Suppression| {
            entry.rule == rule.id && entry.when.is_none() && entry.until.is_none()
        };
        if file.suppress.iter().any(for_good) {
            return None;
        }
        let place = format!("rules[{index}]");
        let max_match = rule.max_match.unwrap_or(file.stream.max_match).as_usize();
        let matcher = self.matchers.node(&rule.matcher, &place, max_match);
        self.matchers.needs_no_words(rule, &place);
        let except = self.matchers.except(rule, &place);
        let score = rule.score.map(Effect::Score);
        let effect = rule.action.map(|action| match action {
            RuleAction::Pseudonymise => Effect::Pseudonymise,
            RuleAction::Tag
            | RuleAction::Redact
            | RuleAction::Review
            | RuleAction::Respond
            | RuleAction::Block => Effect::Act(action.action()),
        });
        let message = rule.message.as_ref().map(|message| match message {
            MessageRef::Id { id } => Arc::from(id.as_str()),
            MessageRef::Text(text) => {
                let id = format!("rule {}", rule.id);
                self.messages.add(&id, [(String::new(), text.clone())]);
                Arc::from(id)
            }
        });
        let own = rule.id.rsplit('/').next().unwrap_or(&rule.id);
        Some(Rule {
            id: Arc::from(rule.id.as_str()),
            category: rule.category.as_deref().map(Category::new),
            severity: rule.severity,
            on_prompt: rule.on.contains(&Phase::Prompt),
            on_completion: rule.on.contains(&Phase::Completion),
            authors: rule.authors.as_ref().map_or(AuthorSet::ALL, |authors| AuthorSet::of(authors)),
            matcher,
            except,
            effect: effect.or(score)?,
            level: rule.level,
            mode: rule.mode.unwrap_or(Mode::Enforce),
            hash_only: rule.log == Some(policy_file::TextLog::HashOnly),
            shadow_until: rule.shadow_until.map(|day| day.0),
            message,
            placeholder: Arc::from(placeholder(own)),
        })
    }

    fn finish(self, rules: Vec<Rule>) -> (Option<Policy>, Problems) {
        let file = &self.loaded.file;
        let views_off = off_views(file);
        let (found, mut problems) = self.matchers.build(&views_off, &rules);
        let conditions = Conditions::of(&rules);
        let asked = found.as_ref().map(|found| (&*found.classifiers.0, &*found.classifiers.1));
        let adapt = asked.and_then(|asked| adapting(self.loaded, &rules, asked));
        let policy = found.map(|found| Policy {
            name: Arc::from(file.name.as_str()),
            revision: Arc::from(self.loaded.revision.as_str()),
            mode: file.mode,
            sensitivity: file.sensitivity,
            rules: rules.into(),
            suppressed: Vec::new(),
            atoms: found.atoms.into(),
            conditions: Arc::new(conditions),
            term_scores: Arc::new(found.term_scores),
            views_off: views_off.into(),
            scanner: Arc::new(found.scanner),
            classifiers: found.classifiers.0,
            remotes: found.classifiers.1,
            thresholds: thresholds(file).into(),
            unscannable: match file.unscannable {
                Unscannable::Block => OnFailure::Block,
                Unscannable::Review => OnFailure::Review,
                Unscannable::Allow => OnFailure::Allow,
            },
            nontext: NonText {
                image: file.nontext.image == "allow",
                audio: file.nontext.audio == "allow",
                file: file.nontext.file == "allow",
                stored: file.nontext.stored == "allow",
                unknown: file.nontext.unknown == "allow",
            },
            block_style: BlockStyle {
                prompt: look(file.block_style.prompt),
                completion: look(file.block_style.completion),
                status: file.block_style.status,
            },
            stream: StreamRules {
                max_match: file.stream.max_match.as_usize(),
                block_on_overflow: file.stream.on_overflow == OnOverflow::Block,
                on_block: match file.stream.on_block {
                    OnBlockFile::Replace => OnBlock::Replace,
                    OnBlockFile::Stop => OnBlock::Stop,
                    OnBlockFile::Error => OnBlock::Error,
                },
            },
            messages: Arc::new(self.messages),
            reveal: reveal(file.reveal),
            kept_text: file.record.text,
            review: ReviewRules {
                allowed: file.review.sample.allowed.fraction(),
                blocked: file.review.sample.blocked.fraction(),
                twice: file.review.blind_second_review.fraction(),
                retain: file.review.retain.duration(),
            },
            rescan: file.history == policy_file::History::Rescan,
            drops_blocked: file.history == policy_file::History::DropBlocked,
            blocks_flagged: false,
            variants: Arc::from([]),
            conditional: Arc::from([]),
            adapt,
            moved: Arc::from([]),
            gaps: Arc::new(found.gaps),
        });
        problems.sort();
        (policy.map(|policy| policy.scoped(file)), problems)
    }
}

const fn look(shape: BlockShape) -> Look {
    match shape {
        BlockShape::Error => Look::Error,
        BlockShape::Refusal => Look::Refusal,
        BlockShape::ContentFilter => Look::ContentFilter,
    }
}

/// Strictest first, as the engine takes the first that applies.
fn thresholds(file: &PolicyFile) -> Vec<Threshold> {
    let written = file.thresholds.iter();
    let mut thresholds: Vec<Threshold> =
        written.map(|one| Threshold { score: one.score, action: one.action }).collect();
    thresholds.sort_by(|a, b| b.score.total_cmp(&a.score));
    thresholds
}

/// Views that the policy switches off. `leet` has two readings of `1`, `!` and `|` under one switch, `spaced` two of
/// letters that may be words.
fn off_views(file: &PolicyFile) -> Vec<&'static str> {
    let written = file.views.written();
    let off = |view: &str| {
        let switch = match view {
            "leet_l" | "leet_mixed" => "leet",
            "spaced_words" => "spaced",
            view => view,
        };
        written.iter().any(|(name, on)| *name == switch && *on == Some(false))
    };
    let views = crate::text::VIEWS.iter().map(|view| view.name.0).filter(|view| off(view));
    let decoders = crate::text::DECODERS.iter().filter(|decoder| off(decoder.switch));
    let variants = crate::text::VARIANTS.iter().filter(|variant| off(variant.switch));
    let decoders = decoders.map(|decoder| decoder.name.0);
    views.chain(decoders).chain(variants.map(|variant| variant.name.0)).collect()
}

/// A rule's id as a placeholder: capitals, digits and underscores, which stay valid in JSON.
fn placeholder(id: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    id.chars().map(letter).collect()
}

const fn reveal(written: policy_file::Reveal) -> Reveal {
    let policy_file::Reveal { rules, policy, categories } = written;
    Reveal { rules, policy, categories }
}
