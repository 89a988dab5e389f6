//! Codes of the server file.

use super::{Code, Definition};
use crate::config::problems::Gravity;

/// The definitions, by number.
pub(super) const DEFINITIONS: &[Definition] = &[
    Definition {
        code: Code::TG060,
        gravity: Gravity::Error,
        title: "secret written out",
        explanation: "Secrets are references, so that the file can be shown and kept in version control: `{ \
            env: NAME }` or `{ file: PATH }`. The value is read at start and on reload, and never \
            printed. A secret that stood in a file should be replaced.",
        wrong: "key: sk-…",
        right: "key: { env: OPENAI_API_KEY }",
    },
    Definition {
        code: Code::TG061,
        gravity: Gravity::Error,
        title: "admin listener open to the network",
        explanation: "The admin listener shows decisions and changes settings. Beyond the loopback address it \
            needs tokens, and TLS or the word that plain text is meant.",
        wrong: "admin: { listen: 0.0.0.0:9901 }",
        right: "admin: { listen: 0.0.0.0:9901, auth: { tokens: { file: /run/secrets/tokens } }, allow_plaintext: true }",
    },
    Definition {
        code: Code::TG062,
        gravity: Gravity::Error,
        title: "route to something that does not exist",
        explanation: "A route names an upstream that `upstreams` does not define, or a policy that is in no \
            file of the policies folder.",
        wrong: "- { id: chat, match: { path: /v1/* }, upstream: opanai, policy: starter }",
        right: "- { id: chat, match: { path: /v1/* }, upstream: openai, policy: starter }",
    },
    Definition {
        code: Code::TG063,
        gravity: Gravity::Error,
        title: "upstream that is not one thing",
        explanation: "An upstream is either a server, `url`, or the built-in demo model, `builtin: demo`; \
            `key`, `timeout`, `timeouts` and `tls` belong to a server.",
        wrong: "demo: { builtin: demo, url: https://api.example.com }",
        right: "demo: { builtin: demo }",
    },
    Definition {
        code: Code::TG064,
        gravity: Gravity::Error,
        title: "certificate that cannot be used",
        explanation: "Certificates, keys and authorities are PEM files; paths are relative to the folder of the \
            server file. A key has to belong to its certificate. They are read again on reload.",
        wrong: "tls: { cert: key.pem, key: cert.pem }",
        right: "tls: { cert: cert.pem, key: key.pem }",
    },
    Definition {
        code: Code::TG065,
        gravity: Gravity::Error,
        title: "upstream that is the gate itself",
        explanation: "The address of an upstream is one that the gate listens on. Requests would go round in circles, or \
            reach through the data listener what belongs to the admin listener. A name that leads there is found out \
            when a connection is made, which fails then.",
        wrong: "upstreams: { model: { url: http://localhost:8080 } }",
        right: "upstreams: { model: { url: https://api.example.com } }",
    },
    Definition {
        code: Code::TG066,
        gravity: Gravity::Warning,
        title: "more rules than metrics tell apart",
        explanation: "Each rule has a series of its own in `tidegate_rule_matches_total`, and each series costs every \
            scrape. Rules beyond `metrics.max_rules` (500), in the order of the files, are counted as `other`. Decision \
            records name every rule all the same.",
        wrong: "metrics: { max_rules: 500 }   # and policies with 600 rules",
        right: "metrics: { max_rules: 1000 }",
    },
    Definition {
        code: Code::TG067,
        gravity: Gravity::Error,
        title: "decision records that cannot be kept so",
        explanation: "`log.decisions` says where decision records go and what is in them. `rotate` and `sync` are about files, \
            `key` is sent to servers. `audit.required` asks for every decision on record, so records go somewhere, and nothing \
            is sampled.",
        wrong: "log: { decisions: { to: none } }, audit: { required: true }",
        right: "log: { decisions: { to: decisions.jsonl } }, audit: { required: true }",
    },
    Definition {
        code: Code::TG068,
        gravity: Gravity::Warning,
        title: "secret file that others can read",
        explanation: "A file of a secret (`{ file: PATH }`, the key of a listener) is for the gate alone. Its mode lets every user of the \
            machine read it, or others than its owner write it. That its group can read it is well: so does Kubernetes with \
            `fsGroup`. Where a mode cannot be set, as for secrets of Compose, say so: # tidegate: allow(TG068) and why.",
        wrong: "key: { file: openai.key }   # -rw-r--r--",
        right: "key: { file: openai.key }   # -rw-------",
    },
    Definition {
        code: Code::TG069,
        gravity: Gravity::Error,
        title: "store that cannot be used so",
        explanation: "`store.url` is `none`, `sqlite:PATH` or `postgres://USER@HOST:PORT/DATABASE?sslmode=require`. Secrets stand \
            beside it, never in it: `password` is that of PostgreSQL, `key` encrypts texts and has at least 32 random characters. \
            What goes over a network goes over TLS.",
        wrong: "store: { url: 'postgres://tidegate:hunter2@db.example.com/tidegate' }",
        right: "store: { url: 'postgres://tidegate@db.example.com/tidegate?sslmode=require', password: { env: STORE_PASSWORD } }",
    },
    Definition {
        code: Code::TG077,
        gravity: Gravity::Error,
        title: "sessions that end too soon",
        explanation: "`admin.sessions.idle` is how long somebody may do nothing at the console before they have to sign in again, at least a minute; \
            `absolute` is after how long they have to in any case, at least as long as `idle`.",
        wrong: "admin: { sessions: { idle: 0s } }",
        right: "admin: { sessions: { idle: 30m, absolute: 12h } }",
    },
    Definition {
        code: Code::TG078,
        gravity: Gravity::Error,
        title: "identity provider that cannot sign people in",
        explanation: "`admin.auth.oidc` names another system by its `issuer`, to the letter as it says it, and where it sends people back to: \
            `redirect` is the address of this admin listener as browsers see it, with the path `/api/oidc/callback`. Beyond this machine both are \
            `https`. `roles` says which group gives which role; without one nobody gets in. Users are kept in the store.",
        wrong: "admin: { auth: { oidc: { issuer: 'http://id.example', client_id: gate, redirect: 'https://gate.example', roles: {} } } }",
        right: "admin: { auth: { oidc: { issuer: 'https://id.example', client_id: gate, redirect: 'https://gate.example/api/oidc/callback', \
            roles: { moderators: reviewer } } } }",
    },
    Definition {
        code: Code::TG079,
        gravity: Gravity::Error,
        title: "webhook that nobody could be told by",
        explanation: "A webhook has an address (`url`, or `url_from` where the address is a secret), a list of `events`, and a `secret` that \
            messages are signed with (Standard Webhooks): `whsec_` and 24 to 64 random bytes in base64. Slack checks no signature.",
        wrong: "webhooks: { ops: { url: 'https://ops.example.com/hook', events: [] } }",
        right: "webhooks: { ops: { url: 'https://ops.example.com/hook', secret: { env: HOOK_SECRET }, events: [policy.refused] } }",
    },
    Definition {
        code: Code::TG080,
        gravity: Gravity::Error,
        title: "line of a dialect file that cannot be read",
        explanation: "A line of texts says who wrote a text (system, user, assistant, tool, unknown, or role for \
            the message's own), what sort it is where it is no plain text, how it may be changed (E, J, O, R, X), \
            and, in streams, the channel that it is a piece of. What the gate itself says is JSON with `$names`.",
        wrong: "delta.text: assistant -> text",
        right: "delta.text: assistant E -> text @index",
    },
    Definition {
        code: Code::TG081,
        gravity: Gravity::Error,
        title: "dialect that is not there",
        explanation: "`extends` of a dialect file and `dialect` of a route name a dialect that is built in, or \
            one of the folder `dialects` beside the server file.",
        wrong: "extends: openai.chatt",
        right: "extends: openai.chat",
    },
];
