//! Codes of policies as a whole: names, paths, defaults, overrides, tests.

use super::{Code, Definition};
use crate::config::problems::Gravity;

/// The definitions, by number.
pub(super) const DEFINITIONS: &[Definition] = &[
    Definition {
        code: Code::TG005,
        gravity: Gravity::Error,
        title: "bad or duplicate name",
        explanation: "Names are used in routes, metrics, records and addresses: 1 to 64 ASCII letters, digits, \
            `-`, `_` and `.`, beginning with a letter or a digit. Two policies cannot have the same \
            name.",
        wrong: "name: Consumer chat",
        right: "name: consumer-chat",
    },
    Definition {
        code: Code::TG007,
        gravity: Gravity::Error,
        title: "policy without rules",
        explanation: "A policy without a single rule of its own or of its packs lets everything through and \
            looks as if it guarded something.",
        wrong: "rules: []",
        right: "rules:\n  - { id: secrets, detect: [api_key], action: block }",
    },
    Definition {
        code: Code::TG008,
        gravity: Gravity::Error,
        title: "unknown rule",
        explanation: "`suppress`, `override`, `overrides` and `adapt` name rules by id; the rules of a pack \
            are named `PACK/ID`.",
        wrong: "suppress: [{ rule: phone, reason: … }]",
        right: "suppress: [{ rule: pack.pii/phone, reason: … }]",
    },
    Definition {
        code: Code::TG009,
        gravity: Gravity::Error,
        title: "unknown name",
        explanation: "A word list or a message is used that the policy does not define.",
        wrong: "lexicon: insults",
        right: "lexicons: { insults: { file: lexicons/insults.en.txt } }\nrules: [{ id: a, lexicon: insults, action: review }]",
    },
    Definition {
        code: Code::TG019,
        gravity: Gravity::Error,
        title: "known, but not available in this version",
        explanation: "The key is part of the contract and this version cannot do it yet. It is refused, \
            because a policy that names it must not look as if it were in force.",
        wrong: "review: { while_open: hold }",
        right: "review: { while_open: pass }",
    },
    Definition {
        code: Code::TG021,
        gravity: Gravity::Error,
        title: "path leaves the configuration root",
        explanation: "Paths in a policy are relative to the configuration root, the folder of `tidegate.yaml`, \
            so that a policy cannot read other files of the machine. Absolute paths, `..`, and links \
            that lead out of the root are refused.",
        wrong: "file: ../secrets.txt",
        right: "file: lexicons/insults.en.txt",
    },
    Definition {
        code: Code::TG022,
        gravity: Gravity::Error,
        title: "file that cannot be read",
        explanation: "The file is not there, is not a plain file, or may not be read. Paths are relative to \
            the configuration root, the folder of `tidegate.yaml`.",
        wrong: "include: [packs/pii.yaml]",
        right: "include: [policies/packs/pii.yaml]",
    },
    Definition {
        code: Code::TG023,
        gravity: Gravity::Error,
        title: "packs that include each other",
        explanation: "A pack includes itself, directly or through others.",
        wrong: "# in a.yaml\ninclude: [policies/packs/a.yaml]",
        right: "# in a.yaml\ninclude: [policies/packs/b.yaml]",
    },
    Definition {
        code: Code::TG024,
        gravity: Gravity::Error,
        title: "unknown classifier or endpoint",
        explanation: "A rule names a classifier that the policy does not define, or a classifier names an \
            endpoint that the server file does not define.",
        wrong: "classifier: { gaurd: { at_least: 0.8 } }",
        right: "classifier: { guard: { at_least: 0.8 } }",
    },
    Definition {
        code: Code::TG025,
        gravity: Gravity::Error,
        title: "file does not have the hash it should have",
        explanation: "`sha256` pins a file. The file on disk has other content: restore it, or write the new \
            hash after a look at the change.",
        wrong: "sha256: 0000…",
        right: "sha256: 9f2c…",
    },
    Definition {
        code: Code::TG030,
        gravity: Gravity::Warning,
        title: "accepted, but without effect in this version",
        explanation: "The key is part of the contract, and this version can only read it. Nothing becomes less \
            safe by that, which is why it is a warning; nobody should believe that it is on.",
        wrong: "views: { typos: true }",
        right: "views: { typos: false }",
    },
    Definition {
        code: Code::TG033,
        gravity: Gravity::Warning,
        title: "word list that no rule uses",
        explanation: "A word list is defined and no rule names it. Either the rule is missing or the \
            definition is left over.",
        wrong: "lexicons: { old: { file: lexicons/old.txt } }",
        right: "rules: [{ id: old, lexicon: old, action: tag }]",
    },
    Definition {
        code: Code::TG034,
        gravity: Gravity::Warning,
        title: "message that no rule uses",
        explanation: "A message is defined and no rule names it.",
        wrong: "messages: { sorry: Sorry. }",
        right: "message: { id: sorry }",
    },
    Definition {
        code: Code::TG035,
        gravity: Gravity::Error,
        title: "threshold that can never apply",
        explanation: "Thresholds are tried from the top and the first that applies counts, so scores must fall \
            from line to line, and so must the strictness of their actions.",
        wrong: "thresholds: [{ score: 2, action: tag }, { score: 8, action: block }]",
        right: "thresholds: [{ score: 8, action: block }, { score: 2, action: tag }]",
    },
    Definition {
        code: Code::TG043,
        gravity: Gravity::Warning,
        title: "setting of a pack that has no effect",
        explanation: "Of a file that is included, the rules, word lists, classifiers, messages and `suppress` \
            entries are taken; every other setting is decided by the policy that includes it, and \
            here the two differ.",
        wrong: "# in a pack\nsensitivity: high",
        right: "# in the policy that includes it\nsensitivity: high",
    },
    Definition {
        code: Code::TG045,
        gravity: Gravity::Error,
        title: "loosens by something the client chooses",
        explanation: "A client chooses its headers, the path, the model and the language of its text, and must \
            never be able to make a policy milder: neither by an override, nor by `suppress`, nor by an \
            override that keeps a stricter one below it from applying. What loosens may hang on \
            `tenant`, `key` and `route` only.",
        wrong: "- when: { header: { x-staff: yes } }\n  set: { mode: shadow }",
        right: "- when: { tenant: staff }\n  set: { mode: shadow }",
    },
    Definition {
        code: Code::TG046,
        gravity: Gravity::Warning,
        title: "override that is never reached",
        explanation: "The first override that applies counts. An earlier one applies wherever this one would.",
        wrong: "- { when: { route: chat }, set: … }\n- { when: { route: chat, model: m }, set: … }",
        right: "- { when: { route: chat, model: m }, set: … }\n- { when: { route: chat }, set: … }",
    },
    Definition {
        code: Code::TG047,
        gravity: Gravity::Error,
        title: "test without exactly one input",
        explanation: "A test screens one thing: `text`, `each`, `messages` or `chunks`.",
        wrong: "- name: a\n  text: x\n  each: [y, z]",
        right: "- name: a\n  each: [x, y, z]",
    },
    Definition {
        code: Code::TG050,
        gravity: Gravity::Warning,
        title: "fails open",
        explanation: "With this setting, text that could not be screened is passed on as if it had been. That \
            can be right where an outage costs more than a miss; somebody should have decided it.",
        wrong: "unscannable: allow",
        right: "unscannable: block",
    },
    Definition {
        code: Code::TG051,
        gravity: Gravity::Error,
        title: "status that clients retry",
        explanation: "Official clients repeat a request that was answered 408, 409, 429 or 5xx, so that each \
            blocked text would be sent several times and reported as an outage.",
        wrong: "block_style: { status: 429 }",
        right: "block_style: { status: 400 }",
    },
    Definition {
        code: Code::TG052,
        gravity: Gravity::Error,
        title: "adaptive thresholds that cannot work",
        explanation: "`adapt.rules` names rules that ask one classifier, and nothing beside it, with a number as `at_least`; \
            `adapt.bounds` holds two numbers from 0 to 1, low then high, with that number between them, and a `step` fits \
            between the bounds. There is one target. Rates are known only of what people look at: `review.sample` draws of what \
            the rules flag, and for `target_fpr` of what passes too.",
        wrong: "bounds: [0.95, 0.75]",
        right: "bounds: [0.75, 0.95]",
    },
    Definition {
        code: Code::TG075,
        gravity: Gravity::Warning,
        title: "adaptive thresholds with little to go by",
        explanation: "Labels count as long as `adapt.window` says, and go with their items after `review.retain`, so that the \
            shorter of the two holds. Labels are in the store: where the server file has none, no threshold moves.",
        wrong: "review: { retain: 7d }, adapt: { enabled: true, window: 28d, … }",
        right: "review: { retain: 30d }, adapt: { enabled: true, window: 28d, … }",
    },
];
