//! Inputs as bytes, decompressed.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::error::Error;
use super::follow::Followed;
use super::inputs::Input;
use super::place::{Trail, node_of};
use super::spool::Spooled;

/// Called before each read of an input's bytes, with the number of bytes that the read before it gave, and now and
/// then while a read has to wait: what is to be seen at once must be written out by then. An error ends the input.
pub type Tap = Arc<dyn Fn(usize) -> io::Result<()> + Send + Sync>;

/// The bytes of an input as they are stored.
pub(super) struct Raw {
    from: From,
    tap: Tap,
    last: usize,
    /// What is to be passed over before it is read.
    skip: u64,
    trail: Trail,
}

enum From {
    Pipe(Pipe),
    /// One that is written down.
    Spooled(Pipe, Spooled),
    File(File),
    /// A file that is read on as it grows.
    Followed(Followed),
    /// One of very many files: opened anew for each read, because the system limits how many are open.
    Parked(PathBuf, u64),
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (self.tap)(std::mem::take(&mut self.last))?;
        self.last = match &mut self.from {
            From::Pipe(pipe) => pipe.read(buffer, &self.tap)?,
            From::Spooled(pipe, spooled) => match spooled.before(buffer)? {
                0 => {
                    let read = pipe.read(buffer, &self.tap)?;
                    spooled.write(buffer.get(..read).unwrap_or_default())?;
                    read
                }
                before => before,
            },
            From::File(file) => file.read(buffer)?,
            From::Followed(followed) => followed.read(buffer, &self.tap)?,
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

/// Standard input or another pipe. A thread of its own reads it, because a read may wait for ever, and the end may be
/// wanted before.
struct Pipe {
    /// Until the first read.
    from: Option<Box<dyn Read + Send>>,
    chunks: Option<Receiver<io::Result<Vec<u8>>>>,
    rest: Cursor<Vec<u8>>,
}

impl Pipe {
    fn new(from: impl Read + Send + 'static) -> Self {
        Pipe { from: Some(Box::new(from)), chunks: None, rest: Cursor::default() }
    }

    fn read(&mut self, buffer: &mut [u8], tap: &Tap) -> io::Result<usize> {
        const PATIENCE: Duration = Duration::from_millis(100);
        if let Some(from) = self.from.take() {
            self.chunks = Some(chunks(from)?);
        }
        loop {
            let read = self.rest.read(buffer)?;
            let Some(chunks) = self.chunks.as_ref().filter(|_| read == 0 && !buffer.is_empty()) else {
                return Ok(read);
            };
            match chunks.recv_timeout(PATIENCE) {
                Ok(chunk) => self.rest = Cursor::new(chunk?),
                Err(RecvTimeoutError::Timeout) => tap(0)?,
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
    }
}

/// What can be read, as it comes, to the end or an error.
fn chunks(mut from: Box<dyn Read + Send>) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
    let (sender, chunks) = mpsc::sync_channel(1);
    thread::Builder::new().spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let chunk = match from.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => Ok(buffer.get(..read).unwrap_or_default().to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let failed = chunk.is_err();
            if sender.send(chunk).is_err() || failed {
                return;
            }
        }
    })?;
    Ok(chunks)
}

/// Bytes that can be appended to others.
pub(super) trait Bytes: BufRead {
    /// Appends what is there, of a file up to so many bytes at once; how many there were, 0 at the end.
    fn append(&mut self, to: &mut Vec<u8>, _most: usize) -> io::Result<usize> {
        copy(self, to)
    }
}

impl Bytes for &[u8] {}
impl Bytes for Cursor<Vec<u8>> {}
impl<R: BufRead> Bytes for BufReader<flate2::bufread::MultiGzDecoder<R>> {}
impl<R: BufRead> Bytes for BufReader<zstd::stream::read::Decoder<'_, R>> {}

impl<R: Bytes + ?Sized> Bytes for Box<R> {
    fn append(&mut self, to: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        (**self).append(to, most)
    }
}

/// What is not packed, behind its first bytes, which were looked at.
impl Bytes for BufReader<Chain<Cursor<Vec<u8>>, Raw>> {
    /// A file is read to where it is wanted, not by way of a buffer.
    fn append(&mut self, to: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        let is_buffered = !self.buffer().is_empty();
        let (begin, _) = self.get_ref().get_ref();
        let is_begun = begin.position() >= begin.get_ref().len() as u64;
        match self.get_mut().get_mut() {
            (_, Raw { from: From::File(file), tap, last, .. }) if is_begun && !is_buffered => {
                tap(std::mem::take(last))?;
                *last = file.take(most as u64).read_to_end(to)?;
                Ok(*last)
            }
            _ => copy(self, to),
        }
    }
}

fn copy(from: &mut (impl BufRead + ?Sized), to: &mut Vec<u8>) -> io::Result<usize> {
    let read = from.fill_buf()?;
    to.extend_from_slice(read);
    let length = read.len();
    from.consume(length);
    Ok(length)
}

impl Raw {
    /// Whether what comes next may be long in coming.
    pub(super) fn is_pipe(&self) -> bool {
        matches!(self.from, From::Pipe(_) | From::Spooled(..) | From::Followed(_))
    }

    /// The files that its bytes come from.
    pub(super) fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Goes to a byte of a file that is not its first; whether it did.
    fn seek(&mut self, byte: u64) -> io::Result<bool> {
        match &mut self.from {
            From::File(file) if byte > 0 => file.seek(SeekFrom::Start(byte)).map(|_| true),
            From::Parked(_, place) if byte > 0 => {
                *place = byte;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// Opens an input without reading from it.
pub(super) fn open(input: &Input, tap: &Tap) -> Result<Raw, Error> {
    let (trail, failed) = (Trail::default(), |e| Error::opening(input.name(), e));
    let from = match input.path() {
        None => pipe(input, io::stdin()).map_err(failed)?,
        Some(path) if let Some(is_named) = input.followed() => From::Followed(
            Followed::open(path, (is_named, input.is_alone()), input.from(), &trail).map_err(failed)?,
        ),
        Some(path) => {
            let file = File::open(path).map_err(failed)?;
            let meta = file.metadata().ok().filter(Metadata::is_file);
            meta.iter().for_each(|meta| trail.begin(0, 0, node_of(meta)));
            match meta {
                None => pipe(input, file).map_err(failed)?,
                Some(_) if input.is_one_of_many() => From::Parked(path.to_path_buf(), 0),
                Some(_) => From::File(file),
            }
        }
    };
    let skip = if matches!(from, From::Followed(_) | From::Spooled(..)) { 0 } else { input.from().byte };
    Ok(Raw { from, tap: Arc::clone(tap), last: 0, skip, trail })
}

fn pipe(input: &Input, from: impl Read + Send + 'static) -> io::Result<From> {
    let pipe = Pipe::new(from);
    match input.spool() {
        None => Ok(From::Pipe(pipe)),
        Some(spool) => Ok(From::Spooled(pipe, Spooled::open(spool, input.from().byte)?)),
    }
}

const GZIP: &[u8] = &[0x1F, 0x8B];
const ZSTD: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
const UTF16: [&[u8]; 2] = [&[0xFF, 0xFE], &[0xFE, 0xFF]];

/// What begins so is no text, and not read.
const FOREIGN: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "a zip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xFD7zX", "an xz file"),
    (b"7z\xBC\xAF", "a 7z file"),
    (b"PAR1", "a Parquet file"),
    (b"\x7FELF", "a program"),
];

/// The bytes, unpacked if their beginning or the name's ending says that they are packed. Several members or frames
/// behind each other are read as one.
pub(super) fn decompress(mut raw: Raw, name: &str) -> io::Result<Box<dyn Bytes + Send>> {
    // Of very many inputs each holds little.
    let chunk = if matches!(raw.from, From::Parked(..)) { 8 << 10 } else { 64 << 10 };
    let mut magic = Vec::new();
    raw.by_ref().take(ZSTD.len() as u64).read_to_end(&mut magic)?;
    if UTF16.iter().any(|mark| magic.starts_with(mark)) {
        return Err(io::Error::other("it is UTF-16; convert it to UTF-8 first"));
    }
    if let Some((_, what)) = FOREIGN.iter().find(|(begin, _)| magic.starts_with(begin)) {
        let what = if last_ending(name) == "xlsx" { "an Excel workbook" } else { what };
        return Err(io::Error::other(format!("it is {what}, which is not read; unpack or convert it")));
    }
    let packed = last_ending(name);
    let (gzip, zstd) =
        (magic.starts_with(GZIP) || packed == "gz", magic.starts_with(ZSTD) || packed == "zst");
    let skip = std::mem::take(&mut raw.skip);
    if !gzip && !zstd && raw.seek(skip)? {
        magic.clear();
    }
    let bytes = BufReader::with_capacity(chunk, Cursor::new(magic).chain(raw));
    let mut unpacked: Box<dyn Bytes + Send> = match (gzip, zstd) {
        (true, _) => Box::new(BufReader::with_capacity(chunk, flate2::bufread::MultiGzDecoder::new(bytes))),
        (_, true) => {
            Box::new(BufReader::with_capacity(chunk, zstd::stream::read::Decoder::with_buffer(bytes)?))
        }
        _ => return Ok(Box::new(bytes)),
    };
    io::copy(&mut unpacked.by_ref().take(skip), &mut io::sink())?;
    Ok(unpacked)
}

/// The ending that tells the format: `csv` of `a.csv.gz`.
pub(super) fn ending(name: &str) -> &str {
    match last_ending(name) {
        "gz" | "zst" => last_ending(name.rsplit_once('.').map_or("", |(stem, _)| stem)),
        other => other,
    }
}

/// Whether the name says that it is packed.
pub(super) fn is_packed(name: &str) -> bool {
    matches!(last_ending(name), "gz" | "zst")
}

fn last_ending(name: &str) -> &str {
    Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or_default()
}
