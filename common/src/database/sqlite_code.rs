//! What SQLite's result codes mean: one table. A code is looked up whole, then by its low byte, which is the primary one:
//! <https://www.sqlite.org/rescode.html>.

use super::Whose;
use super::meaning::Meaning::{self, Contract, Data, Misconfigured, Ours, Passing};

/// A code, and what it means for what reads the source and for what works on the ledger.
pub(super) struct Row {
    code: u32,
    source: Meaning,
    ledger: Meaning,
}

const fn both(code: u32, meaning: Meaning) -> Row {
    apart(code, meaning, meaning)
}

const fn apart(code: u32, source: Meaning, ledger: Meaning) -> Row {
    Row {
        code,
        source,
        ledger,
    }
}

const NO_ACCESS: Meaning = Misconfigured(
    "the database file or its directory cannot be opened or written; check its path and rights",
);
const BUSY: Meaning = Passing("somebody else holds a lock on the database file");

pub(super) const TABLE: &[Row] = &[
    // ERROR: "no such table" among others; see `raised_by_data` for the rest.
    both(1, Contract),
    // PERM
    both(3, NO_ACCESS),
    // ABORT
    both(4, Passing("it was cancelled")),
    // BUSY
    both(5, BUSY),
    // LOCKED
    both(6, BUSY),
    // NOMEM
    both(7, Passing("there is not enough memory")),
    // READONLY
    both(8, NO_ACCESS),
    // INTERRUPT
    both(9, Passing("it was cancelled")),
    // IOERR
    both(10, Passing("reading or writing the database file failed")),
    // CORRUPT
    both(
        11,
        Misconfigured("the database file is damaged (PRAGMA integrity_check): restore it"),
    ),
    // FULL
    both(
        13,
        Misconfigured("the disk of the database file is full; make room"),
    ),
    // CANTOPEN
    both(14, NO_ACCESS),
    // PROTOCOL: a race for locks was lost.
    both(15, BUSY),
    // SCHEMA
    both(17, Passing("somebody else has just changed the tables")),
    // TOOBIG
    apart(18, Data, Ours),
    // CONSTRAINT: only `load` and `demo` write to a source.
    apart(19, Data, Ours),
    // MISMATCH
    apart(20, Data, Ours),
    // NOLFS
    both(
        22,
        Misconfigured("the file system cannot hold a file this large"),
    ),
    // AUTH
    both(23, NO_ACCESS),
    // NOTADB
    both(
        26,
        Misconfigured(
            "the file is no SQLite database, or is encrypted; check DATABASE_URL and SOURCE_DATABASE_URL",
        ),
    ),
    // READONLY_DBMOVED: the file was replaced below us.
    both(1032, Passing("the database file was replaced")),
];

/// What SQLite says, with the code of everything else that is wrong with a statement, of a value.
const RAISED_BY_DATA: [&str; 4] = [
    "malformed JSON",
    "integer overflow",
    "bad JSON path",
    "LIKE or GLOB pattern too complex",
];

/// What a code means. One that is in no row is about a row of the source, or is a mistake of ours in the ledger.
pub(super) fn meaning(code: u32, message: &str, whose: Whose) -> Meaning {
    let is_of_data = RAISED_BY_DATA.iter().any(|said| message.contains(said));
    if code == 1 && whose == Whose::Source && is_of_data {
        return Data;
    }
    let row = |code: u32| TABLE.iter().find(|row| row.code == code);
    match (row(code).or_else(|| row(code & 0xff)), whose) {
        (Some(row), Whose::Source) => row.source,
        (Some(row), Whose::Ledger) => row.ledger,
        (None, Whose::Source) => Data,
        (None, Whose::Ledger) => Ours,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Class;
    use crate::Class::{Bug, Config, Data, Retry};

    /// A code of every row, with what it must be for the source and for the ledger.
    const EXPECTED: [(u32, u32, Class, Class); 28] = [
        (1, 1, Config, Config),
        (3, 3, Config, Config),
        (4, 516, Retry, Retry),
        (5, 5, Retry, Retry),
        // BUSY_SNAPSHOT
        (5, 517, Retry, Retry),
        (6, 262, Retry, Retry),
        (7, 7, Retry, Retry),
        (8, 8, Config, Config),
        // READONLY_DIRECTORY
        (8, 1544, Config, Config),
        (9, 9, Retry, Retry),
        (10, 10, Retry, Retry),
        // IOERR_SHORT_READ
        (10, 522, Retry, Retry),
        (11, 11, Config, Config),
        // CORRUPT_INDEX
        (11, 779, Config, Config),
        (13, 13, Config, Config),
        (14, 14, Config, Config),
        (15, 15, Retry, Retry),
        (17, 17, Retry, Retry),
        (18, 18, Data, Bug),
        // CONSTRAINT_UNIQUE
        (19, 2067, Data, Bug),
        (20, 20, Data, Bug),
        (22, 22, Config, Config),
        (23, 23, Config, Config),
        (26, 26, Config, Config),
        (1032, 1032, Retry, Retry),
        // MISUSE, RANGE, INTERNAL: of no row.
        (0, 21, Data, Bug),
        (0, 25, Data, Bug),
        (0, 2, Data, Bug),
    ];

    #[test]
    fn every_code_has_its_class() {
        for (_, code, source, ledger) in EXPECTED {
            let class = |whose| meaning(code, "", whose).class();
            assert_eq!(class(Whose::Source), source, "{code}");
            assert_eq!(class(Whose::Ledger), ledger, "{code}");
        }
    }

    #[test]
    fn every_row_is_tested_and_there_once() {
        let rows: BTreeSet<u32> = TABLE.iter().map(|row| row.code).collect();
        let tested = EXPECTED.iter().map(|(row, ..)| *row);
        let tested: BTreeSet<u32> = tested.filter(|row| *row > 0).collect();
        assert_eq!(rows, tested);
        assert_eq!(rows.len(), TABLE.len(), "a row is there twice");
    }

    #[test]
    fn a_value_that_a_view_cannot_read_is_bad_data() {
        let class = |message, whose| meaning(1, message, whose).class();
        for said in RAISED_BY_DATA {
            assert_eq!(class(said, Whose::Source), Data, "{said}");
        }
        assert_eq!(class("integer overflow", Whose::Ledger), Config);
        assert_eq!(class("no such table: x", Whose::Source), Config);
    }
}
