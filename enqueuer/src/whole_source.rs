//! Whether the source is whole: no rows are hidden from the reader, it has accounts, and not far fewer of them or of positions than the last
//! month end found. What is missing without a word would be in no statement, and nobody would miss it.

use common::config::Config;
use common::contract::{ACCOUNTS, POSITIONS};
use common::database::{Whose, query_text, statement_failed};
use common::ledger::{EarlierCounts, Snapshots, SourceCounts};
use common::source::{Filtered, Source};
use common::statement::{Kind, Period};
use common::{Error, Result, telemetry};

use crate::{deviations, local_time};

/// Opens the source for making documents: in one snapshot, with nothing hidden, and with accounts. Tells of a time zone that is not
/// that of the business.
pub async fn open(config: &Config) -> Result<Source> {
    let mut source = Source::open(config).await?;
    source.begin_snapshot().await?;
    refuse_hidden(&source.filtered().await?)?;
    if let Some(told) = source.other_zone() {
        telemetry::say(&format!("note: {told}"));
    }
    local_time::demand_business_time(&mut source, &config.business_timezone).await?;
    deviations::preflight(&mut source).await?;
    if accounts(&mut source).await? == 0 {
        return Err(no_account());
    }
    Ok(source)
}

/// A source without a single account is a load that has not begun, or rows that the reader is not shown.
pub fn no_account() -> Error {
    Error::retry(
        "source_not_ready",
        "the source has no account: statement_accounts is empty, or its rows are not shown to the reader; run again once it is loaded",
    )
}

fn refuse_hidden(filtered: &[Filtered]) -> Result<()> {
    let hidden = filtered.iter().filter(|found| !found.shows_all());
    let Some(first) = hidden.clone().next() else {
        return Ok(());
    };
    let mut relations: Vec<&str> = hidden.map(|hidden| hidden.relation.as_str()).collect();
    relations.dedup();
    Err(Error::config(format!(
        "the source's {}: {}",
        relations.join(", "),
        hides(first)
    )))
}

/// What is wrong with a relation that row-level security may filter, and the fix.
pub fn hides(filtered: &Filtered) -> String {
    let Filtered {
        table,
        role,
        relation,
        ..
    } = filtered;
    let read = if table == relation {
        String::new()
    } else {
        format!(" of {table}, which it reads as {role}")
    };
    format!(
        "row-level security may hide rows{read}, and nobody would miss them; show all to {role}: `ALTER ROLE {role} BYPASSRLS;`, or, where no policy is restrictive, `CREATE POLICY export ON {table} FOR SELECT TO {role} USING (true);`"
    )
}

/// What is known of a relation whose policies show all rows.
pub fn shown_by_policy(filtered: &Filtered) -> Option<String> {
    let policy = filtered.policy.as_ref()?;
    Some(format!(
        "row-level security is on for {}; its policy {policy} shows {} all rows",
        filtered.table, filtered.role
    ))
}

/// Counts accounts and, where the run looks for positions, those of the closing snapshot.
pub async fn count(
    source: &mut Source,
    snapshots: &Snapshots,
    kinds: &[Kind],
) -> Result<SourceCounts> {
    let positions = if kinds.contains(&Kind::Balance) {
        Some(closing_positions(source, snapshots).await?)
    } else {
        None
    };
    Ok(SourceCounts {
        accounts: accounts(source).await?,
        positions,
    })
}

/// Counts accounts, closed ones, too.
pub async fn accounts(source: &mut Source) -> Result<i64> {
    let query = format!("SELECT count(*) FROM {}", ACCOUNTS.name);
    sqlx::query_scalar(query_text(query))
        .fetch_one(source.connection())
        .await
        .map_err(statement_failed("counting accounts", Whose::Source))
}

async fn closing_positions(source: &mut Source, snapshots: &Snapshots) -> Result<i64> {
    let Some(closing) = snapshots.positions_closing else {
        return Ok(0);
    };
    let query = format!(
        "SELECT count(*) FROM {} WHERE as_of = date($1)",
        POSITIONS.name
    );
    sqlx::query_scalar(query_text(query))
        .bind(closing.to_string())
        .fetch_one(source.connection())
        .await
        .map_err(statement_failed("counting positions", Whose::Source))
}

/// What the source has far fewer of than the last run of all accounts found, in words.
pub fn fewer(counts: SourceCounts, earlier: Option<EarlierCounts>) -> Option<String> {
    let before = earlier?;
    let positions = before.positions.zip(counts.positions);
    let compared = [
        (Some((before.accounts, counts.accounts)), "accounts"),
        (positions, "positions of the closing snapshot"),
    ];
    let fewer: Vec<String> = compared
        .into_iter()
        .filter_map(|(pair, what)| Some((pair?, what)))
        .filter(|(((_, before), now), _)| now.saturating_mul(2) < *before)
        .map(|(((period, before), now), what)| {
            format!("{what} {now}, less than half of the {before} that the run of {period} found")
        })
        .collect();
    (!fewer.is_empty()).then(|| fewer.join("; "))
}

/// Refuses a source of which more than half is missing, unless the operator accepts it: it may be a load that is still going.
pub fn refuse_fewer(period: Period, fewer: Option<&str>, accepted: bool) -> Result<()> {
    match fewer {
        Some(fewer) if !accepted => Err(Error::retry(
            "source_not_ready",
            format!(
                "the source is not whole for {period}: {fewer}; run again once everything is loaded, or, if that is all, say so with --accept-fewer"
            ),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use common::Class;

    use super::*;

    fn counts(accounts: i64, positions: Option<i64>) -> SourceCounts {
        SourceCounts {
            accounts,
            positions,
        }
    }

    fn earlier(accounts: i64, positions: Option<i64>) -> EarlierCounts {
        let period = "2026-09".parse().unwrap();
        EarlierCounts {
            accounts: (period, accounts),
            positions: positions.map(|positions| (period, positions)),
        }
    }

    #[test]
    fn less_than_half_is_too_few() {
        let before = Some(earlier(10, Some(7)));
        for enough in [counts(10, Some(7)), counts(5, Some(4)), counts(99, None)] {
            assert_eq!(fewer(enough, before), None, "{enough:?}");
        }
        let text = fewer(counts(4, Some(7)), before).unwrap();
        assert_eq!(
            text,
            "accounts 4, less than half of the 10 that the run of 2026-09 found"
        );
        let text = fewer(counts(5, Some(3)), before).unwrap();
        assert!(
            text.starts_with("positions of the closing snapshot 3,"),
            "{text}"
        );
        let both = fewer(counts(1, Some(0)), before).unwrap();
        assert!(
            both.contains("accounts 1,") && both.contains("; positions of the closing snapshot 0,"),
            "{both}"
        );
        // Nothing to compare with.
        assert_eq!(fewer(counts(1, Some(0)), None), None);
        assert_eq!(fewer(counts(5, Some(0)), Some(earlier(10, None))), None);
    }

    #[test]
    fn too_few_is_tried_again_unless_accepted() {
        let period = "2026-10".parse().unwrap();
        let refused = refuse_fewer(period, Some("4 accounts"), false).unwrap_err();
        assert_eq!(
            (refused.class(), refused.cause()),
            (Class::Retry, "source_not_ready")
        );
        assert!(refused.to_string().contains("--accept-fewer"), "{refused}");
        assert!(refuse_fewer(period, Some("4 accounts"), true).is_ok());
        assert!(refuse_fewer(period, None, false).is_ok());
    }
}
