//! What PostgreSQL's states of failure (SQLSTATE) mean: one table. A state is looked up whole, then by its class, which is its first two
//! characters: <https://www.postgresql.org/docs/current/errcodes-appendix.html>. Poolers and foreign data wrappers use the same states.

use super::Whose;
use super::meaning::Meaning::{self, Contract, Data, Misconfigured, Ours, Passing, Right};

/// A state or a class, and what it means for what reads the source and for what works on the ledger.
pub(super) struct Row {
    code: &'static str,
    source: Meaning,
    ledger: Meaning,
}

const fn both(code: &'static str, meaning: Meaning) -> Row {
    apart(code, meaning, meaning)
}

const fn apart(code: &'static str, source: Meaning, ledger: Meaning) -> Row {
    Row {
        code,
        source,
        ledger,
    }
}

const POOLER: Meaning = Passing("a pooler between has mixed up sessions");
const PASSWORD: Meaning = Misconfigured(
    "the server refuses user or password; check DATABASE_URL and SOURCE_DATABASE_URL",
);
const DAMAGED: Meaning = Misconfigured(
    "the server says that its files are damaged: have its administrator look (amcheck) and restore them",
);

pub(super) const TABLE: &[Row] = &[
    // The connection.
    both("08", Passing("the connection failed")),
    // "Cached plan must not change result type": somebody replaces a view while we read.
    both(
        "0A000",
        Passing("the server cannot do this at the moment; was a view just replaced?"),
    ),
    // Of statements that pass for the same with other data: division by zero, a number out of range, a text that is no date.
    apart("22", Data, Ours),
    // Only `load` and `demo` write to a source.
    apart("23", Data, Ours),
    apart("25", Ours, Ours),
    apart(
        "25006",
        Misconfigured(
            "this server only reads: a view must not call a function that writes, and `load` and `demo` need a server that can be written to",
        ),
        Passing(
            "this server only reads at the moment, as after a failover; if it stays so, DATABASE_URL names a replica",
        ),
    ),
    // Never a reason by itself: an earlier statement has one.
    both(
        "25P02",
        Passing("an earlier statement of the same transaction failed"),
    ),
    both(
        "25P03",
        Passing("the server ended a transaction that was idle for too long"),
    ),
    both(
        "25P04",
        Passing("the server ended a transaction that took too long"),
    ),
    both("26000", POOLER),
    both("28", PASSWORD),
    both("34000", POOLER),
    both(
        "3D000",
        Misconfigured(
            "the server has no such database; check DATABASE_URL and SOURCE_DATABASE_URL",
        ),
    ),
    both("3F000", Contract),
    // Serialization, deadlock, a snapshot that a replica's recovery cancelled.
    both("40", Passing("the server rolled the transaction back")),
    // The statement does not fit what is there.
    apart("42", Contract, Ours),
    both("42501", Right),
    both("42703", Contract),
    both("42704", Contract),
    both("42804", Contract),
    both("42883", Contract),
    both("42P01", Contract),
    both("42P05", POOLER),
    both(
        "42P07",
        Passing("somebody else has just created the same table"),
    ),
    // Resources.
    both("53", Passing("the server lacks resources")),
    both(
        "53100",
        Misconfigured("the server's disk is full; make room"),
    ),
    both("53200", Passing("the server is out of memory")),
    both(
        "53300",
        Passing("the server has no connection left; fewer converters need fewer"),
    ),
    both(
        "53400",
        Misconfigured("a limit of the server is exceeded (such as temp_file_limit): raise it"),
    ),
    apart(
        "54",
        Misconfigured("a statement is beyond the server's limits: simplify the view that it reads"),
        Ours,
    ),
    both("55", Passing("an object is in use or not ready")),
    both(
        "55000",
        Passing("an object is not ready; has a materialized view never been refreshed?"),
    ),
    both("55P03", Passing("a lock was not had in time")),
    // Shutting down, cancelled, ended for being idle (57P05), a statement that took too long (57014).
    both("57", Passing("the server cancelled it or is restarting")),
    both("57P04", Misconfigured("the database was dropped")),
    both("58", Passing("the server failed (input and output)")),
    both(
        "58P01",
        Misconfigured("the server misses a file, such as the library of an extension"),
    ),
    both("72000", Passing("the snapshot was too old")),
    both(
        "F0000",
        Misconfigured("the server's own settings are wrong"),
    ),
    // A foreign table: the wrapper does not fit, or its server is away.
    apart("HV", Contract, Ours),
    both("HV00N", Passing("the server of a foreign table is away")),
    // What a function of a view raises itself, about a row.
    apart("P0", Data, Ours),
    both("XX000", Passing("the server failed (internal error)")),
    both("XX001", DAMAGED),
    both("XX002", DAMAGED),
];

/// What a state means. One that is in no row is about a row of the source, or is a mistake of ours in the ledger.
pub(super) fn meaning(code: &str, whose: Whose) -> Meaning {
    let row = |code: &str| TABLE.iter().find(|row| row.code == code);
    let of_class = || code.get(..2).and_then(row);
    match (row(code).or_else(of_class), whose) {
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

    /// A state of every row, with what it must be for the source and for the ledger.
    const EXPECTED: [(&str, &str, Class, Class); 43] = [
        ("08", "08006", Retry, Retry),
        ("08", "08P01", Retry, Retry),
        ("0A000", "0A000", Retry, Retry),
        ("22", "22012", Data, Bug),
        ("23", "23505", Data, Bug),
        ("25", "25001", Bug, Bug),
        ("25006", "25006", Config, Retry),
        ("25P02", "25P02", Retry, Retry),
        ("25P03", "25P03", Retry, Retry),
        ("25P04", "25P04", Retry, Retry),
        ("26000", "26000", Retry, Retry),
        ("28", "28000", Config, Config),
        ("34000", "34000", Retry, Retry),
        ("3D000", "3D000", Config, Config),
        ("3F000", "3F000", Config, Config),
        ("40", "40001", Retry, Retry),
        ("42", "42601", Config, Bug),
        ("42501", "42501", Config, Config),
        ("42703", "42703", Config, Config),
        ("42704", "42704", Config, Config),
        ("42804", "42804", Config, Config),
        ("42883", "42883", Config, Config),
        ("42P01", "42P01", Config, Config),
        ("42P05", "42P05", Retry, Retry),
        ("42P07", "42P07", Retry, Retry),
        ("53", "53000", Retry, Retry),
        ("53100", "53100", Config, Config),
        ("53200", "53200", Retry, Retry),
        ("53300", "53300", Retry, Retry),
        ("53400", "53400", Config, Config),
        ("54", "54001", Config, Bug),
        ("55", "55006", Retry, Retry),
        ("55000", "55000", Retry, Retry),
        ("55P03", "55P03", Retry, Retry),
        ("57", "57P05", Retry, Retry),
        ("57P04", "57P04", Config, Config),
        ("58", "58030", Retry, Retry),
        ("58P01", "58P01", Config, Config),
        ("72000", "72000", Retry, Retry),
        ("F0000", "F0000", Config, Config),
        ("HV", "HV005", Config, Bug),
        ("HV00N", "HV00N", Retry, Retry),
        ("P0", "P0001", Data, Bug),
    ];
    const REST: [(&str, &str, Class, Class); 12] = [
        ("XX000", "XX000", Retry, Retry),
        ("XX001", "XX001", Config, Config),
        ("XX002", "XX002", Config, Config),
        // Further states of classes, and some of no row.
        ("28", "28P01", Config, Config),
        ("40", "40P01", Retry, Retry),
        ("42", "42P18", Config, Bug),
        ("57", "57014", Retry, Retry),
        ("57", "57P01", Retry, Retry),
        ("57", "57P03", Retry, Retry),
        ("22", "22P02", Data, Bug),
        ("", "21000", Data, Bug),
        ("", "38001", Data, Bug),
    ];

    #[test]
    fn every_state_has_its_class() {
        for (_, code, source, ledger) in EXPECTED.iter().chain(&REST) {
            assert_eq!(meaning(code, Whose::Source).class(), *source, "{code}");
            assert_eq!(meaning(code, Whose::Ledger).class(), *ledger, "{code}");
        }
    }

    #[test]
    fn every_row_is_tested_and_there_once() {
        let rows: BTreeSet<&str> = TABLE.iter().map(|row| row.code).collect();
        let tested = EXPECTED.iter().chain(&REST).map(|(row, ..)| *row);
        let tested: BTreeSet<&str> = tested.filter(|row| !row.is_empty()).collect();
        assert_eq!(rows, tested);
        assert_eq!(rows.len(), TABLE.len(), "a row is there twice");
    }
}
