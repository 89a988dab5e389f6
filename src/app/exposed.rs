//! Files of secrets that more people can read or write than have to.

use std::os::unix::fs::PermissionsExt as _;

use crate::config::{Code, LoadedServer, Problem, Problems};

/// The bits of a mode that let others read. A group may: in Kubernetes files of a secret belong to root, and the gate reads
/// them by its group (`fsGroup`).
const OTHERS_READ: u32 = 0o004;
/// The bits that let anybody but the owner put another secret in the place of this one.
const WRITE: u32 = 0o022;
/// The bits of a mode that are about who may do what.
const PERMISSIONS: u32 = 0o7777;

/// A warning for each file of a secret that the server file names and whose mode is too wide. Nothing is said about one that is
/// not there: whoever checks a configuration elsewhere has no secrets.
pub(super) fn exposed(server: &LoadedServer) -> Problems {
    let mut problems = Problems::new();
    for (key, written) in server.file.secret_files() {
        let path = server.root.join(written);
        let Ok(found) = std::fs::metadata(&path) else { continue };
        let mode = found.permissions().mode() & PERMISSIONS;
        let who = match (mode & OTHERS_READ != 0, mode & WRITE != 0) {
            (true, _) => "read",
            (false, true) => "write",
            (false, false) => continue,
        };
        if !found.is_file() {
            continue;
        }
        let path = path.display();
        let message = format!(
            "`{key}` names a file that others than its owner can {who}: `{path}` has mode {mode:04o}"
        );
        let at = server.document.at(&key);
        let problem = Problem::new(Code::TG068, message).at(at, "named here");
        let help = format!("chmod 600 {path}; in Kubernetes `defaultMode: 0400` of the volume");
        problems.push(problem.help(help));
    }
    problems
}
