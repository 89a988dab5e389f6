//! Settings of a whole policy.

use super::unknown;
use crate::config::codes::Code;
use crate::config::document::Document;
use crate::config::policy_file::{OnError, PolicyFile, Unscannable};
use crate::config::problems::{Problem, Problems};

/// Statuses below 500 that official clients repeat a request on (OpenAI's and Anthropic's SDKs).
const RETRIED: [u16; 3] = [408, 409, 429];

/// The settings of the policy that is loaded, not those of its packs.
pub(in crate::config) fn settings(file: &PolicyFile, document: &Document, problems: &mut Problems) {
    let sound = document.is_sound("rules") && document.is_sound("include");
    if file.rules.is_empty() && file.include.is_empty() && sound {
        let problem = Problem::new(Code::TG007, "this policy has no rules")
            .at(document.at("rules"), "nothing would be looked for");
        problems.push(problem);
    }
    fails_open(file, document, problems);
    non_text(file, document, problems);
    thresholds(file, document, problems);
    let status = file.block_style.status;
    if RETRIED.contains(&status) || status >= 500 {
        let message = format!("clients repeat a request that was answered {status}");
        let problem = Problem::new(Code::TG051, message)
            .at(document.at("block_style.status"), "so each block comes several times");
        problems.push(problem.help("400, 403 and 422 are taken as final"));
    }
}

/// Settings that a pack writes and that the policy which includes it decides otherwise.
pub(in crate::config) fn pack_settings(
    pack: &PolicyFile,
    document: &Document,
    policy: &PolicyFile,
    problems: &mut Problems,
) {
    let settings = [
        ("mode", pack.mode != policy.mode),
        ("sensitivity", pack.sensitivity != policy.sensitivity),
        ("overrides", pack.overrides != policy.overrides),
        ("views", pack.views != policy.views),
        ("unscannable", pack.unscannable != policy.unscannable),
        ("nontext", pack.nontext != policy.nontext),
        ("on_error", pack.on_error != policy.on_error),
        ("thresholds", pack.thresholds != policy.thresholds),
        ("block_style", pack.block_style != policy.block_style),
        ("stream", pack.stream != policy.stream),
        ("reveal", pack.reveal != policy.reveal),
        ("record", pack.record != policy.record),
        ("history", pack.history != policy.history),
        ("review", pack.review != policy.review),
        ("adapt", pack.adapt != policy.adapt),
    ];
    for (key, differs) in settings {
        if differs && document.root().entry(key).is_some() {
            let message = format!("`{key}` of the pack `{}` has no effect", pack.name);
            let label = format!("the policy `{}` decides this", policy.name);
            problems.report(Code::TG043, message, document.key_at(key), &label);
        }
    }
}

fn fails_open(file: &PolicyFile, document: &Document, problems: &mut Problems) {
    if file.unscannable == Unscannable::Allow {
        let label = "text that could not be read passes";
        problems.report(
            Code::TG050,
            "`unscannable: allow` fails open",
            document.at("unscannable"),
            label,
        );
    }
    if file.on_error == OnError::Skip {
        let label = "text passes while a classifier is down";
        problems.report(Code::TG050, "`on_error: skip` fails open", document.at("on_error"), label);
    }
}

fn non_text(file: &PolicyFile, document: &Document, problems: &mut Problems) {
    for (kind, choice) in file.nontext.choices() {
        let at = document.at(&format!("nontext.{kind}"));
        match choice {
            "block" => {}
            "allow" => {
                let message = format!("`nontext.{kind}: allow` fails open");
                problems.report(Code::TG050, message, at, "these parts pass unscreened");
            }
            // These are not available yet, which is told elsewhere.
            name if file.classifiers.contains(name) => {}
            name => {
                let known = ["block", "allow"].into_iter().chain(file.classifiers.names());
                problems.push(unknown(Code::TG002, "choice or classifier", name, at, known));
            }
        }
    }
}

fn thresholds(file: &PolicyFile, document: &Document, problems: &mut Problems) {
    for (number, pair) in file.thresholds.windows(2).enumerate() {
        let [above, below] = pair else { continue };
        let label = if below.score >= above.score {
            "the line above applies first"
        } else if below.action >= above.action {
            "a smaller total cannot have the same or a stricter action"
        } else {
            continue;
        };
        let at = document.at(&format!("thresholds[{}]", number + 1));
        let problem = Problem::new(Code::TG035, "this threshold is out of order").at(at, label);
        problems.push(
            problem
                .help("scores fall from line to line, and so does the strictness of the actions"),
        );
    }
}
