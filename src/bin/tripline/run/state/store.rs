//! Rule sets by their content: what they were compiled from, so that a run can go on with the one that was in force.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tripline::data::{Files, Rows, Unread, Wanted};
use tripline::io::data;
use tripline::{Limits, Program, Settings, SourceFile, Value};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::files;
use crate::rules::{Origin, plain};

/// Rule sets in a folder.
pub(super) struct Store(PathBuf);

/// What a rule set is compiled from.
#[derive(Serialize, Deserialize)]
struct Manifest {
    /// The rule files: their names, and what they hold by its digest.
    sources: Vec<(String, String)>,
    params: Vec<(String, String)>,
    /// The files of lists and tables, by the path where they were read.
    data: BTreeMap<String, String>,
}

const ENDING: &str = ".rules.json";

impl Store {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let folder = folder.join("rules");
        files::make(&folder)?;
        files::tidy(&folder)?;
        Ok(Store(folder))
    }

    /// Keeps what a rule set was compiled from; its name. Lists and tables are read once more: that they are as they were is
    /// told by their digests.
    pub(super) fn keep(&self, origin: &Origin) -> Result<String, String> {
        let name = name(origin.contents);
        if self.0.join(&name).exists() {
            return Ok(name);
        }
        let failed = |e: io::Error| format!("cannot keep the rules in `{}`: {}", self.0.display(), plain(&e));
        let (mut sources, mut data) = (Vec::new(), BTreeMap::new());
        for source in &origin.sources {
            let digest = digest(xxh3_128(source.text.as_bytes()));
            if !self.0.join(&digest).exists() {
                files::write_whole(&self.0, &digest, &[source.text.as_bytes()]).map_err(failed)?;
            }
            sources.push((source.name.clone(), digest));
        }
        for (path, was) in &origin.data {
            let was = digest(*was);
            if !self.0.join(&was).exists() && !self.copy(path, &was).map_err(failed)? {
                return Err(format!("`{}` is being changed", path.display()));
            }
            data.insert(path.to_string_lossy().into_owned(), was);
        }
        let manifest = Manifest { sources, params: origin.params.clone(), data };
        let text = serde_json::to_vec_pretty(&manifest).map_err(|e| failed(e.into()))?;
        files::write_whole(&self.0, &name, &[&text]).map_err(failed)?;
        Ok(name)
    }

    /// Copies a file to its digest; whether it has that still.
    fn copy(&self, path: &Path, to: &str) -> io::Result<bool> {
        let mut from = BufReader::new(File::open(path)?);
        let mut hash = Xxh3::new();
        let other = || io::Error::other("it is another file");
        let copied = files::replace(&self.0, to, |file| {
            let mut buffer = vec![0; 1 << 16];
            loop {
                let read = from.read(&mut buffer)?;
                let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
                hash.update(bytes);
                file.write_all(bytes)?;
            }
            if digest(hash.digest128()) == to { Ok(()) } else { Err(other()) }
        });
        match copied {
            Err(error) if error.to_string() == other().to_string() => Ok(false),
            done => done.map(|()| true),
        }
    }

    /// The rule set of a name, compiled again.
    pub(super) fn load(&self, name: &str) -> Result<(Program, Origin), String> {
        let failed = |why: String| {
            format!("cannot read the rules that were in force, `{name}` in `{}`: {why}", self.0.display())
        };
        let read = |file: &str| fs::read(self.0.join(file)).map_err(|e| failed(plain(&e)));
        let manifest: Manifest = serde_json::from_slice(&read(name)?).map_err(|e| failed(e.to_string()))?;
        let mut sources = Vec::new();
        for (name, digest) in manifest.sources {
            let text = String::from_utf8(read(&digest)?).map_err(|e| failed(e.to_string()))?;
            sources.push(SourceFile::new(name, text));
        }
        let limits = Limits::default();
        let data = manifest.data.into_iter().map(|(path, digest)| (PathBuf::from(path), digest)).collect();
        let homes =
            sources.iter().map(|source| Path::new(&source.name).parent().unwrap_or(Path::new("")).to_owned());
        let kept = Kept { folder: self.0.clone(), homes: homes.collect(), data, limits: limits.clone() };
        let origin_data = kept.data.iter().filter_map(|(path, digest)| Some((path.clone(), number(digest)?)));
        let origin = Origin {
            data: origin_data.collect(),
            params: manifest.params.clone(),
            contents: name.strip_suffix(ENDING).and_then(number).unwrap_or_default(),
            sources: sources.clone(),
        };
        let settings =
            Settings { params: manifest.params, files: Some(Arc::new(kept)), ..Settings::default() };
        let (program, findings) = Program::compile(&sources, &settings, limits);
        let program = program.ok_or_else(|| {
            let first = findings.iter().find(|finding| finding.is_error());
            failed(format!("they do not compile any more: {}", first.map_or("", |finding| &finding.message)))
        })?;
        Ok((program, origin))
    }

    /// Takes away what is of none of these rule sets.
    pub(super) fn forget_others(&self, names: &BTreeSet<String>) -> io::Result<()> {
        let mut kept = names.clone();
        for name in names {
            if let Ok(manifest) = serde_json::from_slice::<Manifest>(&fs::read(self.0.join(name))?) {
                kept.extend(manifest.sources.into_iter().map(|(_, digest)| digest));
                kept.extend(manifest.data.into_values());
            }
        }
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| !kept.contains(name)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// The name of the rule set with these contents.
pub(super) fn name(contents: u128) -> String {
    format!("{}{ENDING}", digest(contents))
}

fn digest(number: u128) -> String {
    format!("{number:032x}")
}

fn number(digest: &str) -> Option<u128> {
    u128::from_str_radix(digest, 16).ok()
}

/// The files of lists and tables, as they were.
#[derive(Debug)]
struct Kept {
    folder: PathBuf,
    /// For each rule file what its paths are seen from.
    homes: Vec<PathBuf>,
    data: BTreeMap<PathBuf, String>,
    limits: Limits,
}

impl Kept {
    fn open(&self, wanted: Wanted<'_>) -> Result<BufReader<File>, Unread> {
        let path = self.homes.get(wanted.rule_file.0 as usize).map(|home| home.join(wanted.name));
        let digest = path.and_then(|path| self.data.get(&path));
        let closed = |why: String| Unread::Closed { why, help: None };
        let digest = digest.ok_or_else(|| closed(format!("`{}` was not kept", wanted.name)))?;
        let file = OpenOptions::new().read(true).open(self.folder.join(digest));
        file.map(BufReader::new)
            .map_err(|e| closed(format!("cannot open what was kept of `{}`: {}", wanted.name, plain(&e))))
    }
}

impl Files for Kept {
    fn list(&self, wanted: Wanted<'_>) -> Result<Vec<Value>, Unread> {
        data::items(wanted.name, self.open(wanted)?, &self.limits)
    }

    fn table(&self, wanted: Wanted<'_>, key: &str) -> Result<Rows, Unread> {
        data::rows(wanted.name, self.open(wanted)?, &self.limits, key)
    }
}
