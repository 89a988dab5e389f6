//! Puts the parts together: loads the configuration, serves, reloads, drains.
//!
//! It is the only place that sees both ends; it screens nothing itself.

mod apart;
mod certificates;
mod dialects;
mod load;
mod reload;
mod serve;
mod suites;
mod watch;

pub use certificates::Certificates;
pub use load::{Loaded, load, names_of_routes};
pub use serve::{App, Order, ServeError, ServeOptions, serve};
pub use suites::{BudgetReport, SuiteReport, TestReport, run_suite, suite_files};
