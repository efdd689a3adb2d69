//! Size classes: what a document's estimated rows mean for vCPU, memory and timeout of its slot.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Duration;

use common::{Error, Result};

/// The default. A converter keeps 12 to 28 MiB whatever the rows; what grows with them is time. Each class has at least ten times that
/// memory, and a timeout of at least twenty times what its heaviest document is expected to take: docs/plan.md has the figures.
pub const DEFAULT: &str = "small:20000:0.25:512:900,medium:500000:1:2048:3600,large::2:4096:14400";

/// Batch refuses less.
const MIN_TIMEOUT_SECONDS: u64 = 60;

/// Documents of similar weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeClass {
    pub name: String,
    /// Estimated rows of its documents.
    pub rows: Range<i64>,
    /// As Batch takes it: `0.25` to `16`.
    pub vcpu: String,
    pub memory_mib: u32,
    /// Of one attempt at a slot with one document.
    timeout: Duration,
}

impl SizeClass {
    /// Parses `SIZE_CLASSES`: classes by rising rows, the last one open.
    pub fn parse_all(text: &str) -> Result<Vec<Self>> {
        let wrong = |part: &str, why: &str| {
            Error::config(format!(
                "SIZE_CLASSES {part:?}: {why}; write NAME:BELOW_ROWS:VCPU:MEMORY_MIB:TIMEOUT_SECONDS, the last class without rows, e.g. {DEFAULT}"
            ))
        };
        let mut classes: Vec<Self> = Vec::new();
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let mut names = HashSet::new();
        for (n, part) in parts.iter().enumerate() {
            let fields: Vec<&str> = part.split(':').map(str::trim).collect();
            let [name, below, vcpu, memory, timeout] = fields[..] else {
                return Err(wrong(part, "five fields are wanted"));
            };
            let named = (1..=32).contains(&name.len())
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if !named || !names.insert(name) {
                return Err(wrong(
                    part,
                    "a name is letters and digits, and is there once",
                ));
            }
            let from = classes.last().map_or(0, |class| class.rows.end);
            let below = match (below, n + 1 == parts.len()) {
                ("", true) => i64::MAX,
                (below, false) => below
                    .parse()
                    .ok()
                    .filter(|below| *below > from)
                    .ok_or_else(|| wrong(part, "rows must be a number that rises"))?,
                (_, true) => return Err(wrong(part, "the last class takes what is left")),
            };
            let memory_mib: u32 = memory
                .parse()
                .map_err(|_| wrong(part, "memory is a number of MiB"))?;
            if !fargate_has(vcpu, memory_mib) {
                return Err(wrong(part, "Fargate has no such pair of vCPU and memory"));
            }
            let timeout = timeout
                .parse()
                .ok()
                .filter(|seconds| (MIN_TIMEOUT_SECONDS..=604_800).contains(seconds))
                .ok_or_else(|| wrong(part, "the timeout is 60 to 604800 seconds"))?;
            classes.push(Self {
                name: name.to_owned(),
                rows: from..below,
                vcpu: vcpu.to_owned(),
                memory_mib,
                timeout: Duration::from_secs(timeout),
            });
        }
        Ok(classes)
    }

    /// What one attempt at a slot may take: documents that share one are mostly far below what their class allows, so
    /// each further one adds a sixtieth.
    pub fn timeout(&self, documents_per_slot: u32) -> Duration {
        self.timeout + self.timeout * (documents_per_slot - 1) / 60
    }
}

/// <https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html>
fn fargate_has(vcpu: &str, memory_mib: u32) -> bool {
    let (from, to, step) = match vcpu {
        "0.25" => return [512, 1024, 2048].contains(&memory_mib),
        "0.5" => (1024, 4096, 1024),
        "1" => (2048, 8192, 1024),
        "2" => (4096, 16384, 1024),
        "4" => (8192, 30720, 1024),
        "8" => (16384, 61440, 4096),
        "16" => (32768, 122_880, 8192),
        _ => return false,
    };
    (from..=to).contains(&memory_mib) && (memory_mib - from).is_multiple_of(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_covers_every_number_of_rows() {
        let classes = SizeClass::parse_all(DEFAULT).unwrap();
        assert_eq!(classes.len(), 3);
        assert_eq!(classes[0].rows, 0..20_000);
        assert_eq!(classes[1].rows, 20_000..500_000);
        assert_eq!(classes[2].rows, 500_000..i64::MAX);
        assert_eq!(classes[0].timeout(1), Duration::from_mins(15));
        assert_eq!(classes[0].timeout(61), Duration::from_mins(30));
    }

    #[test]
    fn the_default_leaves_time_and_memory_to_spare() {
        // The heaviest of the last class: more rows than a sheet has.
        let heaviest = [20_000.0, 500_000.0, 2_000_000.0];
        for (class, rows) in SizeClass::parse_all(DEFAULT).unwrap().iter().zip(heaviest) {
            let vcpu = class.vcpu.parse().unwrap();
            let expected = crate::plan::default_seconds_on_aws(vcpu, rows);
            let timeout = class.timeout(1).as_secs_f64();
            assert!(timeout >= 20.0 * expected, "{}: {expected} s", class.name);
            assert!(class.memory_mib >= 10 * 28, "{}", class.name);
            // A hundred of them in a slot.
            let (packed, timeout) = (100.0 * expected, class.timeout(100).as_secs_f64());
            assert!(timeout >= 5.0 * packed, "{}: {packed} s", class.name);
        }
    }

    #[test]
    fn what_batch_or_fargate_would_refuse_is_refused_here() {
        for wrong in [
            "",
            "all:::",
            "all:10:0.25:512:900",
            "small:10:0.25:512:900,large:20:1:2048:900",
            "small:10:0.25:512:900,larger:5:1:2048:900,large::1:2048:900",
            "same:10:0.25:512:900,same::1:2048:900",
            "all::0.25:4096:900",
            "all::3:4096:900",
            "all::8:18432:900",
            "all::1:2048:59",
            "a b::1:2048:900",
        ] {
            let error = SizeClass::parse_all(wrong).unwrap_err().to_string();
            assert!(
                error.contains("SIZE_CLASSES") && error.contains("BELOW_ROWS"),
                "{error}"
            );
        }
        for right in ["all::16:122880:60", "all::8:20480:60", "all::4:30720:60"] {
            SizeClass::parse_all(right).unwrap();
        }
    }
}
