//! One row, taken apart into its texts.

use std::borrow::Cow;
use std::ops::Range;

use super::fields::{Fields, Text};
use super::source::Form;
use super::table::{Header, value};
use crate::wire::json::{Doc, JsonLimits, JsonProblem, Strictness, parse};

/// A row that was taken apart.
pub(super) enum Parts<'b> {
    Json(&'b Doc),
    /// A row of columns as JSON, which is judged and not written.
    Columns,
    Table(&'b Header, Vec<Range<usize>>),
    Line,
}

/// Takes a row apart and hands its parts and texts on. The message says what is wrong with a row that cannot be used.
pub(super) fn take_apart<R>(
    (fields, form): (&Fields, Form),
    header: Option<&Header>,
    bytes: &[u8],
    then: impl FnOnce(&Parts<'_>, &[Text<'_>]) -> R,
) -> Result<R, String> {
    match (form, header) {
        (Form::JsonLines | Form::JsonArray, _) => {
            let doc = read(bytes)?;
            let texts = fields.of_json(&doc, bytes)?;
            Ok(then(&Parts::Json(&doc), &texts))
        }
        (Form::Csv | Form::Tsv, Some(header)) => {
            let cells = header.split(bytes)?;
            let values = values(header, &cells, bytes)?;
            let texts = fields.of_values(&header.names, &values)?;
            Ok(then(&Parts::Table(header, cells), &texts))
        }
        (Form::Csv | Form::Tsv, None) => Err("a row without names of columns".to_owned()),
        (Form::Text, _) => {
            let line = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
            Ok(then(&Parts::Line, &[fields.of_line(line)]))
        }
        (Form::Parquet, _) => Err("a row of columns is no line".to_owned()),
    }
}

/// The same for a row of columns, as JSON.
pub(super) fn take_columns<R>(
    fields: &Fields,
    bytes: &[u8],
    then: impl FnOnce(&Parts<'_>, &[Text<'_>]) -> R,
) -> Result<R, String> {
    let doc = read(bytes)?;
    let texts = fields.of_json(&doc, bytes)?;
    Ok(then(&Parts::Columns, &texts))
}

fn values<'b>(
    header: &Header,
    cells: &[Range<usize>],
    bytes: &'b [u8],
) -> Result<Vec<Cow<'b, str>>, String> {
    let mut values = Vec::with_capacity(cells.len());
    for (cell, name) in cells.iter().zip(&header.names) {
        let value = match value(bytes.get(cell.clone()).unwrap_or_default()) {
            Cow::Borrowed(value) => std::str::from_utf8(value).ok().map(Cow::Borrowed),
            Cow::Owned(value) => String::from_utf8(value).ok().map(Cow::Owned),
        };
        values.push(value.ok_or_else(|| format!("`{name}` is not UTF-8"))?);
    }
    Ok(values)
}

fn read(bytes: &[u8]) -> Result<Doc, String> {
    parse(bytes, Strictness::Request, &JsonLimits::default()).map_err(|problem| wrong(&problem))
}

fn wrong(problem: &JsonProblem) -> String {
    problem.to_string().replacen("the body", "the row", 1).replacen("JSON body", "JSON row", 1)
}
