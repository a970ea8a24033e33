//! Inputs as bytes, decompressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom, Stdin};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::Error;
use super::inputs::Input;

/// Called before each read of an input's bytes, with the number of bytes that the read before it gave. A read may
/// have to wait: what is to be seen at once must be written out by then.
pub type Tap = Arc<dyn Fn(usize) + Send + Sync>;

/// The bytes of an input as they are stored.
pub(super) struct Raw {
    from: From,
    tap: Tap,
    last: usize,
}

enum From {
    Stdin(Stdin),
    File(File),
    /// One of very many files: opened anew for each read, because the system limits how many are open.
    Parked(PathBuf, u64),
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (self.tap)(std::mem::take(&mut self.last));
        self.last = match &mut self.from {
            From::Stdin(stdin) => stdin.lock().read(buffer)?,
            From::File(file) => file.read(buffer)?,
            From::Parked(path, place) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(*place))?;
                let read = file.read(buffer)?;
                *place += read as u64;
                read
            }
        };
        Ok(self.last)
    }
}

/// Opens an input without reading from it.
pub(super) fn open(input: &Input, tap: &Tap) -> Result<Raw, Error> {
    let from = match input.path() {
        None => From::Stdin(io::stdin()),
        Some(path) => {
            let file = File::open(path).map_err(|e| Error::opening(input.name(), e))?;
            let parked = || From::Parked(path.to_path_buf(), 0);
            if input.is_one_of_many() { parked() } else { From::File(file) }
        }
    };
    Ok(Raw { from, tap: Arc::clone(tap), last: 0 })
}

const GZIP: &[u8] = &[0x1F, 0x8B];
const ZSTD: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
const UTF16: [&[u8]; 2] = [&[0xFF, 0xFE], &[0xFE, 0xFF]];

/// The bytes, unpacked if their beginning or the name's ending says that they are packed. Several members or frames
/// behind each other are read as one.
pub(super) fn decompress(mut raw: Raw, name: &str) -> io::Result<Box<dyn BufRead>> {
    // Of very many inputs each holds little.
    let chunk = if matches!(raw.from, From::Parked(..)) { 8 << 10 } else { 64 << 10 };
    let mut magic = Vec::new();
    raw.by_ref().take(ZSTD.len() as u64).read_to_end(&mut magic)?;
    if UTF16.iter().any(|mark| magic.starts_with(mark)) {
        return Err(io::Error::other("it is UTF-16; convert it to UTF-8 first"));
    }
    let packed = last_ending(name);
    let (gzip, zstd) =
        (magic.starts_with(GZIP) || packed == "gz", magic.starts_with(ZSTD) || packed == "zst");
    let bytes = BufReader::with_capacity(chunk, Cursor::new(magic).chain(raw));
    Ok(match (gzip, zstd) {
        (true, _) => Box::new(BufReader::with_capacity(chunk, flate2::bufread::MultiGzDecoder::new(bytes))),
        (_, true) => {
            Box::new(BufReader::with_capacity(chunk, zstd::stream::read::Decoder::with_buffer(bytes)?))
        }
        _ => Box::new(bytes),
    })
}

/// The ending that tells the format: `csv` of `a.csv.gz`.
pub(super) fn ending(name: &str) -> &str {
    match last_ending(name) {
        "gz" | "zst" => last_ending(name.rsplit_once('.').map_or("", |(stem, _)| stem)),
        other => other,
    }
}

fn last_ending(name: &str) -> &str {
    Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or_default()
}
