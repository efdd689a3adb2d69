//! What the firm's relations really have, beside what the contract says: optional columns may be absent.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Executor, FromRow};

use crate::blank::absent_as_null;
use crate::contract::{RELATIONS, Relation};
use crate::database::{Whose, query_text, statement_failed};
use crate::dialect::Dialect;
use crate::{Error, Result};

/// The columns of the source's relations.
#[derive(Debug, Clone)]
pub struct Catalog {
    dialect: Dialect,
    relations: HashMap<String, Vec<Declared>>,
}

/// A column as the engine's catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    pub name: String,
    /// The declared type: lower case, without length. Of a domain it is the domain's name.
    pub declared: String,
    /// The type below all domains, as a cast may name it; elsewhere as `declared`.
    pub base: String,
    /// Whether its equality is that of the bytes. Otherwise, and where the engine does not tell, other texts may be equal.
    pub is_exact: bool,
}

impl Declared {
    /// The base type without the schema that an extension was put in.
    pub fn base_type(&self) -> &str {
        match self.base.rsplit('.').next() {
            Some("citext") => "citext",
            _ => &self.base,
        }
    }

    /// The declared type, and of a domain the type below it, for messages.
    pub fn described(&self) -> String {
        if self.declared == self.base {
            self.declared.clone()
        } else {
            format!("{}, a domain over {}", self.declared, self.base)
        }
    }
}

/// A row of the catalogue: relation, column, declared type, base type (null = it is a domain), whether its equality is exact.
type Row = (String, String, String, Option<String>, i64);

impl Catalog {
    /// Reads it from the engine's own catalogue.
    pub async fn read(connection: &mut AnyConnection, dialect: Dialect) -> Result<Self> {
        // All relations at once: a converter asks this for every document that has a process of its own.
        let found: Vec<Row> = rows_of(connection, dialect.columns_query(RELATIONS.len())).await?;
        // Domains are rare, and what lies below them takes a query that is long to plan.
        let domains = if found.iter().any(|(_, _, _, base, _)| base.is_none()) {
            domains(connection, dialect).await?
        } else {
            HashMap::new()
        };
        let mut relations: HashMap<_, Vec<_>> = HashMap::new();
        for (relation, name, declared, base, exact) in found {
            let below = domains.get(&(relation.clone(), name.clone())).cloned();
            let (base, is_exact) = match (base, below) {
                (Some(base), _) => (base, exact == 1),
                (None, Some(below)) => below,
                (None, None) => (declared.clone(), false),
            };
            let column = Declared {
                name,
                declared,
                base,
                is_exact,
            };
            relations.entry(relation).or_default().push(column);
        }
        Ok(Self { dialect, relations })
    }

    /// The columns that a relation has; none when there is no such relation.
    pub fn columns(&self, relation: &Relation) -> &[Declared] {
        self.relations.get(relation.name).map_or(&[], Vec::as_slice)
    }

    /// A column as it is declared; `None` = the relation has no such.
    pub fn declared(&self, relation: &Relation, column: &str) -> Option<&Declared> {
        self.columns(relation)
            .iter()
            .find(|declared| declared.name == column)
    }

    /// Whether the relation has the column.
    pub fn has(&self, relation: &Relation, column: &str) -> bool {
        self.declared(relation, column).is_some()
    }

    /// An error that names the first missing relation or column that the contract demands.
    pub fn demand_all(&self) -> Result<()> {
        RELATIONS
            .into_iter()
            .try_for_each(|relation| self.demand(relation))
    }

    /// An error that names the relation, when it is missing, or its first missing column.
    pub fn demand(&self, relation: &Relation) -> Result<()> {
        let name = relation.name;
        let see = "`enqueuer check` names every deviation from the contract";
        if self.columns(relation).is_empty() {
            return Err(Error::config(format!(
                "the source has no relation {name}; {see}"
            )));
        }
        match relation
            .columns
            .iter()
            .find(|column| !column.optional && !self.has(relation, column.name))
        {
            Some(column) => Err(Error::config(format!(
                "the source's {name} has no column {}; {see}",
                column.name
            ))),
            None => Ok(()),
        }
    }

    /// A column of the relation called `t`, or a typed null where the firm has no such column.
    pub fn column(&self, relation: &Relation, column: &str) -> String {
        if self.has(relation, column) {
            format!("t.{column}")
        } else {
            "CAST(NULL AS text)".to_owned()
        }
    }

    /// A text column of the relation called `t`, for what a query decides by it: an absent text is null there, too, as for who reads
    /// its rows.
    pub fn present(&self, relation: &Relation, column: &str) -> String {
        if self.has(relation, column) {
            absent_as_null(&format!("t.{column}"))
        } else {
            self.column(relation, column)
        }
    }

    /// A column of the relation called `t` that turns into text as a cast does. Of other types than these it is cast at
    /// once: PostgreSQL pads `character` elsewhere, for one.
    pub fn text(&self, relation: &Relation, column: &str) -> String {
        const PLAIN: [&str; 9] = [
            "text",
            "character varying",
            "varchar",
            "date",
            "numeric",
            "smallint",
            "integer",
            "bigint",
            "",
        ];
        let expression = self.column(relation, column);
        let declared = self.declared(relation, column);
        if declared.is_some_and(|declared| PLAIN.contains(&declared.base.as_str())) {
            expression
        } else {
            cast(&expression)
        }
    }

    /// A text column of the relation called `t` as it is compared, grouped and joined by its bytes alone, whatever its collation
    /// or type takes for the same.
    pub fn bytes(&self, relation: &Relation, column: &str) -> String {
        self.dialect.bytes(&self.column(relation, column))
    }

    /// The condition that a row of the relation called `t` is the account's whose id is `$1`, by its bytes. What the column's own
    /// equality finds comes first where an index needs it: that is never less.
    pub fn is_account(&self, relation: &Relation) -> String {
        const ACCOUNT_ID: &str = "account_id";
        let Some(declared) = self.declared(relation, ACCOUNT_ID) else {
            return "1 = 0".to_owned();
        };
        if declared.is_exact {
            return "t.account_id = $1".to_owned();
        }
        let given = match (self.dialect, declared.base_type()) {
            // A text is compared with these as text, for which they have no index.
            (Dialect::Postgres, "citext") => format!("CAST($1 AS {})", declared.base),
            // `character` without a length would be of one.
            (Dialect::Postgres, "character") => "CAST($1 AS bpchar)".to_owned(),
            _ => "$1".to_owned(),
        };
        let bytes = self.bytes(relation, ACCOUNT_ID);
        format!("t.account_id = {given} AND {bytes} = $1")
    }

    /// All columns of the contract, as text, in its order, of the relation called `t`.
    pub fn select_list(&self, relation: &Relation) -> String {
        relation
            .columns
            .iter()
            .map(|column| cast(&self.column(relation, column.name)))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// By relation and column, the type below a domain and whether its equality is exact.
type Domains = HashMap<(String, String), (String, bool)>;

async fn domains(connection: &mut AnyConnection, dialect: Dialect) -> Result<Domains> {
    let found: Vec<(String, String, String, i64)> =
        rows_of(connection, dialect.domains_query(RELATIONS.len())).await?;
    Ok(found
        .into_iter()
        .map(|(relation, column, base, exact)| ((relation, column), (base, exact == 1)))
        .collect())
}

/// What the catalogue answers to a query whose parameters are the contract's relations.
async fn rows_of<T>(connection: &mut AnyConnection, mut query: String) -> Result<Vec<T>>
where
    T: for<'r> FromRow<'r, AnyRow>,
{
    for (n, relation) in RELATIONS.iter().enumerate() {
        // Our own words, and no values: one message, which a pooler passes on outside of a transaction, too.
        query = query.replace(&format!("${}", n + 1), &format!("'{}'", relation.name));
    }
    let rows = connection
        .fetch_all(query_text(query))
        .await
        .map_err(failed())?;
    rows.iter()
        .map(T::from_row)
        .collect::<sqlx::Result<_>>()
        .map_err(failed())
}

fn failed() -> impl FnOnce(sqlx::Error) -> Error {
    statement_failed("reading the source's columns", Whose::Source)
}

/// An expression's text.
pub fn cast(expression: &str) -> String {
    format!("CAST({expression} AS text)")
}
