//! Whom to tell of what happens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::shapes::{self, SecretRef};
use crate::domain::NoticeKind;

/// A server that is told of what happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a webhook")]
pub struct Webhook {
    /// Its address.
    #[serde(default)]
    pub url: Option<String>,
    /// Its address, where that is a secret by itself, as Slack's is.
    #[serde(default)]
    pub url_from: Option<SecretRef>,
    /// What messages are signed with (Standard Webhooks): `whsec_` and 24 to 64 bytes in base64.
    #[serde(default)]
    pub secret: Option<SecretRef>,
    /// What it is told of.
    #[schemars(schema_with = "shapes::notices")]
    pub events: Vec<NoticeKind>,
    /// How a message looks.
    #[serde(default)]
    pub body: WebhookBody,
}

/// How a message looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebhookBody {
    /// As Standard Webhooks has it: `type`, `timestamp`, `data`.
    #[default]
    Standard,
    /// One line of `text`, as Slack's incoming webhooks take it.
    Slack,
}
