//! Conditions of a query that stand in it only where somebody asks for them: an index serves those that stand alone, and
//! none serves `$1 IS NULL OR …`.

use super::Value;

/// Conditions that all have to hold, with their values.
#[derive(Debug, Default)]
pub(super) struct Clauses {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Clauses {
    /// A value that is new; the result is its name in the statement. Values are named in the order in which they come.
    pub(super) fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// A condition with names of values in it.
    pub(super) fn add(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    /// A condition such as `policy =` about a value, where there is one.
    pub(super) fn when(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let name = self.value(value);
            self.add(format!("{condition} {name}"));
        }
    }

    /// `WHERE …`, or nothing.
    pub(super) fn sql(&self) -> String {
        if self.conditions.is_empty() {
            return String::new();
        }
        format!("WHERE {}", self.conditions.join(" AND "))
    }

    /// The values in the order of their names.
    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_stands_there_and_values_are_named_in_order() {
        let mut clauses = Clauses::default();
        assert_eq!(clauses.sql(), "");
        clauses.when("a =", Some("x"));
        clauses.when("b =", None::<&str>);
        clauses.add("d IS NULL");
        clauses.when("c <", Some(7_i64));
        let limit = clauses.value(5_i64);
        assert_eq!(
            (clauses.sql().as_str(), limit.as_str()),
            ("WHERE a = $1 AND d IS NULL AND c < $2", "$3")
        );
        assert_eq!(clauses.values(), ["x".into(), 7.into(), Value::Int(5)]);
    }
}
