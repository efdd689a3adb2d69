//! The gate: nothing is published that is not the account's own or does not add up. What happens when a rule is broken
//! is the profile's policy: a refusal is an error of class `Data` whose cause is the rule, a warning is kept in the ledger.
//! Every message names the row, security or currency, both sides of the break and the difference.

pub mod agreement;
pub mod cash;
pub mod identity;
pub mod income;
pub mod ownership;
pub mod positions;
pub mod reopened;
pub mod scales;
pub mod settlement;
pub mod shape;
pub mod value;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use common::agreement::Findings;
use common::currency::Currency;
use common::ledger::Warning;
use common::profile::{Policies, Policy, Rule};
use common::{Error, Result};

/// Warnings that are kept in full; of further ones only their number.
const MAX_TOLD: usize = 10;

/// The gate of one document.
#[derive(Debug)]
pub struct Gate {
    policies: Policies,
    /// The account's; `None` = not known yet.
    base: Option<Currency>,
    /// What the run found of prices and rates.
    findings: Arc<Findings>,
    /// Of which something was let pass.
    rules: BTreeSet<Rule>,
    told: Vec<(Rule, String)>,
    untold: u64,
}

impl Gate {
    pub fn new(policies: Policies) -> Self {
        Self {
            policies,
            base: None,
            findings: Arc::default(),
            rules: BTreeSet::new(),
            told: Vec::new(),
            untold: 0,
        }
    }

    /// Takes up the account's base currency, and what the run found of prices and rates as far as it concerns that.
    pub fn learn(&mut self, findings: &Arc<Findings>, base: Currency) {
        self.base = Some(base);
        if !self.looks_at(Rule::Agreement) {
            return;
        }
        self.findings = findings.clone();
        let is_meant = |of: Option<&str>| of.is_none_or(|of| of == base.code());
        if !findings.kept.iter().all(|one| is_meant(one.doubt.base())) {
            Arc::make_mut(&mut self.findings)
                .kept
                .retain(|one| is_meant(one.doubt.base()));
        }
    }

    /// Whether a rule is looked at, for what costs more than a comparison.
    pub fn looks_at(&self, rule: Rule) -> bool {
        self.policies.of(rule) != Policy::Off
    }

    /// Whether a break of the rule refuses the document, so that nothing after it matters.
    pub fn refuses(&self, rule: Rule) -> bool {
        self.policies.of(rule) == Policy::Block
    }

    /// A rule is broken: refuses the document, or keeps the break as a warning.
    pub fn broken(&mut self, rule: Rule, what: impl Into<String>) -> Result<()> {
        match self.policies.of(rule) {
            Policy::Block => Err(Error::data(rule.as_str(), what)),
            Policy::Warn => {
                self.warn(rule, what.into());
                Ok(())
            }
            Policy::Off => Ok(()),
        }
    }

    /// A rule cannot be checked, which is a warning even where a break is a refusal.
    pub fn not_proven(&mut self, rule: Rule, why: &str) {
        if self.looks_at(rule) {
            self.warn(rule, format!("not proven: {why}"));
        }
    }

    /// Keeps a break for the ledger. It holds amounts, so the log hears of its rule only (`export.rs`).
    fn warn(&mut self, rule: Rule, what: String) {
        self.rules.insert(rule);
        if self.told.len() < MAX_TOLD {
            self.told.push((rule, what));
        } else {
            self.untold += 1;
        }
    }

    /// What was let pass, under the names of its rules.
    pub fn into_warning(self) -> Option<Warning> {
        if self.rules.is_empty() {
            return None;
        }
        let rules: Vec<&str> = self.rules.iter().map(|rule| rule.as_str()).collect();
        let cause = rules.join("+");
        let mut text = self
            .told
            .iter()
            .map(|(rule, what)| format!("{}: {what}", rule.as_str()))
            .collect::<Vec<_>>()
            .join("; ");
        if self.untold > 0 {
            let _ = write!(text, "; and {} more", self.untold);
        }
        Some(Warning { cause, text })
    }
}

#[cfg(test)]
mod tests;
