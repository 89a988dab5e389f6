//! A policy with its packs and word lists.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;

use super::files::{Contents, Overlay, Shelf, Wanted, inside, policy_files, shown_name};
use super::merge::{self, Part};
use crate::config::checks;
use crate::config::codes::Code;
use crate::config::document::{self, Document};
use crate::config::lexicon::{self, Term};
use crate::config::policy_file::{
    ClassifierKind, LexiconFile, Model, ModelFile, PolicyFile, RuleAction, RuleFile,
};
use crate::config::problems::{Problem, Problems, check_allow_comments};
use crate::config::schema::SchemaOf;
use crate::config::shapes::OneOrMany;
use crate::config::source::{Source, SourceSpan};
use crate::config::test_file::TestDefaults;
use crate::config::yaml::FILE_LIMIT_BYTES;
use crate::domain::Phase;

/// The most packs of one policy.
const PACK_LIMIT: usize = 64;

/// The deepest chain of packs that include packs.
const INCLUDE_DEPTH: usize = 16;

/// The most bytes of a model's file.
const MODEL_LIMIT_BYTES: usize = 64 << 20;

/// The most bytes of a transformer's file.
const ONNX_LIMIT_BYTES: usize = 1 << 30;

/// The most policies of one folder.
const POLICY_LIMIT: usize = 500;

/// A policy with everything that it names.
#[derive(Clone, Debug)]
pub struct LoadedPolicy {
    /// The policy. Rules of packs come first, as `NAME/ID`; word lists and messages of packs have such names too.
    pub file: PolicyFile,
    /// Where each rule of `file.rules` stands, in the same order.
    pub rules: Vec<RuleOrigin>,
    /// The word lists by the names that the rules use.
    pub lexicons: BTreeMap<String, LoadedLexicon>,
    /// The files of models by the names of their classifiers; one without a file of its own takes the model that is shipped.
    pub models: BTreeMap<String, Arc<[u8]>>,
    /// The files of tokenizers by the names of their classifiers.
    pub tokenizers: BTreeMap<String, Arc<[u8]>>,
    /// The files of heads by the names of their classifiers.
    pub heads: BTreeMap<String, Arc<[u8]>>,
    /// The files: the policy itself first, then its packs.
    pub documents: Vec<Document>,
    /// A short hash of all files, in hexadecimal digits.
    pub revision: String,
    /// Folders to watch for changes.
    pub folders: Vec<PathBuf>,
    /// The names that people see of all files that were read.
    pub reads: Vec<String>,
    pub(super) suppressions: Vec<RuleOrigin>,
    /// Whether every pack was read.
    pub(super) has_all_packs: bool,
    pub(super) names: BTreeMap<String, (usize, String)>,
}

/// Where a rule of a merged policy was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleOrigin {
    /// Index of the file in [`LoadedPolicy::documents`].
    pub document: usize,
    /// Index of the rule in that file.
    pub index: usize,
}

/// A word list that was read.
#[derive(Clone, Debug)]
pub struct LoadedLexicon {
    /// How the policy names it and reads it.
    pub settings: LexiconFile,
    /// Its terms in the order of the file.
    pub terms: Vec<Term>,
    /// Its text, for problems with a term: a term's span is a place in it.
    pub source: Arc<Source>,
    /// Hash of the file, in hexadecimal digits.
    pub sha256: String,
}

// === impl LoadedPolicy ===

impl LoadedPolicy {
    /// The place of a value of the merged policy, such as `rules[3].regex[0]`, in the file that says it.
    pub fn at(&self, path: &str) -> SourceSpan {
        let (document, path) = self.locate(path);
        document.at(&path)
    }

    /// The whole of a value of the merged policy, and its path in the file that says it.
    pub fn whole(&self, path: &str) -> (SourceSpan, String) {
        let (document, path) = self.locate(path);
        (document.whole(&path), path)
    }

    /// The place of the key of a value of the merged policy.
    pub fn key_at(&self, path: &str) -> SourceSpan {
        let (document, path) = self.locate(path);
        document.key_at(&path)
    }

    /// The place of some bytes of a text of the merged policy, such as those that a regex parser complains about.
    pub fn within(&self, path: &str, range: crate::domain::Span) -> SourceSpan {
        let (document, path) = self.locate(path);
        document.within(&path, range)
    }

    /// Whether the policy has all of what its file says at `path`, such as `rules[3]`, if it says anything there.
    pub fn is_sound(&self, path: &str) -> bool {
        let (document, path) = self.locate(path);
        document.is_sound(&path)
    }

    /// Whether every pack was read, and the policy has all of what each file says under `key`, such as `rules`.
    pub fn is_sound_everywhere(&self, key: &str) -> bool {
        self.has_all_packs && self.documents.iter().all(|document| document.is_sound(key))
    }

    /// Whether a rule of this id would be known, had a file defined it: all rules of such a file were read.
    pub(super) fn would_know(&self, id: &str) -> bool {
        let mut files = self.documents.iter();
        let own = files.next().is_some_and(|document| document.is_read("rules"));
        let Some((pack, _)) = id.rsplit_once('/') else { return own };
        let is_of_pack =
            |rule: &RuleFile| rule.id.rsplit_once('/').is_some_and(|(other, _)| other == pack);
        let named = |document: &Document| document.says("name") && document.is_sound("name");
        let legible = files.all(|document| document.is_read("rules") && named(document));
        legible && (self.has_all_packs || self.file.rules.iter().any(is_of_pack))
    }

    /// The file that says what stands at `path` of the merged policy, and the path in it.
    fn locate(&self, path: &str) -> (&Document, String) {
        let item = |list: &str, origins: &[RuleOrigin]| {
            let (number, rest) = path.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
            let origin = origins.get(number.parse::<usize>().ok()?)?;
            Some((self.documents.get(origin.document)?, format!("{list}[{}]{rest}", origin.index)))
        };
        let named = || {
            let fits = self.names.iter().filter_map(|(name, place)| {
                let rest = path.strip_prefix(name.as_str())?;
                (rest.is_empty() || rest.starts_with('.')).then_some((place, rest))
            });
            let ((document, own), rest) = fits.min_by_key(|(_, rest)| rest.len())?;
            Some((self.documents.get(*document)?, format!("{own}{rest}")))
        };
        let found = item("rules", &self.rules)
            .or_else(|| item("suppress", &self.suppressions))
            .or_else(named);
        let first =
            || (self.documents.first().expect("a loaded policy has its own file"), path.to_owned());
        found.unwrap_or_else(first)
    }
}

impl LoadedLexicon {
    /// The place of a term of this list.
    pub fn at(&self, term: &Term) -> SourceSpan {
        SourceSpan { source: Arc::clone(&self.source), span: term.span }
    }
}

/// Reads a policy with its packs and word lists. A value comes back whenever one could be made, also beside errors,
/// so that the caller can find more mistakes in the same run; it takes effect only if there are no errors.
pub fn load_policy(root: &Path, path: &Path) -> (Option<LoadedPolicy>, Problems) {
    load_policy_over(root, path, None)
}

/// The same, with a text in the place of one of its files.
pub fn load_policy_over(
    root: &Path,
    path: &Path,
    overlay: Option<&Overlay>,
) -> (Option<LoadedPolicy>, Problems) {
    let mut loader = Loader { shelf: Shelf::with(overlay), ..Loader::new(root) };
    let policy = loader.policy(path);
    let mut problems = loader.problems;
    problems.sort();
    (policy, problems)
}

/// Reads every policy of a folder below the root; packs in folders below it are only read where they are included.
pub fn load_policies(root: &Path, folder: &str) -> (Vec<LoadedPolicy>, Problems) {
    load_policies_over(root, folder, None)
}

/// The same, with a text in the place of one of their files.
pub fn load_policies_over(
    root: &Path,
    folder: &str,
    overlay: Option<&Overlay>,
) -> (Vec<LoadedPolicy>, Problems) {
    let mut problems = Problems::new();
    let mut policies: Vec<LoadedPolicy> = Vec::new();
    let full = root.join(folder);
    let files = match policy_files(&full) {
        Ok(files) => files,
        Err(error) => {
            let gone = error.kind() == std::io::ErrorKind::NotFound;
            let why = if gone { "no such folder".to_owned() } else { error.kind().to_string() };
            let message = format!("the policies folder `{folder}` cannot be read: {why}");
            let problem = Problem::new(Code::TG022, message)
                .at(SourceSpan::new(&Source::new(folder, ""), 0, 0), "");
            let problem = if gone {
                problem.help("`tidegate init` writes a server file and a policy to begin with")
            } else {
                problem
            };
            problems.push(problem);
            return (policies, problems);
        }
    };
    if files.len() > POLICY_LIMIT {
        let message =
            format!("the policies folder `{folder}` holds more than {POLICY_LIMIT} policies");
        problems.push(Problem::new(Code::TG026, message));
    }
    for path in files.iter().take(POLICY_LIMIT) {
        let (policy, found) = load_policy_over(root, path, overlay);
        problems.extend(found);
        let Some(policy) = policy else { continue };
        if let Some(other) = policies.iter().find(|other| other.file.name == policy.file.name) {
            let problem = Problem::new(
                Code::TG005,
                format!("two policies have the name `{}`", policy.file.name),
            );
            problems.push(
                problem
                    .at(policy.at("name"), "this one")
                    .at(other.at("name"), "is already given here"),
            );
        }
        policies.push(policy);
    }
    problems.sort();
    (policies, problems)
}

/// Dates of a policy that have passed by `today`.
pub fn check_dates(policy: &LoadedPolicy, today: Date) -> Problems {
    let mut problems = Problems::new();
    for (number, rule) in policy.file.rules.iter().enumerate() {
        if rule.shadow_until.is_some_and(|day| day.0 < today) {
            let message = format!("the trial of rule `{}` is over", rule.id);
            problems.report(
                Code::TG036,
                message,
                policy.at(&format!("rules[{number}].shadow_until")),
                "the rule enforces since",
            );
        }
    }
    for (number, entry) in policy.file.suppress.iter().enumerate() {
        if entry.until.is_some_and(|day| day.0 < today) {
            let message = format!("`suppress` of `{}` has expired", entry.rule);
            problems.report(
                Code::TG036,
                message,
                policy.at(&format!("suppress[{number}].until")),
                "the rule is on since",
            );
        }
    }
    problems
}

/// Files of models, by the names of their classifiers.
#[derive(Default)]
struct ModelFiles {
    models: BTreeMap<String, Arc<[u8]>>,
    tokenizers: BTreeMap<String, Arc<[u8]>>,
    heads: BTreeMap<String, Arc<[u8]>>,
}

/// The reading of one policy.
struct Loader<'a> {
    root: &'a Path,
    shelf: Shelf,
    problems: Problems,
    documents: Vec<Document>,
    /// Files that are being read, to see circles.
    open: Vec<PathBuf>,
    /// Packs in the order in which they are merged.
    packs: Vec<Part>,
    /// Files of the packs that were read, each once.
    seen: Vec<PathBuf>,
    has_all_packs: bool,
}

// === impl Loader ===

impl<'a> Loader<'a> {
    fn new(root: &'a Path) -> Self {
        Self {
            root,
            shelf: Shelf::default(),
            problems: Problems::new(),
            documents: Vec::new(),
            open: Vec::new(),
            packs: Vec::new(),
            seen: Vec::new(),
            has_all_packs: true,
        }
    }

    fn policy(&mut self, path: &Path) -> Option<LoadedPolicy> {
        let (own, document) = self.file(path, None)?;
        checks::settings(&own, self.documents.get(document)?, &mut self.problems);
        self.open.push(identity(path));
        self.packs_of(&own, document);
        self.pack_problems(&own);
        let (mut lexicons, mut models) = (BTreeMap::new(), ModelFiles::default());
        let packs = std::mem::take(&mut self.packs);
        for part in &packs {
            let prefix = format!("{}/", part.file.name);
            self.lexicons(&part.file, part.document, &prefix, &mut lexicons);
            self.models(&part.file, part.document, &prefix, &mut models);
        }
        self.lexicons(&own, document, "", &mut lexicons);
        self.models(&own, document, "", &mut models);
        let merged = merge::merge(Part { file: own, document }, packs);
        let policy = LoadedPolicy {
            file: merged.file,
            rules: merged.rules,
            suppressions: merged.suppressions,
            names: merged.names,
            has_all_packs: self.has_all_packs,
            lexicons,
            models: models.models,
            tokenizers: models.tokenizers,
            heads: models.heads,
            documents: std::mem::take(&mut self.documents),
            revision: self.shelf.revision(),
            folders: self.shelf.folders(),
            reads: self.shelf.names(),
        };
        merge::references(&policy, &merged.misplaced, &mut self.problems);
        checks::scopes(&policy, &mut self.problems);
        Some(policy)
    }

    /// Reads one file and checks it for itself.
    fn file(&mut self, path: &Path, asked: Option<&SourceSpan>) -> Option<(PolicyFile, usize)> {
        let shown = shown_name(self.root, path);
        let wanted = Wanted { path, shown: &shown, limit: FILE_LIMIT_BYTES, asked };
        let contents = self.shelf.read(wanted, &mut self.problems)?;
        let (mut file, document): (PolicyFile, _) =
            document::read(&contents.source, SchemaOf::Policy, &mut self.problems)?;
        only_prompts(&mut file, &document);
        checks::rules(&file, &document, &mut self.problems);
        checks::names(&file, &document, &mut self.problems);
        checks::unavailable_in_policy(&file, &document, &mut self.problems);
        checks::tests(
            &file.tests,
            &TestDefaults::default(),
            &file.budgets,
            &document,
            &mut self.problems,
        );
        self.documents.push(document);
        Some((file, self.documents.len() - 1))
    }

    /// Reads the packs that a file includes, and those that they include, each once.
    fn packs_of(&mut self, file: &PolicyFile, document: usize) {
        for (number, written) in file.include.iter().enumerate() {
            let Some(at) =
                self.documents.get(document).map(|file| file.at(&format!("include[{number}]")))
            else {
                continue;
            };
            let Some(path) = inside(self.root, written, &at, &mut self.problems) else {
                self.has_all_packs = false;
                continue;
            };
            let id = identity(&path);
            if self.open.contains(&id) {
                let problem = Problem::new(Code::TG023, format!("`{written}` includes itself"));
                self.problems.push(problem.at(at, "this closes the circle"));
            } else if self.open.len() > INCLUDE_DEPTH || self.seen.len() >= PACK_LIMIT {
                let message = format!(
                    "more than {PACK_LIMIT} packs, or a chain of more than {INCLUDE_DEPTH}"
                );
                self.problems.report(Code::TG026, message, at, "one too many");
            } else if !self.seen.contains(&id) {
                self.pack(&path, id, &at);
            }
        }
    }

    /// Reads one pack, and before it the packs that it includes.
    fn pack(&mut self, path: &Path, id: PathBuf, asked: &SourceSpan) {
        self.seen.push(id.clone());
        let Some((pack, document)) = self.file(path, Some(asked)) else {
            self.has_all_packs = false;
            return;
        };
        self.open.push(id);
        self.packs_of(&pack, document);
        self.open.pop();
        self.packs.push(Part { file: pack, document });
    }

    /// What shows only when packs stand beside each other and beside the policy.
    fn pack_problems(&mut self, policy: &PolicyFile) {
        for (number, pack) in self.packs.iter().enumerate() {
            let Some(document) = self.documents.get(pack.document) else { continue };
            checks::pack_settings(&pack.file, document, policy, &mut self.problems);
            let same =
                self.packs.iter().take(number).find(|other| other.file.name == pack.file.name);
            let first = same.and_then(|other| self.documents.get(other.document));
            if let Some(first) = first {
                let problem = Problem::new(
                    Code::TG005,
                    format!("two packs have the name `{}`", pack.file.name),
                );
                self.problems.push(
                    problem
                        .at(document.at("name"), "this one")
                        .at(first.at("name"), "is already given here"),
                );
            }
        }
    }

    /// Reads the models of one file, and what belongs to them. What is not as its hash says is left out.
    fn models(&mut self, file: &PolicyFile, document: usize, prefix: &str, into: &mut ModelFiles) {
        for (name, classifier) in file.classifiers.iter() {
            let is_onnx = classifier.kind == ClassifierKind::Onnx;
            let limit = if is_onnx { ONNX_LIMIT_BYTES } else { MODEL_LIMIT_BYTES };
            let model = match &classifier.model {
                Some(Model::File(model)) => Some(model),
                Some(Model::Name(_)) | None => None,
            };
            let parts = [
                ("model", model, limit, &mut into.models),
                (
                    "tokenizer",
                    classifier.tokenizer.as_ref(),
                    MODEL_LIMIT_BYTES,
                    &mut into.tokenizers,
                ),
                ("head", classifier.head.as_ref(), MODEL_LIMIT_BYTES, &mut into.heads),
            ];
            for (key, written, limit, into) in parts {
                let Some(written) = written else { continue };
                let place = format!("classifiers.{name}.{key}");
                if let Some(bytes) = self.model_file(written, (document, &place), limit) {
                    into.insert(format!("{prefix}{name}"), bytes);
                }
            }
        }
    }

    /// Reads one file of a model.
    fn model_file(
        &mut self,
        ModelFile { file, sha256 }: &ModelFile,
        (document, place): (usize, &str),
        limit: usize,
    ) -> Option<Arc<[u8]>> {
        let document = self.documents.get(document)?;
        let at = document.at(&format!("{place}.file"));
        let path = inside(self.root, file, &at, &mut self.problems)?;
        let wanted = Wanted { path: &path, shown: file, limit, asked: Some(&at) };
        let (bytes, has) = self.shelf.read_bytes(wanted, &mut self.problems)?;
        let at = document.at(&format!("{place}.sha256"));
        has_hash((file, &has), sha256, at, &mut self.problems).then(|| bytes.into())
    }

    /// Reads the word lists of one file.
    fn lexicons(
        &mut self,
        file: &PolicyFile,
        document: usize,
        prefix: &str,
        into: &mut BTreeMap<String, LoadedLexicon>,
    ) {
        for (name, settings) in file.lexicons.iter() {
            if let Some(loaded) = self.lexicon(name, settings, document) {
                into.insert(format!("{prefix}{name}"), loaded);
            }
        }
    }

    /// Reads one word list.
    fn lexicon(
        &mut self,
        name: &str,
        settings: &LexiconFile,
        document: usize,
    ) -> Option<LoadedLexicon> {
        let document = self.documents.get(document)?;
        let at = document.at(&format!("lexicons.{name}.file"));
        let path = inside(self.root, &settings.file, &at, &mut self.problems)?;
        let wanted = Wanted {
            path: &path,
            shown: &settings.file,
            limit: lexicon::LIST_LIMIT_BYTES,
            asked: Some(&at),
        };
        let Contents { source, sha256 } = self.shelf.read(wanted, &mut self.problems)?;
        if let Some(expected) = &settings.sha256 {
            let at = document.at(&format!("lexicons.{name}.sha256"));
            has_hash((&settings.file, &sha256), expected, at, &mut self.problems);
        }
        check_allow_comments(&source, &mut self.problems);
        let terms = lexicon::parse(&source, settings.boundary, &mut self.problems);
        Some(LoadedLexicon { settings: settings.clone(), terms, source, sha256 })
    }
}

/// Says so where a file does not have the hash that it should have.
fn has_hash(
    (file, has): (&str, &str),
    expected: &str,
    at: SourceSpan,
    problems: &mut Problems,
) -> bool {
    let same = expected.eq_ignore_ascii_case(has);
    if !same {
        let message = format!("`{file}` has other content than it should");
        let start: String = expected.chars().take(8).collect();
        let label = format!("the file does not have the hash {start}…");
        let problem = Problem::new(Code::TG025, message).at(at, label);
        problems.push(problem.help(format!("it has {has}")));
    }
    same
}

/// Pseudonyms only work on prompts: where such a rule does not say its phase, it is that one.
fn only_prompts(file: &mut PolicyFile, document: &Document) {
    for (number, rule) in file.rules.iter_mut().enumerate() {
        let says = document.says(&format!("rules[{number}].on"));
        if rule.action == Some(RuleAction::Pseudonymise) && !says {
            rule.on = OneOrMany(vec![Phase::Prompt]);
        }
    }
}

/// What tells a file from others, also when links lead to it.
fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
