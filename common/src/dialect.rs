//! What differs between engines in queries. Queries are written once, for PostgreSQL and SQLite alike (`$1` parameters,
//! `date($1)`, `CAST(column AS text)`, `ON CONFLICT`); the few words that differ are put in here.

mod columns;

use std::fmt;

use crate::catalog::cast;
use crate::config::DatabaseUrl;
use crate::contract::{Column, ColumnType};
use crate::source::Selected;
use crate::{Error, Result};

/// Waits for locks no longer than a minute, unless the session has its own limit.
macro_rules! lock_timeout {
    () => {
        "SELECT set_config('lock_timeout', COALESCE(NULLIF(current_setting('lock_timeout'), '0'), '60s'), true)"
    };
}
pub(crate) use lock_timeout;

/// Ends a field of a packed row. Rows whose texts have it are read by columns.
pub const FIELD_SEPARATOR: u8 = 0x1F;
/// Stands for a null in a packed row.
pub const NULL_FIELD: u8 = 0x1E;

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Postgres,
    Sqlite,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dialect::Postgres => "PostgreSQL",
            Dialect::Sqlite => "SQLite",
        })
    }
}

impl Dialect {
    /// The engine that a URL names.
    pub fn of(url: &DatabaseUrl) -> Result<Self> {
        match url.expose().split(':').next() {
            Some("postgres" | "postgresql") => Ok(Dialect::Postgres),
            Some("sqlite") => Ok(Dialect::Sqlite),
            _ => Err(Error::config(
                "DATABASE_URL or SOURCE_DATABASE_URL names no known engine: write postgres://USER@HOST/DATABASE or sqlite://PATH",
            )),
        }
    }

    /// A query in this engine's words: `{C}` is the collation by code point, `{NOW_MS}` the database's clock in
    /// milliseconds since 1970, `{JSON_ROWS}` the elements of the JSON array `$1` as `e.value`,
    /// `{JSON_ARRAY}` the function that makes a JSON array of its arguments, `{SKIP_LOCKED}` leaves out rows that somebody else is just changing.
    pub fn sql(self, query: &str) -> String {
        let (collation, now_ms, json_rows, json_array, skip_locked) = match self {
            Dialect::Postgres => (
                "\"C\"",
                "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)",
                "json_array_elements(CAST($1 AS json)) AS e",
                "json_build_array",
                " FOR UPDATE SKIP LOCKED",
            ),
            Dialect::Sqlite => (
                "BINARY",
                "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
                "json_each($1) AS e",
                "json_array",
                // There is one writer at a time.
                "",
            ),
        };
        query
            .replace("{C}", collation)
            .replace("{NOW_MS}", now_ms)
            .replace("{JSON_ROWS}", json_rows)
            .replace("{JSON_ARRAY}", json_array)
            .replace("{SKIP_LOCKED}", skip_locked)
    }

    /// Begins a transaction that sees one consistent snapshot and cannot write.
    pub const fn begin_snapshot(self) -> &'static str {
        match self {
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            // Deferred: the snapshot is taken by the first read.
            Dialect::Sqlite => "BEGIN",
        }
    }

    /// Begins a transaction that writes. SQLite takes its write lock at once, so that no upgrade can deadlock. A lock is waited for a
    /// minute on both.
    pub const fn begin_write(self) -> &'static str {
        match self {
            Dialect::Postgres => concat!("BEGIN; ", lock_timeout!()),
            Dialect::Sqlite => "BEGIN IMMEDIATE",
        }
    }

    /// The type with which a contract column is created.
    pub const fn column_type(self, column_type: ColumnType) -> &'static str {
        match (self, column_type) {
            (Dialect::Postgres, ColumnType::Date) => "date",
            (Dialect::Postgres, ColumnType::Decimal) => "numeric",
            (_, ColumnType::Integer) => "bigint",
            // SQLite has neither dates nor decimals: text keeps both exact.
            (_, ColumnType::Text) | (Dialect::Sqlite, _) => "text",
        }
    }

    /// The next parameter of an INSERT, the `n`th, given as text, as a value of a contract column. SQLite looks numbered
    /// parameters up one by one, so that its time grows with their square; its plain ones are counted.
    pub fn parameter(self, column_type: ColumnType, n: usize) -> String {
        match (self, column_type) {
            (Dialect::Sqlite, ColumnType::Integer) => "CAST(? AS bigint)".to_owned(),
            (Dialect::Sqlite, _) => "?".to_owned(),
            (Dialect::Postgres, ColumnType::Text) => format!("${n}"),
            (Dialect::Postgres, other) => format!("CAST(${n} AS {})", self.column_type(other)),
        }
    }

    /// How many rows one INSERT of so many columns holds: statements large enough to be worth the round trip.
    pub const fn rows_per_insert(self, columns: usize) -> usize {
        let parameters = match self {
            Dialect::Postgres => 10_000,
            Dialect::Sqlite => 500,
        };
        parameters / columns + 1
    }

    /// A text expression as it is compared, grouped and sorted by its bytes.
    pub fn bytes(self, expression: &str) -> String {
        match self {
            // Types such as `citext` bring an equality of their own, whatever the collation.
            Dialect::Postgres => format!("{} COLLATE \"C\"", cast(expression)),
            // A cast would be in the way of an index.
            Dialect::Sqlite => format!("{expression} COLLATE BINARY"),
        }
    }

    /// Whether a column of this type holds a contract type exactly. `declared` is lower case, without length, and below all
    /// domains.
    pub fn accepts(self, column: &Column, declared: &str) -> bool {
        let integer = matches!(
            declared,
            "smallint" | "integer" | "int" | "bigint" | "int2" | "int4" | "int8"
        );
        match (self, column.column_type) {
            // Literals and expressions of a SQLite view have no declared type.
            (Dialect::Sqlite, _) if declared.is_empty() => true,
            (Dialect::Postgres, ColumnType::Text)
                if column.name == "trade_time" && declared == "time without time zone" =>
            {
                true
            }
            (Dialect::Postgres, ColumnType::Text) => {
                matches!(
                    declared,
                    "text" | "character varying" | "character" | "citext" | "name"
                )
            }
            (Dialect::Sqlite, ColumnType::Text | ColumnType::Date) => {
                matches!(
                    declared,
                    "text" | "varchar" | "char" | "character" | "nvarchar" | "character varying"
                )
            }
            (Dialect::Postgres, ColumnType::Date) => declared == "date",
            (Dialect::Postgres, ColumnType::Decimal) => declared == "numeric" || integer,
            (Dialect::Sqlite, ColumnType::Decimal) => declared == "text" || integer,
            (_, ColumnType::Integer) => integer,
        }
    }

    /// A query of one text per row for all its columns: fields that each end in [`FIELD_SEPARATOR`], [`NULL_FIELD`] for an
    /// expected null, and after them how many of these there are. Null when a column has one that is not expected. `query` puts
    /// a list of columns into the query. They are computed below a fence: the columns of a view would be computed twice.
    pub fn packed(self, columns: &[Selected], query: impl FnOnce(&str) -> String) -> String {
        let names: Vec<String> = (0..columns.len()).map(|n| format!("c{n}")).collect();
        let of = |nullable| {
            let columns = names.iter().zip(columns);
            let chosen = columns.filter(move |(_, column)| column.nullable == nullable);
            chosen.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
        };
        let fields: Vec<String> = names
            .iter()
            .zip(columns)
            .map(|(name, column)| {
                if column.nullable {
                    format!("COALESCE({}, {})", cast(name), self.character(NULL_FIELD))
                } else {
                    name.clone()
                }
            })
            .collect();
        let list: Vec<String> = names
            .iter()
            .zip(columns)
            .map(|(name, column)| format!("{} AS {name}", column.expression))
            .collect();
        format!(
            "SELECT CASE WHEN {} = 0 THEN concat_ws({}, {}, {}) END FROM ({} {}) AS packed",
            self.nulls(&of(false)),
            self.character(FIELD_SEPARATOR),
            fields.join(", "),
            self.nulls(&of(true)),
            query(&list.join(", ")),
            match self {
                Dialect::Postgres => "OFFSET 0",
                Dialect::Sqlite => "LIMIT -1",
            }
        )
    }

    fn character(self, code: u8) -> String {
        match self {
            Dialect::Postgres => format!("chr({code})"),
            Dialect::Sqlite => format!("char({code})"),
        }
    }

    /// How many of the expressions are null.
    fn nulls(self, expressions: &[&str]) -> String {
        match self {
            _ if expressions.is_empty() => "0".to_owned(),
            Dialect::Postgres => format!("num_nulls({})", expressions.join(", ")),
            Dialect::Sqlite => {
                let nulls: Vec<_> = expressions
                    .iter()
                    .map(|e| format!("({e} IS NULL)"))
                    .collect();
                format!("({})", nulls.join(" + "))
            }
        }
    }
}
