//! One hit of one rule.

use std::fmt;
use std::sync::Arc;

use super::{Action, Category, Mode, Span};

/// The name of one way of reading a text: `raw`, `leet`, `base64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewName(pub &'static str);

impl fmt::Display for ViewName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How many decoders may be applied one after the other: texts encoded more often are not read.
pub const MOST_DECODERS: usize = 3;

/// Which reading of the text saw a hit: the decoders that it went through, outermost first, and the view of what
/// they gave. Shown as `base64 → fold`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewPath {
    decoders: [Option<ViewName>; MOST_DECODERS],
    view: ViewName,
}

impl ViewPath {
    /// What is seen in this view of the text as it stands.
    pub const fn of(view: ViewName) -> Self {
        Self { decoders: [None; MOST_DECODERS], view }
    }

    /// The same, seen in this view instead.
    #[must_use]
    pub const fn seen_in(self, view: ViewName) -> Self {
        Self { view, ..self }
    }

    /// The same, behind one more decoder; `None` where it went through as many as there may be.
    pub fn through(self, decoder: ViewName) -> Option<Self> {
        let mut path = self;
        *path.decoders.iter_mut().find(|slot| slot.is_none())? = Some(decoder);
        Some(path)
    }

    /// The view, without the decoders before it.
    pub const fn view(&self) -> ViewName {
        self.view
    }

    /// The names of the decoders, outermost first, and of the view.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.decoders.iter().flatten().chain([&self.view]).map(|name| name.0)
    }

    /// How many decoders it went through.
    pub fn decoders(&self) -> usize {
        self.decoders.iter().flatten().count()
    }
}

impl fmt::Display for ViewPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for decoder in self.decoders.iter().flatten() {
            write!(f, "{decoder} → ")?;
        }
        self.view.fmt(f)
    }
}

/// One hit: which rule, where, and how it was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Index of the rule in its policy.
    pub rule: usize,
    /// The rule's id.
    pub rule_id: Arc<str>,
    /// What the rule is about, if it says so.
    pub category: Option<Category>,
    /// Where, in bytes of the raw text.
    pub span: Span,
    /// Which reading saw it.
    pub view: ViewPath,
    /// What matched, for people and placeholders: the detector's name (`email`), the term as the list
    /// has it, or the pattern.
    pub matched: Arc<str>,
    /// What the rule does; `None` for a rule that only scores.
    pub action: Option<Action>,
    /// What the rule adds to the total.
    pub score: f64,
    /// Whether the rule takes effect or is only watched.
    pub mode: Mode,
}
