//! Files from the disk: the configuration root, packs, word lists, and the layers of the server file.
//!
//! This is the only place of `config` that touches the file system; it never reads the environment.

mod adapt;
mod dialects;
mod files;
mod identities;
mod layers;
mod merge;
mod policy;
mod recipe;
mod server;
mod tests_file;
mod word_list;

pub use dialects::{LoadedDialect, load_dialects, read_dialect_text};
pub use files::{Overlay, configuration_root};
pub use identities::load_identities;
pub use layers::{Flag, Origin, Setting};
pub use policy::{
    LoadedLexicon, LoadedPolicy, RuleOrigin, check_dates, load_policies, load_policies_over,
    load_policy, load_policy_over,
};
pub use recipe::{LoadedRecipe, load_recipe};
pub use server::{LoadedServer, check_route_policies, check_rule_labels, load_server};
pub use tests_file::{LoadedTests, load_tests, load_tests_over};
pub use word_list::check_word_list;

#[cfg(test)]
mod tests;
