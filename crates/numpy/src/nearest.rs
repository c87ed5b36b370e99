//! What a name was probably meant to be.

/// Longer names are nobody's slip of the pen.
const LONGEST: usize = 32;

/// The candidate that fewest edits away is, if these are few for its length.
pub(crate) fn nearest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    if name.len() > LONGEST {
        return None;
    }
    let allowed = |candidate: &str| 1 + name.len().min(candidate.len()) / 4;
    let near = candidates.filter_map(|candidate| {
        let distance = distance(&name.to_ascii_lowercase(), &candidate.to_ascii_lowercase());
        (distance <= allowed(candidate) && distance < candidate.len()).then_some((distance, candidate))
    });
    // Of equals, the one that begins most alike: slips come later in a word.
    let alike = |candidate: &str| name.bytes().zip(candidate.bytes()).take_while(|(a, b)| a == b).count();
    near.min_by_key(|(distance, candidate)| (*distance, std::cmp::Reverse(alike(candidate)))).map(|(_, near)| near)
}

/// `` Did you mean `sum`? ``
pub fn hint<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<String> {
    nearest(name, candidates).map(|candidate| format!("Did you mean `{candidate}`?"))
}

/// Characters inserted, deleted, replaced or exchanged with their neighbour (the restricted Damerau-Levenshtein distance).
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            let replaced = last[j] + usize::from(a[i] != b[j]);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found() {
        let known = || ["sum", "sqrt", "square", "std", "concatenate", "T"].into_iter();
        assert_eq!(nearest("smu", known()), Some("sum"));
        assert_eq!(nearest("sqr", known()), Some("sqrt"));
        assert_eq!(nearest("concatanate", known()), Some("concatenate"));
        assert_eq!(nearest("Sum", known()), Some("sum"));
        assert_eq!(nearest("sinn", ["sign", "sin", "sinh"].into_iter()), Some("sin"));
        assert_eq!(nearest("frobnicate", known()), None);
        assert_eq!(nearest("q", known()), None);
        assert_eq!(nearest(&"s".repeat(1 << 20), known()), None);
    }
}
