//! The files that rules of tests read lists and tables from: those of `corpus/files`, and those that a case brings.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tripline::data::{Files, Rows, Unread, Wanted};
use tripline::io::data;
use tripline::{Limits, Settings, Value};

/// Texts by the names of files.
#[derive(Clone, Debug, Default)]
pub struct Beside(pub BTreeMap<String, String>);

impl Beside {
    pub fn settings(self) -> Settings {
        Settings { files: Some(Arc::new(self)), ..Settings::default() }
    }

    fn text(&self, name: &str) -> Result<String, Unread> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/files");
        let text = self.0.get(name).cloned().or_else(|| std::fs::read_to_string(folder.join(name)).ok());
        let why =
            || Unread::Closed { why: format!("`{name}` is not there"), help: Some("name another".into()) };
        text.ok_or_else(why)
    }
}

impl Files for Beside {
    fn list(&self, wanted: Wanted<'_>) -> Result<Vec<Value>, Unread> {
        data::items(wanted.name, self.text(wanted.name)?.as_bytes(), &Limits::default())
    }

    fn table(&self, wanted: Wanted<'_>, key: &str) -> Result<Rows, Unread> {
        data::rows(wanted.name, self.text(wanted.name)?.as_bytes(), &Limits::default(), key)
    }
}
