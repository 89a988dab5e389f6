//! When a policy is stricter or milder, and when a rule is off.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::shapes::{self, Named};
use crate::config::units::Day;
use crate::domain::{Level, Mode};

/// One override: when, and what it sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "an override")]
pub struct OverrideFile {
    /// All of these have to hold.
    pub when: When,
    /// What changes then.
    pub set: OverrideSet,
}

/// Conditions on a request; values may hold `*` for any run of characters. All have to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a condition")]
pub struct When {
    /// Request headers by name. The client chooses them.
    pub header: Option<Named<String>>,
    /// The path. The client chooses it.
    pub path: Option<String>,
    /// The model. The client chooses it.
    pub model: Option<String>,
    /// The language of the text, as a tag (`zh` takes `zh-CN` too): that of `Accept-Language`, else the one the last
    /// user message is written in, where that can be told. The client chooses it.
    pub language: Option<String>,
    /// Who is calling.
    pub tenant: Option<String>,
    /// Which key they call with.
    pub key: Option<String>,
    /// The route of the server file.
    pub route: Option<String>,
}

/// What an override sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a set of changes")]
pub struct OverrideSet {
    /// The sensitivity.
    #[schemars(schema_with = "shapes::level")]
    pub sensitivity: Option<Level>,
    /// The mode.
    #[schemars(schema_with = "shapes::mode")]
    pub mode: Option<Mode>,
    /// Single rules, by id.
    #[schemars(schema_with = "rule_overrides")]
    pub rules: Named<RuleOverride>,
}

/// What an override sets for one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a change of a rule")]
pub struct RuleOverride {
    /// The mode of the rule.
    #[schemars(schema_with = "shapes::mode")]
    pub mode: Mode,
}

/// A rule that is switched off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a suppress entry")]
pub struct Suppression {
    /// Id of the rule.
    pub rule: String,
    /// Only where this holds; everywhere where nothing is said.
    #[serde(default)]
    pub when: Option<When>,
    /// Why. The next person must know.
    pub reason: String,
    /// The last day; afterwards the rule is on again.
    #[serde(default)]
    pub until: Option<Day>,
}

// === impl When ===

impl When {
    /// The conditions that were written: key and value, headers as `header NAME`.
    pub fn conditions(&self) -> Vec<(String, &str)> {
        let Self { header, path, model, language, tenant, key, route } = self;
        let headers = header.iter().flat_map(Named::iter);
        let headers = headers
            .map(|(name, value)| (format!("header {}", name.to_ascii_lowercase()), value.as_str()));
        let others = [
            ("path", path),
            ("model", model),
            ("language", language),
            ("tenant", tenant),
            ("key", key),
            ("route", route),
        ];
        let others = others
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value.as_deref()?)));
        headers.chain(others).collect()
    }

    /// Whether a client has a say in it: whether at least one condition is on something that it chooses.
    pub const fn is_chosen_by_client(&self) -> bool {
        self.header.is_some()
            || self.path.is_some()
            || self.model.is_some()
            || self.language.is_some()
    }
}

/// Rule ids of packs hold a slash, which names elsewhere cannot.
fn rule_overrides(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let value = generator.subschema_for::<RuleOverride>();
    schemars::json_schema!({ "type": "object", "additionalProperties": value })
}
