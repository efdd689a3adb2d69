//! Which documents are due and which are excused, from cheap aggregates of the source.

mod found;

use common::contract::ACCOUNTS;
use common::database::{Whose, query_text, statement_failed};
use common::ledger::{CLOSED, NOT_IN_GROUP, Selection, Snapshots, Unaccounted, UnusableIds};
use common::lifetime::{Closed, Opened};
use common::profile::Basis;
use common::source::Source;
use common::statement::AccountId;
use common::{Error, Result};
use futures_util::{Stream, StreamExt, TryStreamExt};
use jiff::civil::Date;

pub use self::found::Documents;

use crate::activity::{self, ActiveRows};
use crate::unusable;

/// The documents of a period.
#[derive(Debug)]
pub struct Targets {
    pub documents: Documents,
    /// What no document can tell of.
    pub unaccounted: Unaccounted,
}

/// An account as a kind of document sees it, or an account id that rows name and `statement_accounts` has not.
#[derive(Debug)]
pub struct Seen {
    /// `None` = no account can have it.
    pub account_id: Option<AccountId>,
    pub is_account: bool,
    /// It has rows that make a document due.
    pub is_active: bool,
    /// It was closed before the period.
    pub is_closed: bool,
    pub gives: Gives,
    /// How many rows it has of each thing that was to be counted.
    pub counts: Vec<i64>,
}

/// What an account gives rise to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    Nothing,
    Due(Weight),
    Excused(Weight, &'static str),
}

/// How a document is delivered, and how heavy it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    pub on_paper: bool,
    pub estimated_rows: i64,
}

/// Finds the documents that the source gives rise to, whatever has become of them already. Which period a trade belongs
/// to is the firm's `trade_basis`.
pub async fn find(
    source: &mut Source,
    selection: &Selection,
    snapshots: &Snapshots,
    trade_basis: Basis,
) -> Result<Targets> {
    let mut targets = Targets {
        documents: Documents::of(selection.period),
        unaccounted: Unaccounted::default(),
    };
    let mut has_unusable = false;
    for kind in selection.kinds.iter().copied() {
        let of_kind = activity::of(kind, selection.period, snapshots, trade_basis);
        let mut accounts = accounts(source, selection, &of_kind, &[]);
        while let Some(seen) = accounts.try_next().await? {
            let Some(account_id) = seen.account_id else {
                has_unusable = true;
                continue;
            };
            if matches!(seen.gives, Gives::Due(_)) {
                targets.unaccounted.closed_active += u64::from(seen.is_closed);
            }
            targets.documents.push(kind, &account_id, seen.gives);
        }
    }
    refuse_unknown_accounts(source, selection).await?;
    refuse_unknown_groups(source, selection).await?;
    // An operator's few accounts say nothing of what belongs to none.
    if selection.accounts.is_empty() {
        targets.unaccounted.unusable =
            unusable(source, selection, snapshots, trade_basis, has_unusable).await?;
    }
    Ok(targets)
}

/// Every account that a selection means, with what it gives rise to by these rows, in the order in which a store lists them: by id,
/// each followed by a slash. `counted` is counted besides, per account; it is of relations of the active rows.
pub fn accounts<'s>(
    source: &'s mut Source,
    selection: &'s Selection,
    active: &[ActiveRows],
    counted: &[ActiveRows],
) -> impl Stream<Item = Result<Seen>> + Unpin + use<'s> {
    let query = source.sql(&query(source, active, counted));
    let rows = sqlx::query_scalar(query).fetch(source.connection());
    let mut before: Option<AccountId> = None;
    let seen = rows.map(move |row| {
        let row: String =
            row.map_err(statement_failed("looking for due documents", Whose::Source))?;
        let row = AccountRow::read(&row)?;
        let account_id: Option<AccountId> = row.account_id.as_deref().and_then(|id| id.parse().ok());
        if account_id.as_ref().is_some_and(|id| !selection.has(id)) {
            return Ok(None);
        }
        if let Some(account_id) = account_id.as_ref().filter(|id| before.as_ref() == Some(*id)) {
            return Err(Error::data(
                "shape",
                format!(
                    "statement_accounts has two rows for account {account_id}; account_id must be unique"
                ),
            ));
        }
        before.clone_from(&account_id);
        Ok(Some(row.seen(account_id, selection)))
    });
    Box::pin(seen.try_filter_map(async |seen| Ok(seen)))
}

/// The rows of every relation looked at whose account_id no account can have. Nearly always there are none, and `any` knows.
pub async fn unusable(
    source: &mut Source,
    selection: &Selection,
    snapshots: &Snapshots,
    trade_basis: Basis,
    any: bool,
) -> Result<Vec<UnusableIds>> {
    let kinds = selection.kinds.iter();
    let mut looked_at: Vec<ActiveRows> = kinds
        .flat_map(|kind| activity::of(*kind, selection.period, snapshots, trade_basis))
        .collect();
    looked_at.push(ActiveRows {
        relation: &ACCOUNTS,
        condition: "1 = 1".to_owned(),
    });
    let mut found = Vec::new();
    for rows in &looked_at {
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

/// Accounts, and account ids that rows name, with their numbers of rows, each as a JSON array. Accounts without any are there for
/// the excuses of closed ones; rows without an account are there too, because a customer whose account row is missing must show as a
/// failure, not vanish. Ids are one and the same when their bytes are: that is how the converter looks them up.
fn query(source: &Source, active: &[ActiveRows], counted: &[ActiveRows]) -> String {
    let closed_on = source.catalog.column(&ACCOUNTS, "closed_on");
    let group = source.catalog.column(&ACCOUNTS, "rollout_group");
    let activity: Vec<String> = active
        .iter()
        .map(|rows| activity_of(source, rows, counted))
        .collect();
    let list = |of: &dyn Fn(usize) -> String| (0..counted.len()).map(of).collect::<String>();
    format!(
        "WITH activity AS ({}),
              by_account AS (
                  SELECT account_id COLLATE {{C}} AS account_id, sum(row_count) AS row_count{}
                  FROM activity GROUP BY account_id COLLATE {{C}}
              ),
              accounts AS MATERIALIZED (
                  SELECT {} AS account_id, 1 AS is_account, CAST(t.electronic_delivery AS text) AS consent,
                         CAST({closed_on} AS text) AS closed_on, CAST({group} AS text) AS rollout_group,
                         CAST(t.opened_on AS text) AS opened_on
                  FROM statement_accounts t
              ),
              seen AS (
                  SELECT CAST(a.account_id AS text) AS account_id, 1 AS is_account, a.consent, a.opened_on, a.closed_on,
                         a.rollout_group, CAST(b.row_count AS bigint) AS row_count{}
                  FROM accounts a LEFT JOIN by_account b ON {SAME_ACCOUNT}
                  UNION ALL
                  SELECT CAST(b.account_id AS text), 0, CAST(NULL AS text), CAST(NULL AS text), CAST(NULL AS text),
                         CAST(NULL AS text), CAST(b.row_count AS bigint){}
                  FROM by_account b LEFT JOIN accounts a ON {SAME_ACCOUNT} WHERE a.is_account IS NULL
              )
         SELECT CAST({{JSON_ARRAY}}(s.account_id, s.is_account, s.consent, s.opened_on, s.closed_on, s.rollout_group,
                                    s.row_count, {{JSON_ARRAY}}({})) AS text)
         FROM seen s ORDER BY (s.account_id || '/') COLLATE {{C}}",
        activity.join(" UNION ALL "),
        list(&|n| format!(", sum(n{n}) AS n{n}")),
        source.catalog.bytes(&ACCOUNTS, "account_id"),
        list(&|n| format!(", CAST(COALESCE(b.n{n}, 0) AS bigint) AS n{n}")),
        list(&|n| format!(", CAST(b.n{n} AS bigint)")),
        (0..counted.len())
            .map(|n| format!("s.n{n}"))
            .collect::<Vec<_>>()
            .join(", "),
    )
}

/// The rows of a relation by account: those that make a document due, and those of each thing that is counted.
fn activity_of(source: &Source, active: &ActiveRows, counted: &[ActiveRows]) -> String {
    let bytes = source.catalog.bytes(active.relation, "account_id");
    let name = active.relation.name;
    let is_same = |rows: &ActiveRows| rows.relation.name == name;
    let count = |rows: &ActiveRows| format!("sum(CASE WHEN {} THEN 1 ELSE 0 END)", rows.condition);
    let columns = counted.iter().enumerate().map(|(n, rows)| {
        let counted = if is_same(rows) {
            count(rows)
        } else {
            "0".to_owned()
        };
        format!(", {counted} AS n{n}")
    });
    let columns = columns.collect::<Vec<_>>().concat();
    let mut conditions = vec![format!("({})", active.condition)];
    for rows in counted.iter().filter(|rows| is_same(rows)) {
        let condition = format!("({})", rows.condition);
        if !conditions.contains(&condition) {
            conditions.push(condition);
        }
    }
    format!(
        "SELECT {bytes} AS account_id, {} AS row_count{columns} FROM {name} t WHERE {} GROUP BY {bytes}",
        count(active),
        conditions.join(" OR ")
    )
}

/// An account, or an account id that rows name and `statement_accounts` does not.
struct AccountRow {
    account_id: Option<String>,
    is_account: bool,
    consent: Option<String>,
    opened_on: Option<String>,
    closed_on: Option<String>,
    group: Option<String>,
    /// Rows of activity, if any.
    rows: Option<i64>,
    counts: Vec<i64>,
}

impl AccountRow {
    /// From an array of the query.
    fn read(row: &str) -> Result<Self> {
        type Text = Option<String>;
        let read = serde_json::from_str(row).map_err(|reason| {
            Error::bug("the list of due documents could not be read").because(reason)
        });
        let (account_id, is_account, consent, opened_on, closed_on, group, rows, counts): (
            Text,
            i64,
            Text,
            Text,
            Text,
            Text,
            Option<i64>,
            Vec<i64>,
        ) = read?;
        Ok(Self {
            account_id,
            is_account: is_account == 1,
            consent,
            opened_on,
            closed_on,
            group,
            rows,
            counts,
        })
    }

    fn seen(self, account_id: Option<AccountId>, selection: &Selection) -> Seen {
        let rows = self.rows.filter(|rows| *rows > 0);
        let is_closed = self.is_closed_before(selection.period.first_day());
        let weight = Weight {
            on_paper: self.is_account && self.consent.as_deref() != Some("1"),
            estimated_rows: rows.unwrap_or_default(),
        };
        let gives = match rows {
            None if is_closed => Gives::Excused(weight, CLOSED),
            None => Gives::Nothing,
            Some(_) if self.is_left_out(&selection.groups) => Gives::Excused(weight, NOT_IN_GROUP),
            // What moved or is held after the account was closed is somebody's, and he must hear of it.
            Some(_) => Gives::Due(weight),
        };
        Seen {
            account_id,
            is_account: self.is_account,
            is_active: rows.is_some(),
            is_closed,
            gives,
            counts: self.counts,
        }
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
