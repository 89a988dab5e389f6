//! What each place of the API asks for. A place that is not here is closed to everybody.

use super::Permission;

/// What a request has to bring along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum Needs {
    /// Nothing: this is how one gets in.
    Nothing,
    /// That somebody is signed in, with whatever role.
    SignedIn,
    /// A session of a browser, not a token.
    Session,
    /// A permission.
    Permission(Permission),
}

/// A place of the API.
#[derive(Clone, Copy, Debug)]
pub(in crate::console) struct Place {
    /// The method.
    pub(in crate::console) method: &'static str,
    /// The path, with names in braces.
    pub(in crate::console) path: &'static str,
    /// What it asks for.
    pub(in crate::console) needs: Needs,
    /// Whether the password has to have been given a short while ago, where a session asks.
    pub(in crate::console) confirmed: bool,
    /// Whether it is open also to somebody who has to change the password first.
    pub(in crate::console) early: bool,
}

const fn open(method: &'static str, path: &'static str) -> Place {
    Place { method, path, needs: Needs::Nothing, confirmed: false, early: false }
}

const fn signed_in(method: &'static str, path: &'static str) -> Place {
    Place { method, path, needs: Needs::SignedIn, confirmed: false, early: false }
}

const fn session(method: &'static str, path: &'static str) -> Place {
    Place { method, path, needs: Needs::Session, confirmed: false, early: false }
}

const fn may(permission: Permission, method: &'static str, path: &'static str) -> Place {
    Place { method, path, needs: Needs::Permission(permission), confirmed: false, early: false }
}

/// The same, where the password has been given a short while ago.
const fn confirmed(place: Place) -> Place {
    Place { confirmed: true, ..place }
}

use Permission::{Edit, Export, Judge, Manage, Read, See};

/// The same, also for somebody who has to change the password first.
const fn early(place: Place) -> Place {
    Place { early: true, ..place }
}

/// Every place.
pub(in crate::console) const TABLE: &[Place] = &[
    open("GET", "/api/setup"),
    open("POST", "/api/setup"),
    open("POST", "/api/session"),
    open("GET", "/api/oidc/login"),
    open("GET", "/api/oidc/callback"),
    early(signed_in("GET", "/api/session")),
    early(session("DELETE", "/api/session")),
    session("POST", "/api/session/confirm"),
    early(session("PUT", "/api/password")),
    may(Manage, "GET", "/api/users"),
    confirmed(may(Manage, "POST", "/api/users")),
    confirmed(may(Manage, "PATCH", "/api/users/{id}")),
    confirmed(may(Manage, "DELETE", "/api/users/{id}/sessions")),
    session("GET", "/api/tokens"),
    confirmed(session("POST", "/api/tokens")),
    session("DELETE", "/api/tokens/{id}"),
    may(See, "GET", "/api/overview"),
    may(See, "GET", "/api/live"),
    may(See, "GET", "/api/decisions"),
    may(See, "GET", "/api/decisions/{id}"),
    confirmed(may(Manage, "DELETE", "/api/decisions/{id}/texts")),
    may(See, "GET", "/api/review/queues"),
    may(See, "GET", "/api/review/stats"),
    may(Judge, "GET", "/api/review/items"),
    may(Judge, "POST", "/api/review/claim"),
    may(Judge, "GET", "/api/review/items/{id}"),
    may(Judge, "POST", "/api/review/items/{id}/claim"),
    may(Judge, "DELETE", "/api/review/items/{id}/claim"),
    may(Judge, "POST", "/api/review/items/{id}/judgement"),
    may(Judge, "DELETE", "/api/review/items/{id}/judgement"),
    confirmed(may(Export, "GET", "/api/review/export")),
    may(Edit, "GET", "/api/review/items/{id}/test-case"),
    confirmed(may(Edit, "POST", "/api/review/items/{id}/test-case")),
    may(Edit, "GET", "/api/review/items/{id}/exception"),
    confirmed(may(Edit, "POST", "/api/review/items/{id}/exception")),
    may(See, "GET", "/api/feedback"),
    may(See, "GET", "/api/satisfaction"),
    may(See, "GET", "/api/policies"),
    may(See, "GET", "/api/policies/{name}"),
    may(Read, "POST", "/api/playground"),
    may(Read, "POST", "/api/playground/tests"),
    confirmed(may(Edit, "POST", "/api/playground/test-case")),
    may(Manage, "GET", "/api/ledger"),
    may(Manage, "GET", "/api/ledger/verify"),
    may(See, "GET", "/api/adapt"),
    confirmed(may(Edit, "POST", "/api/adapt/reset")),
    signed_in("GET", "/api/openapi.json"),
];

/// The place of a method and a path with names in braces.
pub(super) fn place(method: &str, path: &str) -> Option<&'static Place> {
    TABLE.iter().find(|place| place.method == method && place.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_the_table_is_closed() {
        assert!(place("GET", "/api/users").is_some());
        assert!(place("DELETE", "/api/users").is_none());
        assert!(place("GET", "/api/users/").is_none());
    }

    #[test]
    fn nothing_that_changes_anything_is_read_with_get_and_nothing_stands_twice() {
        for (index, one) in TABLE.iter().enumerate() {
            assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&one.method));
            let again = TABLE
                .iter()
                .skip(index + 1)
                .any(|other| other.method == one.method && other.path == one.path);
            assert!(!again, "{} {}", one.method, one.path);
        }
    }
}
