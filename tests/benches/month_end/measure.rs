//! Wall time, CPU time and peak memory of a process.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

#[derive(Debug, Clone, Copy)]
pub struct Measured {
    pub wall: f64,
    pub cpu: f64,
    /// The process's own high-water mark of resident memory.
    pub peak_mib: f64,
    pub file_mb: f64,
}

impl Measured {
    pub fn with_file(self, path: &Path) -> Result<Self> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "megabytes are told with one decimal"
        )]
        let file_mb = std::fs::metadata(path)?.len() as f64 / 1e6;
        Ok(Self { file_mb, ..self })
    }
}

/// Runs a process to its end. The high-water mark is read while it lives: it never falls.
pub fn process(command: &mut Command) -> Result<Measured> {
    let begin = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("starting the process")?;
    let mut peak_kib = 0.0_f64;
    let mut cpu = 0.0_f64;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if let Some(seen) = high_water_kib(child.id()) {
            peak_kib = peak_kib.max(seen);
        }
        if let Some(seen) = cpu_seconds(child.id()) {
            cpu = cpu.max(seen);
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let wall = begin.elapsed().as_secs_f64();
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(Measured {
        wall,
        cpu,
        peak_mib: peak_kib / 1024.0,
        file_mb: 0.0,
    })
}

fn high_water_kib(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?
        .trim()
        .strip_suffix("kB")?
        .trim()
        .parse()
        .ok()
}

fn cpu_seconds(pid: u32) -> Option<f64> {
    /// Linux's unit of process times.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold blanks; user and system time are the 12th and 13th field after it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: f64 = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}

/// The run with the median wall time.
pub fn median(runs: &[Measured]) -> Measured {
    let mut runs = runs.to_vec();
    runs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    runs[runs.len() / 2]
}
