//! What the engines' own catalogues say of the columns of relations.

use super::Dialect;
use crate::catalog::cast;

/// Whether equality of a type `y` in a collation `c` is that of the bytes, as 1 or 0.
const IS_EXACT: &str = "CASE WHEN y.typname IN ('citext', 'bpchar') OR NOT COALESCE(c.collisdeterministic, TRUE) THEN 0 ELSE 1 END";

impl Dialect {
    /// Lists the columns of `$1`, `$2` and so on, which are names of relations: the relation's name, the column's, its declared type
    /// (lower case, without length), its base type, which is null for a domain, and whether its equality is that of the bytes. No
    /// rows of a relation = there is none.
    pub fn columns_query(self, relations: usize) -> String {
        let names = parameters(relations);
        match self {
            // One look at the catalogue: a union would be planned relation by relation, by every process anew.
            Dialect::Postgres => format!(
                "SELECT r.name, CAST(a.attname AS text), CAST(format_type(a.atttypid, NULL) AS text),
                        CASE WHEN y.typtype <> 'd' THEN CAST(format_type(a.atttypid, NULL) AS text) END,
                        CAST({IS_EXACT} AS bigint)
                 FROM unnest(ARRAY[{}]) AS r (name)
                 JOIN pg_attribute AS a ON a.attrelid = to_regclass(quote_ident(r.name))
                 JOIN pg_type AS y ON y.oid = a.atttypid
                 LEFT JOIN pg_collation AS c ON c.oid = a.attcollation
                 WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
                names.join(", ")
            ),
            // It does not tell a column's collation.
            Dialect::Sqlite => {
                let columns = names.iter().map(|name| {
                    format!(
                        "SELECT {name}, c.name, c.declared, c.declared, 0 FROM (
                            SELECT name, lower(CASE instr(type, '(') WHEN 0 THEN type ELSE substr(type, 1, instr(type, '(') - 1) END)
                                AS declared
                            FROM pragma_table_info({name}) ORDER BY cid) AS c"
                    )
                });
                columns.collect::<Vec<_>>().join(" UNION ALL ")
            }
        }
    }

    /// Lists the columns of the same relations whose type is a domain: the relation's name, the column's, the type below all
    /// domains, and whether its equality is that of the bytes. SQLite has no domains.
    pub fn domains_query(self, relations: usize) -> String {
        let names = parameters(relations).join(", ");
        match self {
            Dialect::Postgres => format!(
                "WITH RECURSIVE below AS (
                     SELECT r.name, a.attname, a.atttypid AS type, a.attcollation
                     FROM unnest(ARRAY[{names}]) AS r (name)
                     JOIN pg_attribute AS a ON a.attrelid = to_regclass(quote_ident(r.name))
                     WHERE a.attnum > 0 AND NOT a.attisdropped
                     UNION ALL
                     SELECT b.name, b.attname, y.typbasetype, b.attcollation
                     FROM below AS b JOIN pg_type AS y ON y.oid = b.type WHERE y.typtype = 'd'
                 )
                 SELECT b.name, CAST(b.attname AS text), CAST(format_type(b.type, NULL) AS text), CAST({IS_EXACT} AS bigint)
                 FROM below AS b
                 JOIN pg_type AS y ON y.oid = b.type AND y.typtype <> 'd'
                 LEFT JOIN pg_collation AS c ON c.oid = b.attcollation"
            ),
            Dialect::Sqlite => format!("SELECT '', '', '', 0 WHERE '' IN ({names})"),
        }
    }
}

/// The names of relations as parameters.
fn parameters(relations: usize) -> Vec<String> {
    (1..=relations).map(|n| cast(&format!("${n}"))).collect()
}
