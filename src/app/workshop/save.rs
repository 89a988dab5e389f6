//! Writes a change of a file: all of it or nothing, and only over what it was made from.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::{Component, Path, PathBuf};

use uuid::Uuid;

use crate::console::WorkshopFault;
use crate::people::improve::Proposal;

/// Writes a proposal. Its file has to lie in one of the folders below the configuration root, and be no link.
pub(super) fn save(
    root: &Path,
    folders: &[&str],
    proposal: &Proposal,
) -> Result<(), WorkshopFault> {
    let outside = || WorkshopFault::Outside(proposal.file.clone());
    let path = lies_in(root, folders, &proposal.file).ok_or_else(outside)?;
    let system = |error: io::Error| WorkshopFault::System(format!("{}: {error}", path.display()));
    let changed = || WorkshopFault::Changed(proposal.file.clone());
    let is = match fs::symlink_metadata(&path) {
        Ok(file) if file.is_file() => Some(file),
        Ok(_) => return Err(outside()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(system(error)),
    };
    let read = is.as_ref().map(|_| fs::read(&path)).transpose().map_err(system)?;
    if read.as_deref() != proposal.before.as_deref().map(str::as_bytes) {
        return Err(changed());
    }
    let name =
        path.file_name().map(|name| name.to_string_lossy().into_owned()).ok_or_else(outside)?;
    let beside = path.with_file_name(format!(".{name}.{}.part", Uuid::now_v7().simple()));
    let written = write(&beside, &proposal.after, is).and_then(|()| {
        if read.is_some() {
            fs::rename(&beside, &path)
        } else {
            // Whoever made the file meanwhile keeps it.
            fs::hard_link(&beside, &path)
        }
    });
    if written.is_err() || read.is_none() {
        fs::remove_file(&beside).unwrap_or_default();
    }
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(changed()),
        other => other.and_then(|()| settle(&path)).map_err(system),
    }
}

/// The name in the folder outlives a loss of power too.
fn settle(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn write(path: &Path, text: &str, was: Option<fs::Metadata>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    if let Some(was) = was {
        file.set_permissions(was.permissions())?;
        // Whoever owned the file keeps it, where the gate may give it away.
        fchown(&file, Some(was.uid()), Some(was.gid())).unwrap_or_default();
    }
    file.sync_all()
}

/// Where a file lies, if that is in one of the folders, no link leads there, and it is no folder further down. The folder of
/// tests is made where it is missing.
fn lies_in(root: &Path, folders: &[&str], file: &str) -> Option<PathBuf> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    let relative = Path::new(file);
    if !relative.components().all(plain) {
        return None;
    }
    let folder = folders.iter().map(|folder| root.join(folder));
    let folder = folder.into_iter().find(|folder| root.join(relative).starts_with(folder))?;
    let path = root.join(relative);
    if path.parent() == Some(&folder) && !folder.is_dir() {
        fs::create_dir(&folder).ok()?;
    }
    let real = path.parent()?.canonicalize().ok()?;
    // A link to a folder elsewhere, or to another one of these, is none of these folders.
    let expected = root.canonicalize().ok()?.join(relative.parent()?);
    (real == expected).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDERS: [&str; 2] = ["policies", "tests"];

    fn proposal(file: &str, before: Option<&str>, after: &str) -> Proposal {
        Proposal {
            file: file.to_owned(),
            yaml: String::new(),
            before: before.map(str::to_owned),
            after: after.to_owned(),
            todo: false,
            tests: 0,
        }
    }

    #[test]
    fn a_file_is_written_over_what_it_was_made_from_alone() {
        let root = tempfile::tempdir().expect("a folder");
        let read = |file: &str| fs::read_to_string(root.path().join(file)).unwrap_or_default();
        fs::create_dir(root.path().join("policies")).expect("a folder");
        fs::write(root.path().join("policies/a.yaml"), "old").expect("a file");
        let save = |one: &Proposal| save(root.path(), &FOLDERS, one);
        assert_eq!(save(&proposal("policies/a.yaml", Some("old"), "new")), Ok(()));
        assert_eq!(read("policies/a.yaml"), "new");
        let changed = Err(WorkshopFault::Changed("policies/a.yaml".to_owned()));
        assert_eq!(save(&proposal("policies/a.yaml", Some("old"), "newer")), changed);
        assert_eq!(save(&proposal("policies/a.yaml", None, "newer")), changed);
        assert_eq!(save(&proposal("tests/a.test.yaml", None, "tests")), Ok(()));
        assert_eq!(read("tests/a.test.yaml"), "tests");
        let gone = Err(WorkshopFault::Changed("tests/b.test.yaml".to_owned()));
        assert_eq!(save(&proposal("tests/b.test.yaml", Some("x"), "y")), gone);
        let left = fs::read_dir(root.path().join("policies")).expect("a folder").count();
        assert_eq!(left, 1, "nothing is left beside the file");
    }

    #[test]
    fn links_and_what_lies_elsewhere_are_never_written() {
        let root = tempfile::tempdir().expect("a folder");
        let other = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("policies");
        fs::create_dir(&folder).expect("a folder");
        for file in [other.path().join("x.yaml"), root.path().join("tidegate.yaml")] {
            fs::write(file, "old").expect("a file");
        }
        std::os::unix::fs::symlink(other.path().join("x.yaml"), folder.join("x.yaml"))
            .expect("a link");
        std::os::unix::fs::symlink(other.path(), folder.join("packs")).expect("a link");
        for file in [
            "policies/x.yaml",
            "policies/packs/x.yaml",
            "policies/../tidegate.yaml",
            "tidegate.yaml",
            "/etc/passwd",
            "policies",
        ] {
            let outside = Err(WorkshopFault::Outside(file.to_owned()));
            assert_eq!(save(root.path(), &FOLDERS, &proposal(file, Some("old"), "new")), outside);
        }
        let untouched = fs::read_to_string(other.path().join("x.yaml")).expect("a file");
        assert_eq!(untouched, "old");
    }
}
