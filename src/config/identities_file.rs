//! Names of groups and sentences about them, as written: what shows whether a verdict depends on who is spoken of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shapes::{self, Named};

/// The places of a template that a name of a group takes.
pub const PLACEHOLDERS: [&str; 2] = ["{one}", "{many}"];

/// A file of identities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a file of identities")]
pub struct IdentitiesFile {
    /// Format version; this release knows 1.
    #[schemars(schema_with = "shapes::version")]
    pub version: u32,
    /// Groups and sentences by language, such as `en`.
    pub languages: Named<IdentityLanguage>,
}

/// One language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a language")]
pub struct IdentityLanguage {
    /// The groups; at least two.
    pub identities: Vec<Identity>,
    /// Sentences that say nothing harmful whoever is put in for `{one}` or `{many}`.
    pub templates: Vec<String>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "an identity")]
pub struct Identity {
    /// Its name in reports, the same in every language.
    #[schemars(schema_with = "shapes::identifier")]
    pub name: String,
    /// What it is one of, such as `religion`.
    #[schemars(schema_with = "shapes::identifier")]
    pub axis: String,
    /// One of them, as it stands in a sentence: `a Muslim`.
    pub one: String,
    /// Several of them: `Muslims`.
    pub many: String,
}
