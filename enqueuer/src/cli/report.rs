use std::path::{Path, PathBuf};
use std::process::ExitCode;

use common::clock::Clock;
use common::config::Settings;
use common::ledger::State;
use common::{Error, Result, telemetry};
use serde_json::json;

use crate::certificate::Certificate;
use crate::context::{demand_run, open_period};
use crate::deadline::Deadline;
use crate::out::{line, write_all};
use crate::out_file::{destination, replace};
use crate::report::{Gathered, gather, render, sentence};

/// Writes a month end as one HTML page: figures, charts, failures with their mend, certificate, decisions
#[derive(Debug, clap::Args)]
pub struct Report {
    /// The month, e.g. 2026-10 [default: that of the newest run]
    #[arg(long, value_name = "YYYY-MM")]
    period: Option<String>,
    /// The file, replaced if it is there; - is stdout [default: report.PERIOD.html]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// When the month end had to be done: HH:MM in the business time zone, the next after the run began, or RFC 3339
    #[arg(long, env = "DEADLINE", value_name = "TIME")]
    deadline: Option<String>,
    /// Prints where the page is and how the period stands as JSON
    #[arg(long)]
    json: bool,
}

impl Report {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let config = settings.resolve()?;
        let deadline = Deadline::given(self.deadline.as_deref())?;
        let (ledger, period) = open_period(&config, self.period.as_deref()).await?;
        demand_run(&ledger, period).await?;
        let out = self.out.clone();
        let out = out.unwrap_or_else(|| format!("report.{period}.html").into());
        let is_stdout = out == Path::new("-");
        if is_stdout && self.json {
            return Err(Error::config(
                "--out - prints the page, so that --json has no place: name a file",
            ));
        }
        let out = if is_stdout { out } else { destination(out)? };
        let made_at = Clock::default().now();
        let gathered = gather(&config, &ledger, period, deadline.as_ref(), made_at).await?;
        ledger.close().await;
        let page = render(&gathered);
        if let Err(why) = &gathered.certificate {
            telemetry::say(&format!("The report has no certificate: {why}."));
        }
        if is_stdout {
            write_all(page.as_bytes());
            return Ok(ExitCode::SUCCESS);
        }
        replace(page.as_bytes(), &out, "report")?;
        self.tell(&gathered, &out);
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self, gathered: &Gathered, out: &Path) {
        let (_, sentence) = sentence(gathered);
        if self.json {
            let certificate = gathered.certificate.as_ref().ok();
            line!(
                "{}",
                json!({"file": out.display().to_string(), "period": gathered.period.to_string(), "due": gathered.due(),
                       "published": gathered.published(), "failed": gathered.of(State::Failed), "open": gathered.open(),
                       "adds_up": certificate.map(Certificate::adds_up)})
            );
        } else {
            line!(
                "{}: {sentence} The report is {}.",
                gathered.period,
                out.display()
            );
        }
    }
}
