//! The key groups that a shell has named for events of the reorder buffer, to the form of a snapshot and back.

use super::order::Buffer;
use crate::alert::RuleInfo;
use crate::event::{Batch, Row};
use crate::program::{Compiled, KeyCode, Program};
use crate::snapshot::{KeyPlace, Labels, Malformed};

/// For each event that waits its groups that were named, by the places of their keys.
type Named = Vec<Vec<(u32, u32)>>;

/// The keys of the rules, and what was named of them. Nothing if nothing was.
pub(super) fn named(program: &Program, buffer: &Buffer) -> (Vec<Vec<KeyPlace>>, Named) {
    let keys = 0..program.keys().len();
    let named: Named = buffer
        .rows()
        .map(|(_, row)| keys.clone().filter_map(|key| Some((key as u32, row.group(key)?))).collect())
        .collect();
    if named.iter().all(Vec::is_empty) {
        return (Vec::new(), Vec::new());
    }
    (keys.map(|key| places_of(program, key)).collect(), named)
}

/// Names the groups of the rows again. A key that no rule has any more is let go.
pub(super) fn name_groups(
    program: &Program,
    batch: &mut Batch,
    keys: &[Vec<KeyPlace>],
    named: &Named,
) -> Result<(), Malformed> {
    if named.is_empty() {
        return Ok(());
    }
    let keys: Vec<Option<usize>> =
        keys.iter().map(|places| places.iter().find_map(|place| key_at(program, place))).collect();
    let count = program.keys().len();
    let mut groups = vec![None; count * batch.len()];
    for (row, named) in groups.chunks_mut(count.max(1)).zip(named) {
        for (key, group) in named {
            let key = keys.get(*key as usize).ok_or(Malformed("a group is of no key"))?;
            if let Some(slot) = key.and_then(|key| row.get_mut(key)) {
                *slot = Some(*group);
            }
        }
    }
    batch.name_groups(count, groups);
    Ok(())
}

/// The groups of the rows that wait, for a batch of the same events whose columns are those of another program.
pub(super) fn keep_groups(before: &Program, program: &Program, buffer: &Buffer, batch: &mut Batch) {
    let was = |key: &KeyCode| before.keys().iter().position(|other| other.is_same(key));
    let was: Vec<Option<usize>> = program.keys().iter().map(was).collect();
    let named = |row: Row<'_>| was.iter().map(|key| row.group((*key)?)).collect::<Vec<_>>();
    let groups: Vec<Option<u32>> = buffer.rows().flat_map(|(_, row)| named(row)).collect();
    if groups.iter().any(Option::is_some) {
        batch.name_groups(was.len(), groups);
    }
}

/// Where rules have a key.
fn places_of(program: &Program, key: usize) -> Vec<KeyPlace> {
    let place = |rule: &Compiled| {
        let index = program.spaces()[rule.space].keys.iter().position(|number| *number == key)?;
        let step = match index {
            0 => None,
            // The key of a step, by the first that has it.
            _ => {
                Some(step_labels(program, rule).swap_remove(rule.steps.iter().position(|s| s.key == index)?))
            }
        };
        Some(KeyPlace { rule: rule.info.name.clone(), version: rule.info.version.clone(), step })
    };
    program.compiled().iter().filter_map(place).collect()
}

/// The number of the key that stands in a place, if the rule is the same.
fn key_at(program: &Program, place: &KeyPlace) -> Option<usize> {
    let same = |info: &RuleInfo| info.name == place.rule && info.version == place.version;
    let rule = program.compiled().iter().find(|rule| same(&rule.info))?;
    let index = match &place.step {
        None => 0,
        Some(label) => {
            let step = step_labels(program, rule).iter().position(|step| step == label)?;
            rule.steps.get(step)?.key
        }
    };
    program.spaces()[rule.space].keys.get(index).copied()
}

fn step_labels(program: &Program, rule: &Compiled) -> Vec<compact_str::CompactString> {
    Labels::new(program.pattern_of(rule), &rule.automaton).steps
}
