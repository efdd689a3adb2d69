//! What no row shows alone: ids that occur twice, and rows that belong to no account.

use common::Result;
use common::catalog::cast;
use common::contract::{ACCOUNTS, Column, DEFAULT_POCKET, Relation};
use common::database::{Whose, query_text, statement_failed};
use common::source::Source;

use crate::{unusable, whole_source};

/// Whether what is compared here is there, and of its type.
pub fn is_comparable(source: &Source, relation: &Relation, sound: &[&Column]) -> bool {
    let is_sound = |name: &str| sound.iter().any(|column| column.name == name);
    let has_accounts = source.catalog.has(&ACCOUNTS, "account_id");
    let mut unique = relation.unique.iter();
    has_accounts && unique.all(|name| is_sound(name) || !source.catalog.has(relation, name))
}

/// What is wrong with a relation as a whole.
pub async fn problems(source: &mut Source, relation: &'static Relation) -> Result<Vec<String>> {
    let mut found = Vec::new();
    if relation.name == ACCOUNTS.name && whole_source::accounts(source).await? == 0 {
        found.push(whole_source::no_account().to_string());
    }
    found.extend(duplicates(source, relation).await?);
    if relation.name != ACCOUNTS.name {
        found.extend(orphans(source, relation).await?);
    }
    Ok(found)
}

/// Rows that the contract's unique columns do not tell apart.
async fn duplicates(source: &mut Source, relation: &'static Relation) -> Result<Option<String>> {
    let dialect = source.database.dialect;
    // A row without a market is one of its own, and one without a pocket is of the usual one.
    let column = |name: &str| {
        let absent = if name == "pocket" { DEFAULT_POCKET } else { "" };
        let value = match relation.column(name) {
            Some(column) if column.optional => source.catalog.present(relation, name),
            _ => source.catalog.column(relation, name),
        };
        dialect.bytes(&format!("COALESCE({}, '{absent}')", cast(&value)))
    };
    let columns: Vec<String> = relation.unique.iter().map(|name| column(name)).collect();
    let named: Vec<String> = relation
        .unique
        .iter()
        .zip(&columns)
        .map(|(name, column)| format!("'{name} ' || {column}"))
        .collect();
    let query = format!(
        "SELECT count(*) OVER (), d.named, d.row_count
         FROM (SELECT min({}) AS named, count(*) AS row_count FROM {} t GROUP BY {} HAVING count(*) > 1) d
         ORDER BY d.row_count DESC, d.named LIMIT 1",
        dialect.bytes(&format!("({})", named.join(" || ', ' || "))),
        relation.name,
        columns.join(", ")
    );
    let found: Option<(i64, Option<String>, i64)> = sqlx::query_as(query_text(query))
        .fetch_optional(source.connection())
        .await
        .map_err(statement_failed("looking for duplicates", Whose::Source))?;
    Ok(found.map(|(keys, named, rows)| {
        let named = named
            .unwrap_or_default()
            .replace(char::is_control, "\u{FFFD}");
        let unique = relation.unique.join(", ");
        let more = match keys {
            1 => String::new(),
            keys => format!(" ({keys} occur more than once)"),
        };
        let must = if relation.unique.len() == 1 {
            "it must be unique".to_owned()
        } else {
            format!("{unique} must be unique together")
        };
        format!("{named} occurs {rows} times{more}; {must}")
    }))
}

/// Rows that name an account which is not there. Ids that no account can have are told by themselves.
async fn orphans(source: &mut Source, relation: &'static Relation) -> Result<Option<String>> {
    let id = source.catalog.bytes(relation, "account_id");
    let account = source.catalog.bytes(&ACCOUNTS, "account_id");
    let unusable = unusable::condition(source.database.dialect, &id);
    let name = relation.name;
    let query = source.sql(&format!(
        "SELECT CAST(COALESCE(sum(r.row_count), 0) AS bigint), CAST(min(r.account_id COLLATE {{C}}) AS text)
         FROM (SELECT {id} AS account_id, count(*) AS row_count FROM {name} t WHERE NOT {unusable} GROUP BY {id}) r
         WHERE NOT EXISTS (SELECT 1 FROM statement_accounts t WHERE {account} = r.account_id COLLATE {{C}})"
    ));
    let (rows, example): (i64, Option<String>) = sqlx::query_as(query)
        .fetch_one(source.connection())
        .await
        .map_err(statement_failed(
            "looking for unknown accounts",
            Whose::Source,
        ))?;
    Ok((rows > 0).then(|| {
        format!(
            "{rows} rows belong to no account of statement_accounts (e.g. account_id {:?}); add the accounts or leave the rows out",
            example.unwrap_or_default()
        )
    }))
}
