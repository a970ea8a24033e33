//! Snapshots: what an engine holds behind each event of short streams.

#[allow(dead_code, reason = "here nothing is checked")]
#[path = "../../tests/fuzz/snapshot.rs"]
mod body;

/// What stands around a payload, before and behind it.
const AROUND: (usize, usize) = (19, 8);

/// In the form in which the target takes them.
pub fn all() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for seed in 0..12 {
        let mut engine = body::engine(false);
        for event in body::stream(seed, 10) {
            body::push(&mut engine, &[event]);
            let payloads: Vec<Vec<u8>> = body::sections(&engine).into_iter().map(payload).collect();
            let length = (payloads[0].len() as u16).to_le_bytes();
            seeds.push([&length[..], &payloads.concat()].concat());
        }
    }
    seeds
}

fn payload(section: Vec<u8>) -> Vec<u8> {
    section[AROUND.0..section.len() - AROUND.1].to_vec()
}
