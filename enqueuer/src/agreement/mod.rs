//! What the source contradicts itself in, found by aggregates before the first document: prices of one security, rates of one
//! currency. A wrong price file is seen here, and not by half a million customers. What is found is kept with the run, and the
//! converter holds it against each document (`agreement`, a rule of the gate).
//!
//! SQL groups, counts and finds the least and the greatest; numbers are compared in Rust. Memory grows with securities, not with
//! accounts.

mod jumps;
mod numbers;
mod prices;
mod rates;
mod settlement;
mod trades;
pub mod words;

use common::agreement::Findings;
use common::config::Config;
use common::contract::Relation;
use common::ledger::{AlertClaim, Ledger, Run, Snapshots};
use common::profile::{Policy, Profile, Rule};
use common::source::{Query, Selected, Source};
use common::statement::{Kind, Period};
use common::{Class, Result};

use crate::alerts::{About, Alerts, events};

/// What to look at.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub profile: &'a Profile,
    pub period: Period,
    pub kinds: &'a [Kind],
    pub snapshots: Snapshots,
}

/// Looks at the snapshots and trades of a period. Rules that the profile leaves out are not looked at.
///
/// One row that cannot be read ends the comparison and stops no run: it fails the document that it belongs to. That is told with what
/// was found before. Nothing else is to be read in the snapshot afterwards: on PostgreSQL the failed statement ended it.
pub async fn find(source: &mut Source, scope: Scope<'_>) -> Result<Findings> {
    let mut findings = Findings::default();
    if let Err(error) = look(source, scope, &mut findings).await {
        if error.class() != Class::Data {
            return Err(error);
        }
        findings.not_compared = Some(error.chain());
    }
    Ok(findings)
}

async fn look(source: &mut Source, scope: Scope<'_>, findings: &mut Findings) -> Result<()> {
    let Scope {
        profile,
        period,
        kinds,
        snapshots,
    } = scope;
    let looks_at = |rule| profile.policies.of(rule) != Policy::Off;
    if looks_at(Rule::Agreement) {
        let known = prices::find(source, &snapshots, findings).await?;
        jumps::find(source, &snapshots, &known, findings).await?;
        let usual = rates::find(source, &snapshots, findings).await?;
        if kinds.contains(&Kind::Trade) {
            let days = trades::Days {
                column: profile.trade_basis.column(),
                period,
            };
            trades::prices(source, days, &known, findings).await?;
            trades::rates(source, days, &usual, findings).await?;
        }
    }
    if looks_at(Rule::Settlement) && kinds.contains(&Kind::Trade) {
        findings.settlement_not_proven =
            settlement::unproven_accounts(source, period, &snapshots).await?;
    }
    Ok(())
}

/// Keeps with the run what was found, and tells of prices and rates that disagree: once, and anew when their number has changed. An
/// alert that cannot be sent stops no run.
pub async fn keep(config: &Config, ledger: &Ledger, run: &Run, findings: &Findings) -> Result<()> {
    ledger.keep_findings(run, findings).await?;
    let count = findings.count();
    if count == 0 {
        return Ok(());
    }
    let alert = events::source_disagrees(&events::SourceDisagrees {
        about: About {
            period: run.period,
            run_id: Some(run.run_id.clone()),
        },
        count,
        settlement_not_proven: findings.settlement_not_proven,
    });
    let id = format!("source_disagrees.{}.{count}", run.period);
    if ledger.claim_alert(&id).await? == AlertClaim::Mine {
        let alerts = Alerts::new(&config.alerts).beside_answer(config.deployment);
        let sent = alerts.send(&alert).await;
        ledger.end_alert(&id, sent).await?;
    }
    Ok(())
}

/// The condition that rows of two relations are of one account, by the bytes of its id.
fn same_account(source: &Source, [one, other]: [&str; 2]) -> String {
    let dialect = source.database.dialect;
    let [one, other] = [one, other].map(|alias| dialect.bytes(&format!("{alias}.account_id")));
    format!("{one} = {other}")
}

/// The price factor of a relation called `t`, as a text; absent = 1.
fn factor(source: &Source, relation: &Relation) -> String {
    let factor = source.catalog.present(relation, "price_factor");
    format!("COALESCE(CAST({factor} AS text), '1')")
}

/// The columns of a query that answers `t`.
fn columns(names: &[&str]) -> Vec<Selected> {
    let column = |name: &&str| Selected {
        expression: format!("t.{name}"),
        nullable: false,
    };
    names.iter().map(column).collect()
}

fn query<'q>(text: &'q str, columns: &'q [Selected], parameters: &'q [&'q str]) -> Query<'q> {
    Query {
        doing: "comparing prices and rates",
        columns,
        text,
        parameters,
    }
}
