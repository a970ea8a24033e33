//! Inputs: the cases of reading.

use std::error::Error;
use std::fs;
use std::path::Path;

#[derive(Default)]
pub struct Inputs {
    pub events: Vec<Vec<u8>>,
    pub tables: Vec<Vec<u8>>,
    pub texts: Vec<Vec<u8>>,
}

/// The inputs of the cases in a folder, each in the form in which its target takes it.
pub fn read(folder: &Path) -> Result<Inputs, Box<dyn Error>> {
    let mut inputs = Inputs::default();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let file: toml::Table = fs::read_to_string(&path)?.parse()?;
        for case in file["case"].as_array().into_iter().flatten() {
            let word = |name: &str| case.get(name).and_then(toml::Value::as_str);
            let input = word("input").unwrap_or_default().as_bytes();
            match (word("lines"), word("records")) {
                (Some(pattern), _) => inputs.texts.push([b"l", pattern.as_bytes(), b"\n", input].concat()),
                (_, Some(path)) => inputs.texts.push([b"r", path.as_bytes(), b"\n", input].concat()),
                _ => {
                    for variant in [0, 1] {
                        inputs.events.push([&[variant, 7], input].concat());
                        inputs.tables.push([&[variant, 7], input].concat());
                    }
                }
            }
        }
    }
    Ok(inputs)
}
