//! One event gives a metric, a decision record and a log line.
