//! Logs go to stderr, one line per event: readable locally, JSON on AWS. No names, addresses or amounts of customers.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::Deployment;

/// Installs the subscriber. `LOG` overrides what is logged (e.g. `LOG=info` or `LOG=converter=debug`); by default
/// warnings locally, where the terminal belongs to the operator, and `info` on AWS.
pub fn install(deployment: Deployment, filter: Option<&str>) {
    let default = match deployment {
        Deployment::Local => "warn",
        Deployment::Aws => "info",
    };
    // A mistyped filter must not silence the log.
    let filter =
        EnvFilter::try_new(filter.unwrap_or(default)).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second installation (a test) keeps the first.
    let _ = match deployment {
        Deployment::Local => builder
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .compact()
            .try_init(),
        Deployment::Aws => builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init(),
    };
}
