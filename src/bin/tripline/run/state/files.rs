//! Files of a state folder: names with numbers, what nobody else may read, and writing as a whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Files whose names have a number.
pub(super) struct Numbered {
    pub(super) stem: &'static str,
    pub(super) ending: &'static str,
}

impl Numbered {
    /// The name with a number, in the order of which names sort.
    pub(super) fn of(&self, number: u64) -> String {
        format!("{}{number:012}{}", self.stem, self.ending)
    }

    /// The numbers that are there, in order.
    pub(super) fn all(&self, folder: &Path) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let number =
                name.to_str().and_then(|name| name.strip_prefix(self.stem)?.strip_suffix(self.ending));
            numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// What is made with these options may be read by nobody else: it tells of people.
pub(in super::super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a folder that nobody else may look into, if it is not there.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file as a whole: under its name stands all of it or what stood there before, whatever happens.
pub(super) fn write_whole(folder: &Path, name: &str, parts: &[&[u8]]) -> io::Result<()> {
    replace(folder, name, |file| parts.iter().try_for_each(|part| file.write_all(part)))
}

/// The same with what somebody writes.
pub(super) fn replace(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let unfinished = folder.join(format!("{name}{UNFINISHED}"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let mut file = private(&mut options).open(&unfinished)?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&unfinished, folder.join(name))) {
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    sync_folder(folder)
}

/// Takes away what was not finished when a process ended.
pub(super) fn tidy(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_str().is_some_and(|path| path.ends_with(UNFINISHED)) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

const UNFINISHED: &str = ".unfinished";

/// Has the system keep the names in a folder.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Bytes with random edits: some others, some more, some less.
#[cfg(test)]
pub(super) fn edited(bytes: &[u8], count: u64) -> impl Iterator<Item = Vec<u8>> {
    const USUAL: &[u8] = br#"{}[]",:0123456789-e.nulltruefalse\"#;
    (0..count).map(|seed| {
        let mut random = seed;
        let mut below = |end: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % end.max(1)
        };
        let mut other = bytes.to_vec();
        for _ in 0..1 + below(4) {
            let at = below(other.len());
            match below(4) {
                0 => other[at] = below(256) as u8,
                1 => other[at] = USUAL[below(USUAL.len())],
                2 => other.insert(at, USUAL[below(USUAL.len())]),
                _ => {
                    let end = (at + 1 + below(8)).min(other.len());
                    other.drain(at..end);
                }
            }
        }
        other
    })
}
