//! What rules of tests find beside them: files, those of `corpus/files` and those that a case brings, and functions of an
//! embedder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tripline::data::{Files, Rows, Unread, Wanted};
use tripline::function::{Functions, Kind, Signature};
use tripline::io::data;
use tripline::{Limits, Settings, Value};

/// Texts by the names of files.
#[derive(Clone, Debug, Default)]
pub struct Beside(pub BTreeMap<String, String>);

/// `own_half(int)`, of an even number; `own_join(string, any …)`; `own_wrong(any)`, which does not give what it should.
pub fn functions() -> Functions {
    let half = Signature { required: &[Kind::Int], optional: &[], variadic: false, result: Kind::Int };
    let join =
        Signature { required: &[Kind::String], optional: &[Kind::Any], variadic: true, result: Kind::String };
    let wrong = Signature { required: &[Kind::Any], optional: &[], variadic: false, result: Kind::Float };
    Functions::default()
        .with("own_half", half, |args| match args {
            [Value::Int(n)] if n % 2 == 0 => Some(Value::Int(n / 2)),
            _ => None,
        })
        .with("own_join", join, |args| match args {
            [Value::Str(by), parts @ ..] => {
                let texts: Vec<String> = parts.iter().map(|part| format!("{part:?}")).collect();
                Some(Value::str(texts.join(by)))
            }
            _ => None,
        })
        .with("own_wrong", wrong, |args| match args {
            [Value::Int(0)] => Some(Value::Float(f64::NAN)),
            [Value::Int(1)] => Some(Value::Float(1.0)),
            [Value::Int(2)] => Some(Value::Null),
            [value] => Some(value.clone()),
            _ => None,
        })
}

impl Beside {
    pub fn settings(self) -> Settings {
        Settings { files: Some(Arc::new(self)), functions: functions(), ..Settings::default() }
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
