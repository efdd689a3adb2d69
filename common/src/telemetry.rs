//! Logs go to stderr, one line per event: readable locally, JSON on AWS. No names, addresses or amounts of customers.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing_subscriber::filter::{FilterExt, LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::Deployment;
use crate::printable::printable_lines;

/// What looks for region and credentials at AWS. It warns at length of every place where there are none; where there are
/// none at all, our own error says so.
const SDK: &str = "aws_config";

/// What reads the databases. It logs values of parameters, also those of a mistyped `password=`, and what servers say: whatever
/// `LOG` asks for, nothing of it is logged.
const DRIVER: &str = "sqlx";

/// Whether stderr is a log of JSON lines.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Says something to whoever called the program, beside its answer: a line on stderr, which on AWS is a log of JSON lines.
pub fn say(text: &str) {
    if IS_JSON.load(Ordering::Relaxed) {
        tracing::info!("{text}");
    } else {
        print(text);
    }
}

/// The same of something that is not as it should be.
pub fn warn(text: &str) {
    if IS_JSON.load(Ordering::Relaxed) {
        tracing::warn!("{text}");
    } else {
        print(text);
    }
}

/// A line on stderr, in which nobody's words steer a terminal. Nobody may be reading it.
pub fn print(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", printable_lines(text));
}

/// Installs the subscriber. `LOG` overrides what is logged (e.g. `LOG=info` or `LOG=converter=debug`); by default
/// warnings locally, where the terminal belongs to the operator, and `info` on AWS.
pub fn install(deployment: Deployment, filter: Option<&str>) {
    let default = match deployment {
        Deployment::Local => LevelFilter::WARN,
        Deployment::Aws => LevelFilter::INFO,
    };
    // A mistyped filter must not silence the log.
    let filter: Targets = filter
        .and_then(|filter| filter.parse().ok())
        .unwrap_or_else(|| {
            Targets::new()
                .with_default(default)
                .with_target(SDK, LevelFilter::ERROR)
        });
    let filter = filter.and(
        filter_fn(|event| !event.target().starts_with(DRIVER))
            // What is not logged at all is left to the filter above.
            .with_max_level_hint(LevelFilter::TRACE),
    );
    IS_JSON.store(deployment == Deployment::Aws, Ordering::Relaxed);
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match deployment {
        Deployment::Local => lines
            .with_ansi(false)
            .with_target(false)
            .compact()
            .with_filter(filter)
            .boxed(),
        Deployment::Aws => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_filter(filter)
            .boxed(),
    };
    // A second installation (a test) keeps the first.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}
