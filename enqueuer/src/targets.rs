//! Which documents are due and which are excused, from cheap aggregates of the source.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use common::contract::ACCOUNTS;
use common::database::{Whose, query_text, statement_failed};
use common::ledger::{DueDocument, Excuse, NOT_IN_GROUP, Selection, Snapshots};
use common::lifetime::{Closed, Opened};
use common::profile::Basis;
use common::source::Source;
use common::statement::{AccountId, DocumentId, Kind, Period};
use common::{Error, Result};
use jiff::civil::Date;
use sqlx::Row;
use sqlx::any::AnyRow;

/// The documents of a period.
#[derive(Debug, Default)]
pub struct Targets {
    pub due: Vec<DueDocument>,
    pub excused: Vec<Excuse>,
    /// Accounts that were looked at, with activity or without, per kind.
    pub accounts: BTreeMap<Kind, HashSet<String>>,
}

/// The word under which accounts closed before the period are excused.
const CLOSED: &str = "closed_before_period";

/// Finds the documents that the source gives rise to, whatever has become of them already. Which period a trade belongs
/// to is the firm's `trade_basis`.
pub async fn find(
    source: &mut Source,
    selection: &Selection,
    snapshots: &Snapshots,
    trade_basis: Basis,
) -> Result<Targets> {
    let mut targets = Targets::default();
    let mut seen = BTreeSet::new();
    for kind in selection.kinds.iter().copied() {
        let activity = Activity::of(kind, selection.period, snapshots, trade_basis);
        find_kind(source, selection, &activity, &mut targets, &mut seen).await?;
    }
    refuse_unknown_accounts(source, selection).await?;
    refuse_unknown_groups(source, selection).await?;
    Ok(targets)
}

/// What makes a kind of document due: accounts with their numbers of rows.
struct Activity {
    kind: Kind,
    query: String,
    /// The parameters of the query.
    days: Vec<Option<Date>>,
}

impl Activity {
    fn of(kind: Kind, period: Period, snapshots: &Snapshots, trade_basis: Basis) -> Self {
        match kind {
            Kind::Trade => Self {
                kind,
                query: trade_activity(trade_basis),
                days: vec![Some(period.first_day()), Some(period.last_day())],
            },
            Kind::Balance => Self {
                kind,
                query: BALANCE_ACTIVITY.to_owned(),
                days: vec![
                    snapshots.positions_opening,
                    snapshots.positions_closing,
                    snapshots.cash_opening,
                    snapshots.cash_closing,
                ],
            },
        }
    }
}

/// A trade document is due with a trade or a cash movement in the period.
fn trade_activity(basis: Basis) -> String {
    let day = basis.column();
    format!(
        "SELECT account_id, count(*) AS row_count FROM statement_trades
         WHERE {day} >= date($1) AND {day} <= date($2) GROUP BY account_id
         UNION ALL
         SELECT account_id, count(*) AS row_count FROM statement_cash_movements
         WHERE booked_on >= date($1) AND booked_on <= date($2) GROUP BY account_id"
    )
}

/// A balance document is due with a position or a non-zero cash balance in the opening or the closing snapshot. Numbers
/// are compared with zero only, for which a double serves.
const BALANCE_ACTIVITY: &str = "
    SELECT account_id, count(*) AS row_count FROM statement_positions
    WHERE as_of IN (date($1), date($2)) GROUP BY account_id
    UNION ALL
    SELECT account_id, count(*) AS row_count FROM statement_cash_balances
    WHERE as_of IN (date($3), date($4)) AND CAST(amount AS double precision) <> 0 GROUP BY account_id";

async fn find_kind(
    source: &mut Source,
    selection: &Selection,
    activity: &Activity,
    targets: &mut Targets,
    seen: &mut BTreeSet<DocumentId>,
) -> Result<()> {
    let closed_on = source.catalog.column(&ACCOUNTS, "closed_on");
    let group = source.catalog.column(&ACCOUNTS, "rollout_group");
    // Accounts without activity are there for the excuses of closed ones; activity without an account is there too,
    // because a customer whose account row is missing must show as a failure, not vanish.
    let query = format!(
        "WITH activity AS ({}),
              by_account AS (SELECT account_id, sum(row_count) AS row_count FROM activity GROUP BY account_id)
         SELECT CAST(t.account_id AS text), CAST(t.electronic_delivery AS text), CAST({closed_on} AS text),
                CAST({group} AS text), CAST(b.row_count AS bigint), CAST(t.opened_on AS text)
         FROM statement_accounts t LEFT JOIN by_account b ON b.account_id = t.account_id
         UNION ALL
         SELECT CAST(b.account_id AS text), CAST(NULL AS text), CAST(NULL AS text), CAST(NULL AS text), CAST(b.row_count AS bigint),
                CAST(NULL AS text)
         FROM by_account b
         WHERE b.account_id IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM statement_accounts t WHERE t.account_id = b.account_id)",
        activity.query
    );
    let mut rows = sqlx::query(query_text(source.database.dialect.sql(&query)));
    for day in &activity.days {
        rows = rows.bind(day.map(|day| day.to_string()));
    }
    let rows = rows
        .fetch_all(source.connection())
        .await
        .map_err(statement_failed("looking for due documents", Whose::Source))?;
    for row in &rows {
        let row = AccountRow::read(row)?;
        let looked_at = targets.accounts.entry(activity.kind).or_default();
        looked_at.insert(row.account_id.clone());
        let chosen = &selection.accounts;
        if !chosen.is_empty()
            && !chosen
                .iter()
                .any(|account| account.as_str() == row.account_id)
        {
            continue;
        }
        let document = DocumentId {
            period: selection.period,
            kind: activity.kind,
            account_id: row.checked_id()?,
            revision: 1,
        };
        if !seen.insert(document.clone()) {
            let account_id = &document.account_id;
            return Err(Error::data(
                "shape",
                format!(
                    "statement_accounts has two rows for account {account_id}; account_id must be unique"
                ),
            ));
        }
        let on_paper = row.consent.as_ref().is_some_and(|consent| consent != "1");
        let excuse = |document, cause| Excuse {
            document,
            cause,
            on_paper,
            estimated_rows: row.rows.unwrap_or_default(),
        };
        if row.is_closed_before(selection.period.first_day()) {
            targets.excused.push(excuse(document, CLOSED));
        } else if row.rows.is_some() && row.is_left_out(&selection.groups) {
            targets.excused.push(excuse(document, NOT_IN_GROUP));
        } else if let Some(estimated_rows) = row.rows {
            targets.due.push(DueDocument {
                document,
                on_paper,
                estimated_rows,
            });
        }
    }
    Ok(())
}

/// An account, or an account id that rows name and `statement_accounts` does not.
struct AccountRow {
    account_id: String,
    /// `None` when there is no such account.
    consent: Option<String>,
    opened_on: Option<String>,
    closed_on: Option<String>,
    group: Option<String>,
    /// Rows of activity, if any.
    rows: Option<i64>,
}

impl AccountRow {
    fn read(row: &AnyRow) -> Result<Self> {
        let failed =
            |reason| Error::bug("the list of due documents could not be read").because(reason);
        Ok(Self {
            account_id: row
                .try_get::<Option<String>, _>(0)
                .map_err(failed)?
                .unwrap_or_default(),
            consent: row.try_get(1).map_err(failed)?,
            closed_on: row.try_get(2).map_err(failed)?,
            group: row.try_get(3).map_err(failed)?,
            rows: row.try_get(4).map_err(failed)?,
            opened_on: row.try_get(5).map_err(failed)?,
        })
    }

    /// Whether it certainly was closed before a day. Of dates that are none, or contradict each other, that cannot be said: its
    /// documents are due, and refused by the converter.
    fn is_closed_before(&self, day: Date) -> bool {
        let opened = self.opened_on.as_deref().and_then(Opened::parse);
        let closed = Closed::parse(self.closed_on.as_deref());
        match (closed, opened) {
            (Some(closed), Some(opened)) => closed.is_before(day, opened),
            _ => false,
        }
    }

    /// Whether the chosen rollout groups leave it out. A row without an account is in all of them: it must show as a failure.
    fn is_left_out(&self, groups: &[String]) -> bool {
        let is_account = self.consent.is_some();
        let group = self.group.as_ref();
        is_account && !groups.is_empty() && !group.is_some_and(|group| groups.contains(group))
    }

    fn checked_id(&self) -> Result<AccountId> {
        self.account_id.parse().map_err(|error: Error| {
            error.context(match self.consent {
                Some(_) => "statement_accounts",
                None => "a row of a relation other than statement_accounts",
            })
        })
    }
}

/// A rollout group that the operator named must exist: a mistyped one would excuse everybody.
async fn refuse_unknown_groups(source: &mut Source, selection: &Selection) -> Result<()> {
    let column = source.catalog.column(&ACCOUNTS, "rollout_group");
    for group in &selection.groups {
        let query = format!("SELECT count(*) FROM statement_accounts t WHERE {column} = $1");
        let known: i64 = sqlx::query_scalar(query_text(source.database.dialect.sql(&query)))
            .bind(group.as_str())
            .fetch_one(source.connection())
            .await
            .map_err(statement_failed(
                "looking for the rollout group",
                Whose::Source,
            ))?;
        if known == 0 {
            return Err(Error::config(format!(
                "--group {group}: statement_accounts has no account of this rollout_group"
            )));
        }
    }
    Ok(())
}

/// An account that the operator named must exist: a mistyped one would look like nothing due.
async fn refuse_unknown_accounts(source: &mut Source, selection: &Selection) -> Result<()> {
    for account_id in &selection.accounts {
        let known: i64 =
            sqlx::query_scalar("SELECT count(*) FROM statement_accounts t WHERE t.account_id = $1")
                .bind(account_id.as_str())
                .fetch_one(source.connection())
                .await
                .map_err(statement_failed("looking for the account", Whose::Source))?;
        if known == 0 {
            return Err(Error::config(format!(
                "--account {account_id}: statement_accounts has no such account"
            )));
        }
    }
    Ok(())
}
