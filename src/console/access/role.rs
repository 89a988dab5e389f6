//! What people may do.

/// Something that one may do at the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// See figures, decisions and rules, without any text of users.
    See,
    /// Read texts of users, and the files of policies; try texts.
    Read,
    /// Judge items of the review queues.
    Judge,
    /// Take labelled texts out.
    Export,
    /// Change tests, exceptions and adapted thresholds.
    Edit,
    /// Manage users and tokens, read the ledger, erase texts.
    Manage,
}

/// What somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees figures.
    Viewer,
    /// Reads and judges.
    Reviewer,
    /// Works on policies.
    Editor,
    /// Everything.
    Admin,
}

// === impl Permission ===

impl Permission {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::See, Self::Read, Self::Judge, Self::Export, Self::Edit, Self::Manage];

    /// The word that the API and the store use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::Read => "read",
            Self::Judge => "judge",
            Self::Export => "export",
            Self::Edit => "edit",
            Self::Manage => "manage",
        }
    }

    /// The permission of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == word)
    }
}

// === impl Role ===

impl Role {
    /// All of them, from the least on.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Reviewer, Self::Editor, Self::Admin];

    /// The word that the API and the store use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// The role of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// What it may do. Each role may do what the ones before it may.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::{Edit, Export, Judge, Manage, Read, See};
        match self {
            Self::Viewer => &[See],
            Self::Reviewer => &[See, Read, Judge],
            Self::Editor => &[See, Read, Judge, Export, Edit],
            Self::Admin => &[See, Read, Judge, Export, Edit, Manage],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_one_before_it_may_and_more() {
        for (less, more) in Role::ALL.iter().zip(&Role::ALL[1..]) {
            let (less, more) = (less.permissions(), more.permissions());
            assert!(less.len() < more.len() && less.iter().all(|one| more.contains(one)));
        }
        assert_eq!(Role::Admin.permissions(), Permission::ALL);
    }

    #[test]
    fn words_lead_back_to_what_they_name() {
        assert!(Permission::ALL.iter().all(|one| Permission::of(one.as_str()) == Some(*one)));
        assert!(Role::ALL.iter().all(|one| Role::of(one.as_str()) == Some(*one)));
        assert_eq!((Role::of("root"), Permission::of("Admin")), (None, None));
    }
}
