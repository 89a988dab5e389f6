//! Facts that the disguises need, written down independently of the gate's own tables.

pub(crate) mod arabic;
pub(crate) mod codes;
pub(crate) mod han;
pub(crate) mod latin;
pub(crate) mod sounds;
