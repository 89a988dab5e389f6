//! A form as the JSON object that its fields come to, so that one table and one reader serve both; what is changed is
//! changed in the form itself.

use std::ops::Range;

use bytes::Bytes;

use super::leaves::{Gathered, MediaPart};
use super::splice::Place;
use super::{BodyProblem, Request};
use crate::domain::{Author, EditClass, Passage, TextKind};
use crate::wire::dialect::RequestSpec;
use crate::wire::json::quote;
use crate::wire::multipart::{self, Field};
use crate::wire::table::Media;

/// A form, read.
pub(super) struct Form {
    /// The object: texts as strings, files as empty ones.
    pub(super) json: Vec<u8>,
    /// Where the string of a text begins in the object, and where the text stands in the form.
    texts: Vec<(usize, Range<usize>)>,
    /// The paths of files, with their names.
    files: Vec<(String, String)>,
}

impl Form {
    /// Reads a form. A name that stands there twice without being a list is left to the reader of the object.
    pub(super) fn read(
        spec: &RequestSpec,
        bytes: &Bytes,
        boundary: &str,
    ) -> Result<Self, BodyProblem> {
        let fields = multipart::read(bytes, boundary)?;
        let mut form = Self { json: vec![b'{'], texts: Vec::new(), files: Vec::new() };
        let flag = spec.stream.as_ref().map(ToString::to_string).unwrap_or_default();
        for (at, field) in fields.iter().enumerate() {
            let same = |other: &&Field| other.listed && field.listed && other.name == field.name;
            let before = fields.get(..at).unwrap_or_default();
            if before.iter().any(|other| same(&other)) {
                continue;
            }
            if form.json.len() > 1 {
                form.json.push(b',');
            }
            form.json.extend(quote(&field.name));
            form.json.push(b':');
            if field.listed {
                form.json.push(b'[');
                for (index, one) in fields.iter().filter(same).enumerate() {
                    if index > 0 {
                        form.json.push(b',');
                    }
                    form.value(one, bytes, &format!("{}[{index}]", one.name));
                }
                form.json.push(b']');
                continue;
            }
            match bytes.get(field.value.clone()) {
                Some(value @ (b"true" | b"false")) if field.name == flag => {
                    form.json.extend_from_slice(value);
                }
                _ => form.value(field, bytes, &field.name),
            }
        }
        form.json.push(b'}');
        Ok(form)
    }

    fn value(&mut self, field: &Field, bytes: &Bytes, path: &str) {
        if let Some(filename) = &field.filename {
            self.files.push((path.to_owned(), filename.clone()));
            self.json.extend_from_slice(b"\"\"");
            return;
        }
        let text = bytes.get(field.value.clone()).unwrap_or_default();
        self.texts.push((self.json.len(), field.value.clone()));
        self.json.extend(quote(&String::from_utf8_lossy(text)));
    }

    /// What was gathered from the object, with its places in the form. The names of files are texts, and a file is
    /// one whatever the table expects there.
    pub(super) fn placed(self, mut gathered: Gathered) -> Gathered {
        for place in &mut gathered.places {
            if let Place::Token(token) = place {
                let field = self.texts.iter().find(|(start, _)| *start == token.start);
                *place = field.map_or(Place::Fixed, |(_, value)| Place::Plain(value.clone()));
            }
        }
        for (path, filename) in self.files {
            if !filename.is_empty() {
                gathered.passages.push(Passage {
                    path: format!("{path}.filename"),
                    author: Author::User,
                    kind: TextKind::Meta,
                    edit: EditClass::Fixed,
                    turn: None,
                    text: filename,
                });
                gathered.places.push(Place::Fixed);
            }
            if gathered.media.iter().all(|part| part.path != path) {
                gathered.media.push(MediaPart { path, sort: Media::Unknown, author: Author::User });
            }
        }
        gathered
    }
}

impl Request {
    /// The boundary of the form that the body is.
    pub fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }
}
