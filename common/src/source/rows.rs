//! Rows of the source, streamed. The database packs each row into one text: fetched column by column, a row of 26 columns would
//! cost 26 values to send, to check and to keep.

use futures_util::TryStreamExt;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, Row};

use super::Source;
use crate::Result;
use crate::catalog::cast;
use crate::contract::Relation;
use crate::database::{Whose, query_text, statement_failed};
use crate::dialect::{Dialect, FIELD_SEPARATOR, NULL_FIELD};

/// A column as selected.
#[derive(Debug, Clone)]
pub struct Selected {
    /// Of any type that turns into text as `CAST(… AS text)` does.
    pub expression: String,
    /// A null is to be expected. Elsewhere it is found, too, at the price of reading the rows again.
    pub nullable: bool,
}

/// What to read.
#[derive(Debug, Clone, Copy)]
pub struct Query<'q> {
    /// For messages.
    pub doing: &'q str,
    pub columns: &'q [Selected],
    /// With `{columns}` for the columns. It orders by `t.column`, never by a bare name, and totally.
    pub text: &'q str,
    pub parameters: &'q [&'q str],
}

/// A row: the text of every column, or null.
#[derive(Debug, Default)]
pub struct SourceRow {
    text: String,
    fields: Vec<Option<(usize, usize)>>,
}

impl SourceRow {
    /// The text of a column; `None` = null.
    pub fn get(&self, column: usize) -> Option<&str> {
        debug_assert!(column < self.fields.len(), "no column {column} is selected");
        let (from, to) = (*self.fields.get(column)?)?;
        self.text.get(from..to)
    }

    /// How many columns it has.
    pub fn columns(&self) -> usize {
        self.fields.len()
    }

    /// Takes the fields of a packed row apart. `false` = it cannot be told where they are, because a text has the separator in
    /// it or looks like a null.
    fn unpack(&mut self, packed: Option<&str>, columns: usize) -> bool {
        let Some(packed) = packed else { return false };
        self.text.clear();
        self.text.push_str(packed);
        self.fields.clear();
        let (mut from, mut nulls) = (0, 0_usize);
        for (at, byte) in packed.bytes().enumerate() {
            if byte == FIELD_SEPARATOR {
                let is_null = at == from + 1 && packed.as_bytes()[from] == NULL_FIELD;
                nulls += usize::from(is_null);
                self.fields.push((!is_null).then_some((from, at)));
                from = at + 1;
            }
        }
        self.fields.len() == columns && packed[from..].parse() == Ok(nulls)
    }

    /// Takes a row that was fetched column by column.
    fn copy(&mut self, row: &AnyRow) -> sqlx::Result<()> {
        self.text.clear();
        self.fields.clear();
        for column in 0..row.len() {
            self.push(row.try_get(column)?);
        }
        Ok(())
    }

    fn push(&mut self, value: Option<&str>) {
        let from = self.text.len();
        self.text.push_str(value.unwrap_or_default());
        self.fields.push(value.map(|_| (from, self.text.len())));
    }
}

/// A row of these columns.
impl<'t> FromIterator<Option<&'t str>> for SourceRow {
    fn from_iter<T: IntoIterator<Item = Option<&'t str>>>(columns: T) -> Self {
        let mut row = Self::default();
        for column in columns {
            row.push(column);
        }
        row
    }
}

impl Source {
    /// All columns of a relation of the contract, there called `t`: null where the firm has no such column.
    pub fn columns_of(&self, relation: &Relation) -> Vec<Selected> {
        let names: Vec<&str> = relation.columns.iter().map(|column| column.name).collect();
        self.columns_named(relation, &names)
    }

    /// Some columns of a relation of the contract, there called `t`.
    pub fn columns_named(&self, relation: &Relation, names: &[&str]) -> Vec<Selected> {
        names
            .iter()
            .map(|name| Selected {
                expression: self.catalog.text(relation, name),
                nullable: relation.column(name).is_none_or(|column| column.optional),
            })
            .collect()
    }

    /// Reads a query's rows one after the other.
    pub async fn for_each(
        &mut self,
        query: Query<'_>,
        mut each: impl AsyncFnMut(&SourceRow) -> Result<()>,
    ) -> Result<()> {
        let dialect = self.database.dialect;
        let columns = query.columns.len();
        let mut row = SourceRow::default();
        let mut done = 0_u64;
        let packed = dialect.packed(query.columns, |columns| query.with(columns, dialect));
        let mut rows = query.bind(packed).fetch(self.connection());
        let is_read = loop {
            let Some(next) = rows.try_next().await.map_err(query.failed())? else {
                break true;
            };
            if !row.unpack(next.try_get(0).map_err(query.failed())?, columns) {
                break false;
            }
            each(&row).await?;
            done += 1;
        };
        drop(rows);
        if is_read {
            return Ok(());
        }
        // From the first row on that packing cannot keep apart, by columns. The snapshot is still the same; the database
        // looks at the rows a second time, as rare as such texts are.
        let list: Vec<String> = query.columns.iter().map(|c| cast(&c.expression)).collect();
        let text = format!(
            "{} LIMIT {} OFFSET {done}",
            query.with(&list.join(", "), dialect),
            i64::MAX
        );
        let mut rows = query.bind(text).fetch(self.connection());
        while let Some(next) = rows.try_next().await.map_err(query.failed())? {
            row.copy(&next).map_err(query.failed())?;
            each(&row).await?;
        }
        Ok(())
    }
}

impl<'q> Query<'q> {
    fn with(&self, columns: &str, dialect: Dialect) -> String {
        dialect.sql(&self.text.replace("{columns}", columns))
    }

    fn bind(&self, text: String) -> sqlx::query::Query<'static, Any, AnyArguments> {
        let query = sqlx::query(query_text(text));
        self.parameters.iter().fold(query, |query, parameter| {
            query.bind((*parameter).to_owned())
        })
    }

    fn failed(&self) -> impl FnOnce(sqlx::Error) -> crate::Error + use<'q> {
        statement_failed(self.doing, Whose::Source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(packed: &str, columns: usize) -> Option<Vec<Option<String>>> {
        let mut row = SourceRow::default();
        row.unpack(Some(packed), columns).then(|| {
            (0..row.columns())
                .map(|column| row.get(column).map(ToOwned::to_owned))
                .collect()
        })
    }

    #[test]
    fn packed_fields_are_told_apart_or_given_up() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            unpacked("a\u{1F}\u{1F}\u{1E}\u{1F}1", 3),
            Some(vec![some("a"), some(""), None])
        );
        for (packed, columns) in [
            // A separator within a text, also where another text is gone.
            ("a\u{1F}b\u{1F}c\u{1F}0", 2),
            ("a\u{1F}0", 2),
            // A text that looks like a null.
            ("a\u{1F}\u{1E}\u{1F}0", 2),
            ("\u{1E}\u{1F}\u{1E}\u{1F}1", 2),
            ("", 1),
        ] {
            assert_eq!(unpacked(packed, columns), None, "{packed:?}");
        }
        assert!(!SourceRow::default().unpack(None, 1));
    }
}
