//! What stops the YAML parser, in the words of somebody who writes a policy.

use granit_parser::ErrorKind;
use granit_parser::ErrorKind as K;

use crate::config::codes::Code;

/// What is said about some kinds of errors.
pub(super) struct Explanation {
    covers: fn(&ErrorKind) -> bool,
    pub(super) code: Code,
    /// What is said at the place.
    pub(super) label: &'static str,
    /// How to mend it, or nothing.
    pub(super) help: &'static str,
}

impl Explanation {
    /// Whether a tab is what is wrong.
    pub(super) fn is_about_tabs(&self) -> bool {
        (self.covers)(&K::TabNotAllowed)
    }
}

/// What is said about an error.
pub(super) fn explain(kind: &ErrorKind) -> &'static Explanation {
    EXPLANATIONS.iter().find(|explanation| (explanation.covers)(kind)).unwrap_or(&OTHERWISE)
}

const OTHERWISE: Explanation = Explanation {
    covers: |_| false,
    code: Code::TG020,
    label: "the structure breaks here",
    help: "look for indentation, quotes and brackets right before this place",
};

const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        covers: |kind| matches!(kind, K::RecursionLimitExceeded),
        code: Code::TG026,
        label: "nested too deeply here",
        help: "",
    },
    Explanation {
        covers: |kind| {
            matches!(
                kind,
                K::DirectiveDisallowed
                    | K::UndeclaredTagHandle
                    | K::MissingAnchorOrAliasName
                    | K::ExpectedTagBang
                    | K::InvalidTagTerminator
            )
        },
        code: Code::TG027,
        label: "directives, tags and anchors are not used here",
        help: "quote text that begins with `%`, `!`, `&` or `*`",
    },
    Explanation {
        covers: |kind| {
            matches!(
                kind,
                K::TabNotAllowed
                    | K::TabInBlockIndentation
                    | K::TabInIndentation
                    | K::TabAtBlockScalarStart
                    | K::TabInPlainScalar
            )
        },
        code: Code::TG020,
        label: "a tab stands where only spaces may",
        help: "indent with spaces",
    },
    Explanation {
        covers: |kind| matches!(kind, K::UnclosedQuotedScalar | K::DocumentIndicatorInQuotedScalar),
        code: Code::TG020,
        label: "this quote is never closed",
        help: "inside single quotes, a quote is written twice: 'it''s'",
    },
    Explanation {
        covers: |kind| {
            matches!(
                kind,
                K::UnclosedFlowCollection { .. }
                    | K::UnexpectedEofFlowSequence
                    | K::UnexpectedEofFlowMapping
                    | K::UnexpectedEofImplicitFlowMapping
                    | K::ExpectedFlowMappingSeparator
                    | K::ExpectedFlowSequenceSeparator
            )
        },
        code: Code::TG020,
        label: "a comma or a closing bracket is missing before this",
        help: "every `[` and `{` needs its `]` and `}`",
    },
    Explanation {
        covers: |kind| {
            matches!(kind, K::MismatchedFlowCollectionEnd { .. } | K::MisplacedFlowCollectionEnd)
        },
        code: Code::TG020,
        label: "this bracket closes nothing",
        help: "every `[` and `{` needs its `]` and `}`",
    },
    Explanation {
        covers: |kind| {
            matches!(
                kind,
                K::InvalidTrailingSingleQuotedScalar | K::InvalidTrailingDoubleQuotedScalar
            )
        },
        code: Code::TG020,
        label: "text follows a closing quote",
        help: "quote the whole value; inside single quotes, a quote is written twice",
    },
    Explanation {
        covers: |kind| {
            matches!(
                kind,
                K::InvalidQuotedScalarHexEscape
                    | K::InvalidUnicodeEscape
                    | K::InvalidLowSurrogateHexEscape
                    | K::InvalidLowSurrogate
                    | K::MissingLowSurrogate
                    | K::UnpairedLowSurrogate
            )
        },
        code: Code::TG020,
        label: "this escape is not a character",
        help: "use single quotes, which leave backslashes alone",
    },
    Explanation {
        covers: |kind| {
            matches!(
                kind,
                K::MappingValueNotAllowed
                    | K::InvalidColonPlacement
                    | K::SimpleKeyExpected
                    | K::InvalidSimpleKey
            )
        },
        code: Code::TG020,
        label: "this line is neither `key: value` nor part of the value above",
        help: "quote text that holds `: `",
    },
    Explanation {
        covers: |kind| {
            matches!(
                kind,
                K::ExpectedBlockMappingKey
                    | K::ExpectedBlockSequenceEntry
                    | K::InvalidIndentation
                    | K::MappingKeyNotAllowed
            )
        },
        code: Code::TG020,
        label: "this does not line up with the lines above",
        help: "keys of one place begin in the same column",
    },
    Explanation {
        covers: |kind| {
            matches!(
                kind,
                K::BlockSequenceEntryNotAllowed
                    | K::BlockEntryInFlowCollection
                    | K::InvalidBlockEntryWhitespace
            )
        },
        code: Code::TG020,
        label: "a list item `- …` cannot stand here",
        help: "",
    },
    Explanation {
        covers: |kind| matches!(kind, K::CommentNotSeparated | K::CommentInterceptedScalar),
        code: Code::TG020,
        label: "a comment needs a space before its `#`",
        help: "",
    },
    Explanation {
        covers: |kind| {
            matches!(
                kind,
                K::UnexpectedCharacter { .. } | K::PlainScalarStartsWithDashFlowIndicator
            )
        },
        code: Code::TG020,
        label: "a value cannot begin with this character",
        help: "quote the value",
    },
];
