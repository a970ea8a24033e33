//! What stands around a section: what it is, for which rules, and a checksum over all of it.
//!
//! Magic and checksum are where they are in every version, so that damage is told from a version that is not known.

use xxhash_rust::xxh3::xxh3_64;

use super::RestoreError;

/// The version of the format that is written, and the latest that is read.
pub(crate) const VERSION: u16 = 1;

const MAGIC: [u8; 8] = *b"tripsnap";

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Global,
    Group,
}

impl Kind {
    const ALL: [(Kind, u8); 2] = [(Kind::Global, 0), (Kind::Group, 1)];
}

/// Puts a section between its head and its checksum.
pub(crate) fn seal(kind: Kind, fingerprint: u64, payload: &[u8]) -> Vec<u8> {
    let code = Kind::ALL.iter().find(|(of, _)| *of == kind).map_or(0, |(_, code)| *code);
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.push(code);
    bytes.extend_from_slice(&fingerprint.to_le_bytes());
    bytes.extend_from_slice(payload);
    let sum = xxh3_64(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// A section out of its envelope, with the fingerprint of the rule set it was made with.
pub(crate) fn open(bytes: &[u8]) -> Result<(Kind, u64, &[u8]), RestoreError> {
    if !bytes.starts_with(&MAGIC) {
        return Err(RestoreError::NotASnapshot);
    }
    let (content, sum) = bytes.split_last_chunk::<8>().ok_or(RestoreError::Damaged)?;
    if xxh3_64(content) != u64::from_le_bytes(*sum) {
        return Err(RestoreError::Damaged);
    }
    let rest = content.get(MAGIC.len()..).unwrap_or_default();
    let (version, rest) = rest.split_first_chunk::<2>().ok_or(RestoreError::Damaged)?;
    match u16::from_le_bytes(*version) {
        1..=VERSION => {}
        0 => return Err(RestoreError::Damaged),
        version => return Err(RestoreError::Newer { version, known: VERSION }),
    }
    let (&code, rest) = rest.split_first().ok_or(RestoreError::Damaged)?;
    let (kind, _) =
        Kind::ALL.iter().find(|(_, known)| *known == code).ok_or(RestoreError::UnknownKind { kind: code })?;
    let (fingerprint, payload) = rest.split_first_chunk::<8>().ok_or(RestoreError::Damaged)?;
    Ok((*kind, u64::from_le_bytes(*fingerprint), payload))
}
