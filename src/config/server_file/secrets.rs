//! Which files of a server file hold secrets.

use super::ServerFile;
use crate::config::shapes::SecretRef;

impl ServerFile {
    /// Every file that holds a secret: the path of its key in the server file, such as `upstreams.openai.key`, and the
    /// path of the file as it is written. Certificates and authorities are public.
    pub fn secret_files(&self) -> Vec<(String, &str)> {
        let mut named: Vec<(String, Option<&SecretRef>)> = Vec::new();
        for (name, upstream) in self.upstreams.iter() {
            named.push((format!("upstreams.{name}.key"), upstream.key.as_ref()));
        }
        for (name, endpoint) in self.endpoints.iter() {
            named.push((format!("endpoints.{name}.key"), endpoint.key.as_ref()));
            for (header, secret) in endpoint.headers.iter() {
                named.push((format!("endpoints.{name}.headers.{header}"), Some(secret)));
            }
        }
        for (header, secret) in self.telemetry.headers.iter() {
            named.push((format!("telemetry.headers.{header}"), Some(secret)));
        }
        named.push(("tenant.keys".to_owned(), self.tenant.keys.as_ref()));
        named.push(("admin.auth.tokens".to_owned(), self.admin.auth.tokens.as_ref()));
        let oidc = self.admin.auth.oidc.as_ref();
        let oidc = oidc.and_then(|oidc| oidc.client_secret.as_ref());
        named.push(("admin.auth.oidc.client_secret".to_owned(), oidc));
        named.push(("log.decisions.key".to_owned(), self.log.decisions.key.as_ref()));
        for (name, webhook) in self.webhooks.iter() {
            named.push((format!("webhooks.{name}.url_from"), webhook.url_from.as_ref()));
            named.push((format!("webhooks.{name}.secret"), webhook.secret.as_ref()));
        }
        named.push(("store.password".to_owned(), self.store.password.as_ref()));
        named.push(("store.key".to_owned(), self.store.key.as_ref()));
        named.push(("audit.key".to_owned(), self.audit.key.as_ref()));
        let mut files = Vec::new();
        for (key, secret) in named {
            if let Some(SecretRef::File { file }) = secret {
                files.push((key, file.as_str()));
            }
        }
        for (key, tls) in [("tls.key", &self.tls), ("admin.tls.key", &self.admin.tls)] {
            files.extend(tls.as_ref().map(|tls| (key.to_owned(), tls.key.as_str())));
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schema::{SchemaOf, schema};

    #[test]
    fn every_key_that_can_name_a_secret_file_is_looked_at() {
        let secret = |name: &str| serde_json::json!({ "file": name });
        let tls = |name: &str| serde_json::json!({ "cert": "public", "key": name });
        let written = serde_json::json!({
            "version": 1,
            "routes": [],
            "upstreams": { "u": { "url": "https://u", "key": secret("1"), "tls": { "ca": "public" } } },
            "endpoints": { "e": { "url": "https://e", "key": secret("2"), "headers": { "x-a": secret("3") } } },
            "telemetry": { "headers": { "x-b": secret("4") } },
            "tenant": { "keys": secret("5") },
            "admin": { "auth": { "tokens": secret("6"), "oidc": {
                "issuer": "https://i", "client_id": "c", "client_secret": secret("15"), "redirect": "https://r", "roles": {},
            } }, "tls": tls("9") },
            "log": { "decisions": { "key": secret("7") } },
            "audit": { "key": secret("8") },
            "store": { "password": secret("11"), "key": secret("12") },
            "webhooks": { "w": { "url_from": secret("13"), "secret": secret("14"), "events": [] } },
            "tls": tls("10"),
        });
        let file: ServerFile = serde_json::from_value(written).unwrap();
        let found = file.secret_files();
        let mut named: Vec<u32> = found.iter().map(|(_, file)| file.parse().unwrap()).collect();
        named.sort_unstable();
        assert_eq!(named, (1..=15).collect::<Vec<_>>(), "{found:?}");
        let keys: Vec<&str> = found.iter().map(|(key, _)| &**key).collect();
        assert!(keys.contains(&"endpoints.e.headers.x-a") && keys.contains(&"admin.tls.key"));
        // One reference more in the schema is one more to look at here: thirteen, besides the keys of the two listeners.
        let references = schema(SchemaOf::Server).matches("#/$defs/SecretRef").count();
        assert_eq!(references, 13);
    }
}
