//! What somebody outside wants to be told of.

use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NoticeKind {
    /// A decision stopped a text.
    #[serde(rename = "decision.stopped")]
    DecisionStopped,
    /// A decision asks for a person.
    #[serde(rename = "decision.review")]
    DecisionReview,
    /// A user reports something that passed, or calls a decision wrong.
    #[serde(rename = "feedback.report")]
    FeedbackReport,
    /// A user appeals against a decision.
    #[serde(rename = "feedback.appeal")]
    FeedbackAppeal,
    /// A configuration was put in force.
    #[serde(rename = "policy.applied")]
    PolicyApplied,
    /// A configuration was refused.
    #[serde(rename = "policy.refused")]
    PolicyRefused,
    /// Labels moved a threshold.
    #[serde(rename = "threshold.moved")]
    ThresholdMoved,
    /// The store cannot be reached.
    #[serde(rename = "store.away")]
    StoreAway,
    /// The store can be reached again.
    #[serde(rename = "store.back")]
    StoreBack,
}

impl NoticeKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::DecisionStopped,
        Self::DecisionReview,
        Self::FeedbackReport,
        Self::FeedbackAppeal,
        Self::PolicyApplied,
        Self::PolicyRefused,
        Self::ThresholdMoved,
        Self::StoreAway,
        Self::StoreBack,
    ];

    /// The word that files and messages use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DecisionStopped => "decision.stopped",
            Self::DecisionReview => "decision.review",
            Self::FeedbackReport => "feedback.report",
            Self::FeedbackAppeal => "feedback.appeal",
            Self::PolicyApplied => "policy.applied",
            Self::PolicyRefused => "policy.refused",
            Self::ThresholdMoved => "threshold.moved",
            Self::StoreAway => "store.away",
            Self::StoreBack => "store.back",
        }
    }

    /// The same for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::DecisionStopped => "a text was stopped",
            Self::DecisionReview => "a decision asks for a person",
            Self::FeedbackReport => "a user reports a decision",
            Self::FeedbackAppeal => "a user appeals against a decision",
            Self::PolicyApplied => "a configuration was put in force",
            Self::PolicyRefused => "a configuration was refused; the one before it stays in force",
            Self::ThresholdMoved => "a threshold moved with what people judged",
            Self::StoreAway => "the store cannot be reached",
            Self::StoreBack => "the store can be reached again",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_called_in_files_what_it_is_called_in_messages() {
        for kind in NoticeKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
