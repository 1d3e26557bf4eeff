//! Which known secrets stand in a list: the list is read past the secrets, not loaded.

use crate::words::Words;
use std::collections::HashMap;
use std::io::{BufRead, Result};

/// For each (name, secret): whether the list has the secret as a line, or the two as `name:secret`.
pub fn listed(list: &mut dyn BufRead, secrets: &[(Option<&str>, &str)]) -> Result<Vec<bool>> {
    let mut found = vec![false; secrets.len()];
    let mut wanted: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (i, (name, secret)) in secrets.iter().enumerate() {
        wanted.entry(secret.as_bytes().to_vec()).or_default().push(i);
        if let Some(name) = name {
            wanted.entry(format!("{name}:{secret}").into_bytes()).or_default().push(i);
        }
    }
    let mut words = Words::new(list);
    while let Some(line) = words.line()? {
        for i in wanted.get(line).into_iter().flatten() {
            if let Some(slot) = found.get_mut(*i) {
                *slot = true;
            }
        }
    }
    Ok(found)
}
