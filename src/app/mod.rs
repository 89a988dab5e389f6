//! Puts the parts together: loads the configuration, serves, reloads, drains.
//!
//! It is the only place that sees both ends; it screens nothing itself.

mod adapt;
mod admin;
mod apart;
mod certificates;
mod classifiers;
mod descriptors;
mod dialects;
mod examine;
mod exporter;
mod exposed;
mod identity;
mod inquirer;
mod load;
mod manager;
mod people;
mod ready;
mod records;
mod reload;
mod serve;
mod store;
mod suites;
mod upstreams;
mod watch;
mod webhooks;
mod workshop;

pub use certificates::Certificates;
pub use dialects::{KnownDialects, known_dialects};
pub use examine::examine;
pub use inquirer::Inquirer;
pub use load::{Files, Loaded, names_of_routes};
pub use serve::{App, Order, ServeError, ServeOptions, serve};
pub use store::{OpenStore, StoreFault, open_store};
pub use suites::{BudgetReport, SuiteReport, TestReport, run_suite, suite_files};
pub use upstreams::Upstreams;
pub use workshop::Bench;
