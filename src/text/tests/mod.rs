//! Properties of every view, and the rows of the evasion catalogue that these views answer.

mod evasion;
mod properties;

use super::{Reading, VIEWS};

/// The reading that changes nothing.
fn raw(text: &str) -> Reading {
    let mut reading = Reading::default();
    reading.identity(text);
    reading
}

/// A view by its name, built over the views it stands on.
fn view(name: &str, text: &str) -> Reading {
    let mut readings: Vec<Reading> = Vec::new();
    for view in VIEWS {
        let input = view.over.map_or_else(|| raw(text), |over| readings[over].clone());
        let mut out = Reading::default();
        (view.build)(&input, &mut out);
        if view.name.0 == name {
            return out;
        }
        readings.push(out);
    }
    panic!("no view {name}")
}

/// The text of a view.
fn read(name: &str, text: &str) -> String {
    view(name, text).as_str().to_owned()
}
