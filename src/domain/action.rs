//! What a rule may do, and the words around it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What happens to a text. Ordered by strictness, so that "the strictest wins" is `max`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Leaves the text as it is.
    #[default]
    Allow,
    /// Passes the text on and names the rule in a header.
    Tag,
    /// Replaces the spans that matched.
    Redact,
    /// Passes the text on and puts it before a person.
    Review,
    /// Answers in the model's place.
    Respond,
    /// Refuses the text.
    Block,
}

impl Action {
    /// All actions, from the mildest to the strictest.
    pub const ALL: [Self; 6] =
        [Self::Allow, Self::Tag, Self::Redact, Self::Review, Self::Respond, Self::Block];

    /// The word that policies, records and metrics use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Tag => "tag",
            Self::Redact => "redact",
            Self::Review => "review",
            Self::Respond => "respond",
            Self::Block => "block",
        }
    }

    /// Whether the text must not reach the other side (`respond` and `block`).
    pub const fn stops(self) -> bool {
        matches!(self, Self::Respond | Self::Block)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which way a text travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// From the client to the model.
    Prompt,
    /// From the model to the client.
    Completion,
}

impl Phase {
    /// Both phases.
    pub const ALL: [Self; 2] = [Self::Prompt, Self::Completion];

    /// The word that policies, records and metrics use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Completion => "completion",
        }
    }
}

/// Whether a decision takes effect.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Decided and recorded, never applied.
    Shadow,
    /// Decided, recorded and applied.
    #[default]
    Enforce,
}

impl Mode {
    /// The word that policies, records and metrics use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Enforce => "enforce",
        }
    }
}

/// How bad a hit is for the people who look at it: blur and queue order, nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Harmless to read.
    Low,
    /// Unpleasant to read.
    Medium,
    /// Shown blurred.
    High,
    /// Shown blurred and first in its queue.
    Critical,
}

/// From which sensitivity of the policy on a rule is active.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Active always.
    #[default]
    Low,
    /// Active at sensitivity `medium` and `high`.
    Medium,
    /// Active at sensitivity `high` only.
    High,
}

impl Level {
    /// The name in policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_action_is_the_maximum() {
        let mut sorted = Action::ALL;
        sorted.sort_unstable();
        assert_eq!(sorted, Action::ALL);
        assert_eq!(Action::Redact.max(Action::Tag), Action::Redact);
        assert!(Action::Respond.stops() && Action::Block.stops() && !Action::Review.stops());
    }
}
