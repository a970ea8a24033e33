//! What comes through a pipe, written down before it is given, because a pipe cannot be read again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How much one file of it has, about.
const SEGMENT: u64 = 64 << 20;
const ENDING: &str = ".pipe";

/// Where the bytes of a pipe are written down: files in a folder, each named after how many bytes stand before it.
#[derive(Clone, Debug)]
pub struct Spool {
    folder: PathBuf,
    stem: String,
}

impl Spool {
    /// In a folder that is there, for the input of this rank.
    pub fn new(folder: &Path, rank: u32) -> Self {
        Spool { folder: folder.to_owned(), stem: format!("input-{rank}-") }
    }

    /// The same for an input of another rank.
    pub(super) fn of_rank(&self, rank: u32) -> Self {
        Spool::new(&self.folder, rank)
    }

    /// Takes away what stands before a byte of the pipe, as far as that is whole files.
    pub fn forget(&self, byte: u64) -> io::Result<()> {
        let segments = self.segments()?;
        for (old, next) in segments.iter().zip(segments.iter().skip(1)) {
            if *next <= byte {
                fs::remove_file(self.path(*old))?;
            }
        }
        Ok(())
    }

    fn path(&self, start: u64) -> PathBuf {
        self.folder.join(format!("{}{start:020}{ENDING}", self.stem))
    }

    /// Where the files begin, in order.
    fn segments(&self) -> io::Result<Vec<u64>> {
        let mut segments = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let start = name.to_str().and_then(|name| name.strip_prefix(&*self.stem)?.strip_suffix(ENDING));
            segments.extend(start.and_then(|start| start.parse::<u64>().ok()));
        }
        segments.sort_unstable();
        Ok(segments)
    }
}

/// Writes down what comes, behind what was written down before and is read first.
#[derive(Debug)]
pub(super) struct Spooled {
    spool: Spool,
    /// What is read of what was written down, and up to which byte that goes.
    from: Option<File>,
    read: u64,
    written: u64,
    to: File,
    /// Where the file that is written begins.
    start: u64,
}

impl Spooled {
    /// Reads what was written down from a byte on. A last line that was not complete is ended: its rest is gone with the pipe.
    pub(super) fn open(spool: &Spool, byte: u64) -> io::Result<Self> {
        let start = spool.segments()?.last().copied().unwrap_or(byte);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut to = options.open(spool.path(start))?;
        let mut written = start + to.metadata()?.len();
        if written > start {
            let mut last = [0];
            to.seek(SeekFrom::End(-1))?;
            to.read_exact(&mut last)?;
            if last != *b"\n" {
                to.write_all(b"\n")?;
                written += 1;
            }
        }
        Ok(Spooled { spool: spool.clone(), from: None, read: byte.min(written), written, to, start })
    }

    /// The next bytes that were written down; none if there are no more.
    pub(super) fn before(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read < self.written {
            let from = match &mut self.from {
                Some(from) => from,
                from => {
                    let start = self.spool.segments()?.into_iter().filter(|start| *start <= self.read).max();
                    let start =
                        start.ok_or_else(|| io::Error::other("what was written down of it is gone"))?;
                    let mut file = File::open(self.spool.path(start))?;
                    file.seek(SeekFrom::Start(self.read - start))?;
                    from.insert(file)
                }
            };
            let most = usize::try_from(self.written - self.read).unwrap_or(usize::MAX).min(buffer.len());
            let read = from.read(buffer.get_mut(..most).unwrap_or_default())?;
            self.read += read as u64;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            // The next file goes on.
            let is_stuck = !self.spool.segments()?.contains(&self.read);
            if is_stuck {
                return Err(io::Error::other("what was written down of it is incomplete"));
            }
            self.from = None;
        }
        Ok(0)
    }

    /// Writes down what has come. It may be given when this is done.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.written - self.start >= SEGMENT {
            let mut options = OpenOptions::new();
            options.append(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            self.to = options.open(self.spool.path(self.written))?;
            self.start = self.written;
        }
        self.to.write_all(bytes)?;
        self.written += bytes.len() as u64;
        self.read = self.written;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(spooled: &mut Spooled) -> String {
        let (mut text, mut buffer) = (Vec::new(), [0; 3]);
        loop {
            let read = spooled.before(&mut buffer).unwrap();
            text.extend_from_slice(&buffer[..read]);
            if read == 0 {
                return String::from_utf8(text).unwrap();
            }
        }
    }

    #[test]
    fn what_was_written_down_is_read_again_from_any_byte() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path(), 1);
        let mut spooled = Spooled::open(&spool, 0).unwrap();
        assert_eq!(all(&mut spooled), "");
        spooled.write(b"one\ntw").unwrap();
        // As if it were full.
        spooled.start = 0;
        spooled.written += SEGMENT;
        fs::rename(spool.path(0), spool.path(SEGMENT)).unwrap();
        spooled.start = 0;
        spooled.write(b"o\nthr").unwrap();
        let from = |byte: u64| all(&mut Spooled::open(&spool, SEGMENT + byte).unwrap());
        assert_eq!(from(0), "one\ntwo\nthr\n");
        assert_eq!(from(5), "wo\nthr\n");
        assert_eq!(from(7), "\nthr\n");
        assert_eq!(from(12), "");
        spool.forget(SEGMENT + 5).unwrap();
        assert_eq!(spool.segments().unwrap().len(), 2);
        spool.forget(SEGMENT + 6).unwrap();
        assert_eq!(spool.segments().unwrap(), [SEGMENT + 6]);
        assert_eq!(from(6), "o\nthr\n");
    }
}
