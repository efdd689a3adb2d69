//! Which documents are due and which are excused, from cheap aggregates of the source.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use common::contract::ACCOUNTS;
use common::database::{Whose, query_text, statement_failed};
use common::ledger::{
    CLOSED, DueDocument, Excuse, NOT_IN_GROUP, Selection, Snapshots, Unaccounted, UnusableIds,
};
use common::lifetime::{Closed, Opened};
use common::profile::Basis;
use common::source::Source;
use common::statement::{AccountId, DocumentId, Kind};
use common::{Error, Result};
use jiff::civil::Date;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::activity::{self, ActiveRows};
use crate::unusable;

/// The documents of a period.
#[derive(Debug, Default)]
pub struct Targets {
    pub due: Vec<DueDocument>,
    pub excused: Vec<Excuse>,
    /// Accounts that were looked at, with activity or without, per kind.
    pub accounts: BTreeMap<Kind, HashSet<String>>,
    /// Account ids that rows name and `statement_accounts` has not.
    pub unknown: HashSet<String>,
    /// What no document can tell of.
    pub unaccounted: Unaccounted,
    /// Whether there was an account id that no account can have.
    has_unusable: bool,
}

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
    let mut active = Vec::new();
    for kind in selection.kinds.iter().copied() {
        let of_kind = activity::of(kind, selection.period, snapshots, trade_basis);
        find_kind(source, selection, (kind, &of_kind), &mut targets, &mut seen).await?;
        active.extend(of_kind);
    }
    refuse_unknown_accounts(source, selection).await?;
    refuse_unknown_groups(source, selection).await?;
    // An operator's few accounts say nothing of what belongs to none.
    if selection.accounts.is_empty() {
        targets.unaccounted.unusable = unusable_ids(source, active, targets.has_unusable).await?;
    }
    Ok(targets)
}

/// The rows of every relation looked at whose account_id no account can have. Nearly always there are none, and `any` knows.
async fn unusable_ids(
    source: &mut Source,
    mut active: Vec<ActiveRows>,
    any: bool,
) -> Result<Vec<UnusableIds>> {
    active.push(ActiveRows {
        relation: &ACCOUNTS,
        condition: "1 = 1".to_owned(),
    });
    let mut found = Vec::new();
    for rows in &active {
        found.push(if any {
            unusable::of_rows(source, rows).await?
        } else {
            UnusableIds {
                relation: rows.relation.name.to_owned(),
                rows: 0,
                examples: Vec::new(),
            }
        });
    }
    Ok(found)
}

/// Joins are to the left alone: for a full one SQLite makes no index. Nor does it for accounts that are not materialized: it would read
/// all of them anew for every account with activity.
const SAME_ACCOUNT: &str = "b.account_id COLLATE {C} = a.account_id COLLATE {C}";

/// Accounts, and account ids that rows name, with their numbers of active rows. Accounts without any are there for the excuses of
/// closed ones; rows without an account are there too, because a customer whose account row is missing must show as a failure, not
/// vanish. Ids are one and the same when their bytes are: that is how the converter looks them up.
fn query(source: &Source, active: &[ActiveRows]) -> String {
    let closed_on = source.catalog.column(&ACCOUNTS, "closed_on");
    let group = source.catalog.column(&ACCOUNTS, "rollout_group");
    let counts: Vec<String> = active
        .iter()
        .map(|rows| {
            let bytes = source.catalog.bytes(rows.relation, "account_id");
            let (name, condition) = (rows.relation.name, &rows.condition);
            format!(
                "SELECT {bytes} AS account_id, count(*) AS row_count FROM {name} t WHERE {condition} GROUP BY {bytes}"
            )
        })
        .collect();
    format!(
        "WITH activity AS ({}),
              by_account AS (
                  SELECT account_id COLLATE {{C}} AS account_id, sum(row_count) AS row_count
                  FROM activity GROUP BY account_id COLLATE {{C}}
              ),
              accounts AS MATERIALIZED (
                  SELECT {} AS account_id, 1 AS is_account, CAST(t.electronic_delivery AS text) AS consent,
                         CAST({closed_on} AS text) AS closed_on, CAST({group} AS text) AS rollout_group,
                         CAST(t.opened_on AS text) AS opened_on
                  FROM statement_accounts t
              )
         SELECT CAST(a.account_id AS text), a.consent, a.closed_on, a.rollout_group, CAST(b.row_count AS bigint),
                CAST(1 AS bigint), a.opened_on
         FROM accounts a LEFT JOIN by_account b ON {SAME_ACCOUNT}
         UNION ALL
         SELECT CAST(b.account_id AS text), CAST(NULL AS text), CAST(NULL AS text), CAST(NULL AS text),
                CAST(b.row_count AS bigint), CAST(0 AS bigint), CAST(NULL AS text)
         FROM by_account b LEFT JOIN accounts a ON {SAME_ACCOUNT} WHERE a.is_account IS NULL",
        counts.join(" UNION ALL "),
        source.catalog.bytes(&ACCOUNTS, "account_id")
    )
}

async fn find_kind(
    source: &mut Source,
    selection: &Selection,
    (kind, active): (Kind, &[ActiveRows]),
    targets: &mut Targets,
    seen: &mut BTreeSet<DocumentId>,
) -> Result<()> {
    let query = source.sql(&query(source, active));
    let rows = sqlx::query(query)
        .fetch_all(source.connection())
        .await
        .map_err(statement_failed("looking for due documents", Whose::Source))?;
    for row in &rows {
        let row = AccountRow::read(row)?;
        let Ok(account_id) = row.account_id.parse::<AccountId>() else {
            targets.has_unusable = true;
            continue;
        };
        let looked_at = targets.accounts.entry(kind).or_default();
        looked_at.insert(row.account_id.clone());
        if !row.is_account {
            targets.unknown.insert(row.account_id.clone());
        }
        if !selection.accounts.is_empty() && !selection.accounts.contains(&account_id) {
            continue;
        }
        let document = DocumentId {
            period: selection.period,
            kind,
            account_id,
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
        targets.add(document, &row, selection);
    }
    Ok(())
}

impl Targets {
    /// Adds a document that an account may give rise to, if it does.
    fn add(&mut self, document: DocumentId, row: &AccountRow, selection: &Selection) {
        let on_paper = row.is_account && row.consent.as_deref() != Some("1");
        let excuse = |document, cause| Excuse {
            document,
            cause,
            on_paper,
            estimated_rows: row.rows.unwrap_or_default(),
        };
        let is_closed = row.is_closed_before(selection.period.first_day());
        match row.rows {
            None if is_closed => self.excused.push(excuse(document, CLOSED)),
            None => {}
            Some(_) if row.is_left_out(&selection.groups) => {
                self.excused.push(excuse(document, NOT_IN_GROUP));
            }
            // What moved or is held after the account was closed is somebody's, and he must hear of it.
            Some(estimated_rows) => {
                self.unaccounted.closed_active += u64::from(is_closed);
                self.due.push(DueDocument {
                    document,
                    on_paper,
                    estimated_rows,
                });
            }
        }
    }
}

/// An account, or an account id that rows name and `statement_accounts` does not.
struct AccountRow {
    account_id: String,
    is_account: bool,
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
            is_account: row.try_get::<i64, _>(5).map_err(failed)? == 1,
            opened_on: row.try_get(6).map_err(failed)?,
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
        let group = self.group.as_ref();
        self.is_account && !groups.is_empty() && !group.is_some_and(|group| groups.contains(group))
    }
}

/// A rollout group that the operator named must exist: a mistyped one would excuse everybody.
async fn refuse_unknown_groups(source: &mut Source, selection: &Selection) -> Result<()> {
    let column = source.catalog.bytes(&ACCOUNTS, "rollout_group");
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
    let is_account = source.catalog.is_account(&ACCOUNTS);
    for account_id in &selection.accounts {
        let query = format!("SELECT count(*) FROM statement_accounts t WHERE {is_account}");
        let known: i64 = sqlx::query_scalar(query_text(query))
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
