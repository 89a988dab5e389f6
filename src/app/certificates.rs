//! Certificates and keys, read from their files: those of the listeners, and the authorities that
//! upstreams are trusted by.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::config::server_file::TlsFiles;
use crate::config::{Code, LoadedServer, Problem, Problems};
use crate::proxy::ServerTls;
use crate::upstream::Authorities;

/// The largest file of certificates or keys that is read: a bundle of all public authorities has
/// some 250 KiB.
const LARGEST_FILE: u64 = 4 << 20;

/// Bytes of the hash in a revision.
const REVISION_BYTES: usize = 6;

/// Everything that the server file names in the way of certificates.
#[derive(Debug, Default)]
pub struct Certificates {
    /// Of the data listener.
    pub data: Option<Arc<ServerTls>>,
    /// Of the admin listener.
    pub admin: Option<Arc<ServerTls>>,
    /// Authorities by the name of their upstream.
    pub authorities: HashMap<String, Authorities>,
    /// A hash of all of the files.
    pub revision: String,
    /// The folders that they lie in.
    pub folders: Vec<PathBuf>,
}

/// Reads what the server file names; paths are relative to its folder. What cannot be used is a
/// problem at its key. It is no part of reading the configuration, because whoever checks one
/// elsewhere has no private keys there.
pub(super) fn read_certificates(server: &LoadedServer, problems: &mut Problems) -> Certificates {
    let mut reader = Reader { server, problems, hash: Sha256::new(), folders: Vec::new() };
    let data = server.file.tls.as_ref().and_then(|files| reader.listener("tls", files));
    let admin = server.file.admin.tls.as_ref();
    let admin = admin.and_then(|files| reader.listener("admin.tls", files));
    let mut authorities = HashMap::new();
    for (name, upstream) in server.file.upstreams.iter() {
        let Some(path) = &upstream.tls.ca else { continue };
        if let Some(read) = reader.authorities(&format!("upstreams.{name}.tls.ca"), path) {
            authorities.insert(name.to_owned(), read);
        }
    }
    reader.endpoints(&|_| true, &mut authorities);
    Certificates { data, admin, authorities, ..reader.finish() }
}

/// The authorities of these endpoints alone.
pub(super) fn endpoint_authorities(
    server: &LoadedServer,
    named: &BTreeSet<&str>,
    problems: &mut Problems,
) -> Certificates {
    let mut reader = Reader { server, problems, hash: Sha256::new(), folders: Vec::new() };
    let mut authorities = HashMap::new();
    reader.endpoints(&|name| named.contains(name), &mut authorities);
    Certificates { authorities, ..reader.finish() }
}

/// The authorities in one file, named at `key`.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn named_authorities(
    server: &LoadedServer,
    key: &str,
    path: &str,
) -> Result<Authorities, Problems> {
    let mut problems = Problems::new();
    let mut reader =
        Reader { server, problems: &mut problems, hash: Sha256::new(), folders: Vec::new() };
    let read = reader.authorities(key, path);
    read.ok_or(problems)
}

struct Reader<'s> {
    server: &'s LoadedServer,
    problems: &'s mut Problems,
    hash: Sha256,
    folders: Vec<PathBuf>,
}

impl Reader<'_> {
    fn endpoints(
        &mut self,
        wanted: &dyn Fn(&str) -> bool,
        authorities: &mut HashMap<String, Authorities>,
    ) {
        let server = self.server;
        for (name, endpoint) in server.file.endpoints.iter().filter(|(name, _)| wanted(name)) {
            let Some(path) = &endpoint.tls.ca else { continue };
            if let Some(read) = self.authorities(&format!("endpoints.{name}.tls.ca"), path) {
                authorities.insert(format!("endpoints.{name}"), read);
            }
        }
    }

    fn finish(self) -> Certificates {
        let digest = self.hash.finalize();
        let mut revision = String::new();
        for byte in digest.iter().take(REVISION_BYTES) {
            write!(revision, "{byte:02x}").unwrap_or_default();
        }
        Certificates { revision, folders: self.folders, ..Certificates::default() }
    }

    fn listener(&mut self, key: &str, files: &TlsFiles) -> Option<Arc<ServerTls>> {
        let chain = self.file(&format!("{key}.cert"), &files.cert);
        let private = self.file(&format!("{key}.key"), &files.key);
        match ServerTls::new(&chain?, &private?) {
            Ok(tls) => Some(Arc::new(tls)),
            Err(error) => {
                self.wrong(key, &error.to_string());
                None
            }
        }
    }

    fn authorities(&mut self, key: &str, path: &str) -> Option<Authorities> {
        let bytes = self.file(key, path)?;
        match Authorities::from_pem(&bytes) {
            Ok(read) => Some(read),
            Err(error) => {
                self.wrong(key, &error.to_string());
                None
            }
        }
    }

    fn file(&mut self, key: &str, path: &str) -> Option<Vec<u8>> {
        let path = self.server.root.join(path);
        if let Some(folder) = path.parent() {
            self.folders.push(folder.to_owned());
        }
        match read_file(&path) {
            Ok(bytes) => {
                self.hash.update((bytes.len() as u64).to_le_bytes());
                self.hash.update(&bytes);
                Some(bytes)
            }
            Err(error) => {
                self.wrong(key, &format!("`{}` cannot be read: {error}", path.display()));
                None
            }
        }
    }

    fn wrong(&mut self, key: &str, message: &str) {
        let at = self.server.document.at(key);
        self.problems.push(Problem::new(Code::TG064, message).at(at, "named here"));
    }
}

fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.len() > LARGEST_FILE {
        return Err(std::io::Error::other("it is larger than 4 MiB"));
    }
    std::fs::read(path)
}
