//! Codes of the reader: what is wrong before a key has any meaning.

use super::{Code, Definition};
use crate::config::problems::Gravity;

/// The definitions, by number.
pub(super) const DEFINITIONS: &[Definition] = &[
    Definition {
        code: Code::TG001,
        gravity: Gravity::Error,
        title: "unknown format version",
        explanation: "`version` names the format of the file, so that a later release can change the format \
            and still read old files. This release knows version 1.",
        wrong: "version: 2",
        right: "version: 1",
    },
    Definition {
        code: Code::TG002,
        gravity: Gravity::Error,
        title: "value that is not allowed here",
        explanation: "The key is right and the value is not: a word that is not one of the allowed words, text \
            where a list is expected, a duration without its unit. The message says what is \
            expected. Durations are written `400ms`, `5s`, `10m`, `24h` or `30d`; sizes `128B`, \
            `1KiB`, `4MiB`; shares `0.2%`.",
        wrong: "mode: enforced",
        right: "mode: enforce",
    },
    Definition {
        code: Code::TG003,
        gravity: Gravity::Error,
        title: "unknown key",
        explanation: "Keys are strict everywhere: a misspelt optional key would otherwise switch something off \
            without a word. The help lists the keys that this place can have.",
        wrong: "acton: block",
        right: "action: block",
    },
    Definition {
        code: Code::TG004,
        gravity: Gravity::Error,
        title: "backslash inside double quotes",
        explanation: "YAML itself reads a backslash inside double quotes as the beginning of an escape, so \
            most regular expressions cannot be written there. Inside single quotes a backslash is \
            only a backslash, and a quote is written twice.",
        wrong: "regex: \"PROJECT-\\d+\"",
        right: "regex: 'PROJECT-\\d+'",
    },
    Definition {
        code: Code::TG020,
        gravity: Gravity::Error,
        title: "not readable as YAML",
        explanation: "The text is not YAML, so that nothing after the place can be read. Usual causes are a \
            bracket or a quote that is never closed, an indentation that does not line up, a tab \
            used to indent, and text with `: ` in it that is not quoted.",
        wrong: "words: [idiot, moron",
        right: "words: [idiot, moron]",
    },
    Definition {
        code: Code::TG026,
        gravity: Gravity::Error,
        title: "larger or deeper than files may be",
        explanation: "Every file has a limit on its bytes, on its number of values and on its nesting, so that \
            no file can exhaust the machine. Long lists of terms belong in a word list, which may \
            hold far more.",
        wrong: "any: [{ any: [{ any: [ … ] }] }]",
        right: "any: [{ words: [a1, a2] }]",
    },
    Definition {
        code: Code::TG027,
        gravity: Gravity::Error,
        title: "YAML feature that is not used here",
        explanation: "Anchors (`&name`), aliases (`*name`), merge keys (`<<`), tags (`!name`) and several \
            documents in one file make a file mean something else than what stands there, and allow \
            small files that unfold into huge ones. Text that begins with one of these signs has to \
            be quoted.",
        wrong: "words: [*all]",
        right: "words: ['*all']",
    },
    Definition {
        code: Code::TG028,
        gravity: Gravity::Error,
        title: "key given twice",
        explanation: "The same key stands twice in one place. Only one of them could take effect, and which \
            one would not be visible.",
        wrong: "action: tag\naction: block",
        right: "action: block",
    },
    Definition {
        code: Code::TG029,
        gravity: Gravity::Error,
        title: "missing key",
        explanation: "A key that this place needs is not there.",
        wrong: "- words: [idiot]\n  action: review",
        right: "- id: insults\n  words: [idiot]\n  action: review",
    },
    Definition {
        code: Code::TG042,
        gravity: Gravity::Warning,
        title: "comment that silences nothing",
        explanation: "A warning is silenced in place by `# tidegate: allow(TG031) reason`, on its line or in \
            the comment right above. The code has to exist and the reason is required: the next \
            person must know why. Errors cannot be silenced.",
        wrong: "words: [hi]  # tidegate: allow(TG031)",
        right: "words: [hi]  # tidegate: allow(TG031) greetings are counted on purpose",
    },
];
