//! Places at which one gets in, and those about people.

use serde_json::{Value, json};

use super::describe::{Told, flag, object, of, one_of, page, text, told, whole};

fn secret() -> Value {
    json!({ "type": "string", "maxLength": 1024 })
}

fn name() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 128 })
}

fn role() -> Value {
    one_of(&["viewer", "reviewer", "editor", "admin"])
}

fn of_sessions() -> Vec<Told> {
    let session = || of("session");
    vec![
        told("GET", "/api/setup", "Says whether the first admin is still to be made.")
            .gives("200", object(&["needed", "oidc", "store"])),
        told("POST", "/api/setup", "Makes the first admin, with the token that the gate prints.")
            .takes(
                &["token", "name", "password"],
                json!({ "token": secret(), "name": name(), "password": secret() }),
            )
            .gives("201", session()),
        told("POST", "/api/session", "Signs in.")
            .takes(&["name", "password"], json!({ "name": name(), "password": secret() }))
            .gives("201", session()),
        told("GET", "/api/oidc/login", "Sends a browser to the other system that signs people in.")
            .asks("again", flag())
            .says_nothing("303", "to the other system"),
        told("GET", "/api/oidc/callback", "Takes a browser in that comes back from there.")
            .asks("code", text())
            .asks("state", text())
            .says_nothing("303", "to the console, with a session or with a word why there is none"),
        told("GET", "/api/session", "Says who is signed in.").gives("200", session()),
        told("DELETE", "/api/session", "Signs out.").says_nothing("204", "signed out"),
        told("POST", "/api/session/confirm", "Takes the password again, for what asks for it.")
            .takes(&["password"], json!({ "password": secret() }))
            .gives("200", session()),
        told("PUT", "/api/password", "Changes the own password; other sessions end.")
            .takes(&["old", "new"], json!({ "old": secret(), "new": secret() }))
            .says_nothing("204", "changed"),
    ]
}

pub(super) fn places() -> Vec<Told> {
    let mut all = of_sessions();
    let scopes = ["see", "read", "judge", "export", "edit", "manage"];
    let scopes = json!({ "type": "array", "minItems": 1, "maxItems": 6, "items": one_of(&scopes) });
    all.extend([
        told("GET", "/api/users", "Lists users.").gives("200", page(of("user"))),
        told("POST", "/api/users", "Makes a user, who changes the password at the first sign-in.")
            .takes(
                &["name", "role", "password"],
                json!({ "name": name(), "role": role(), "password": secret() }),
            )
            .gives("201", of("user")),
        told("PATCH", "/api/users/{id}", "Changes a user.")
            .takes(&[], json!({ "role": role(), "disabled": flag(), "password": secret() }))
            .gives("200", of("user")),
        told("DELETE", "/api/users/{id}/sessions", "Signs a user out everywhere.")
            .says_nothing("204", "signed out"),
        told("GET", "/api/tokens", "Lists the own API tokens, or all of them for an admin.")
            .gives("200", page(of("token"))),
        told("POST", "/api/tokens", "Makes an API token; it is shown this once.")
            .takes(
                &["name", "scopes"],
                json!({ "name": name(), "scopes": scopes, "expires_days": whole(1, 3650) }),
            )
            .gives("201", json!({ "allOf": [of("token")], "required": ["token"] })),
        told("DELETE", "/api/tokens/{id}", "Revokes an API token.").says_nothing("204", "revoked"),
    ]);
    all
}
