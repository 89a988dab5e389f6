//! Whom to tell of what happens.

use crate::config::codes::Code;
use crate::config::document::Document;
use crate::config::formats::{url, url_holds_secret};
use crate::config::problems::{Problem, Problems};
use crate::config::server_file::{ServerFile, WebhookBody};

pub(super) fn webhooks(file: &ServerFile, document: &Document, problems: &mut Problems) {
    for (name, webhook) in file.webhooks.iter() {
        let mut report = |key: &str, message: &str, help: &str| {
            let at = document.at(&format!("webhooks.{name}{key}"));
            problems.push(
                Problem::new(Code::TG079, message.to_owned()).at(at, "").help(help.to_owned()),
            );
        };
        match (&webhook.url, &webhook.url_from) {
            (None, None) => {
                report("", "nobody is told: there is no address", "give `url` or `url_from`");
            }
            (Some(_), Some(_)) => {
                report(".url", "there are two addresses", "give `url` or `url_from`, not both");
            }
            (Some(to), None) => {
                if let Err(why) = url(to) {
                    report(
                        ".url",
                        &format!("nobody can be told there: {why}"),
                        "url: https://ops.example.com/hook",
                    );
                } else if url_holds_secret(to) {
                    report(
                        ".url",
                        "the address holds a user or a password",
                        "url_from: { env: HOOK_URL }",
                    );
                }
            }
            (None, Some(_)) => {}
        }
        if webhook.events.is_empty() {
            report(".events", "nothing is told", "events: [feedback.appeal, policy.refused]");
        }
        if webhook.body == WebhookBody::Standard && webhook.secret.is_none() {
            let help = "secret: { env: HOOK_SECRET } (`whsec_` and `openssl rand -base64 32`)";
            report("", "messages that nobody can check are sent to nobody", help);
        }
        if webhook.body == WebhookBody::Slack && webhook.secret.is_some() {
            report(".secret", "Slack checks no signature", "leave it out");
        }
    }
}
