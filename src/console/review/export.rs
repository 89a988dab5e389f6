//! Settled items as a file, written page by page: however many there are, little of them is held at a time.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::IntoResponse as _;
use bytes::Bytes;
use futures_util::stream::try_unfold;
use serde::Deserialize;
use serde_json::json;

use crate::console::AdminState;
use crate::console::access::Principal;
use crate::console::answer::{Answer, ApiError, Asked};
use crate::people::export::{COLUMNS, Form, Reviewed, Written, csv_row};
use crate::store::{ItemFilter, ItemRow, ItemState, Store, StoreError};

/// Items that are read at once; each may bring the texts of a whole request.
const PAGE: i64 = 20;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FormWord {
    Labels,
    Trl,
    Openai,
    Csv,
}

impl FormWord {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Trl => "trl",
            Self::Openai => "openai",
            Self::Csv => "csv",
        }
    }

    const fn form(self) -> Form {
        match self {
            Self::Labels => Form::Labels,
            Self::Trl => Form::Trl,
            Self::Openai => Form::Openai,
            Self::Csv => Form::Csv,
        }
    }

    /// The headers of a file in this form.
    const fn headers(self) -> [(HeaderName, HeaderValue); 3] {
        let (kind, name) = match self {
            Self::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"reviews.csv\""),
            Self::Labels => ("application/x-ndjson", "attachment; filename=\"labels.jsonl\""),
            Self::Trl => ("application/x-ndjson", "attachment; filename=\"pairs-trl.jsonl\""),
            Self::Openai => ("application/x-ndjson", "attachment; filename=\"pairs-openai.jsonl\""),
        };
        [
            (CONTENT_TYPE, HeaderValue::from_static(kind)),
            (CONTENT_DISPOSITION, HeaderValue::from_static(name)),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ]
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    form: FormWord,
}

/// `GET /api/review/export`.
pub(super) async fn export(
    State(state): State<Arc<AdminState>>,
    principal: Principal,
    Asked(Wanted { form: word }): Asked<Wanted>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let filter =
        ItemFilter { state: Some(ItemState::Settled), limit: PAGE, ..ItemFilter::default() };
    let counted = filter.clone();
    // An export that nobody could tell of afterwards is none.
    principal
        .act(&store, move |c, by| {
            let items = ItemRow::count(c, &counted)?;
            let detail = json!({ "format": word.as_str(), "items": items });
            by.note(c, ("export", "items"), detail)
        })
        .await?;
    let form = word.form();
    let head = if form == Form::Csv { csv_row(COLUMNS.map(str::to_owned)) } else { String::new() };
    let pages = Pages { store, form, filter, head: Some(head) };
    let body = Body::from_stream(try_unfold(pages, Pages::next));
    Ok((word.headers(), body).into_response())
}

/// What is still to be written.
struct Pages {
    store: Store,
    form: Form,
    filter: ItemFilter,
    /// What stands before the first page.
    head: Option<String>,
}

impl Pages {
    /// The next page. Where the store fails in the middle, the answer breaks off, so that nobody takes it for whole.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        if let Some(head) = self.head.take().filter(|head| !head.is_empty()) {
            return Ok(Some((Bytes::from(head), self)));
        }
        loop {
            let (of, with_requests) = (self.filter.clone(), self.form.takes_requests());
            let keyed = self.store.clone();
            let read = move |c: &mut dyn crate::store::Connection| {
                Reviewed::page(c, keyed.key(), (&of, with_requests))
            };
            let page = self.store.search(read).await?;
            let Some(last) = page.last() else { return Ok(None) };
            self.filter.after = Some(last.row.item.id.clone());
            let lines: String = page.iter().filter_map(|one| line(self.form, one)).collect();
            if !lines.is_empty() {
                return Ok(Some((Bytes::from(lines), self)));
            }
        }
    }
}

/// A line about an item; none where the form has no place for it.
fn line(form: Form, reviewed: &Reviewed) -> Option<String> {
    Some(match form.of(reviewed).ok()? {
        Written::Json(value) => format!("{value}\n"),
        Written::Cells(cells) => csv_row(*cells),
    })
}
