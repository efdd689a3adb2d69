//! Wall time, CPU time and peak memory of a process and of those that it starts.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::settings;

#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    /// Seconds.
    pub wall: f64,
    /// Seconds of user and system time, of the process and its children.
    pub cpu: f64,
    /// Seconds of user and system time of the PostgreSQL server meanwhile.
    pub server_cpu: f64,
    /// The process's own high-water mark of resident memory.
    pub peak_mib: f64,
    /// That of the largest of its children.
    pub child_peak_mib: f64,
    /// Of the documents, in 10^6 bytes.
    pub file_mb: f64,
}

/// Runs a process to its end. What it prints is thrown away.
pub fn process(command: &mut Command) -> Result<Measured> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let cpu_before = cpu_of_children()?;
    let server_before = cpu_of_server()?;
    let begin = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("starting {command:?}"))?;
    let ended = AtomicBool::new(false);
    let (wall, peaks, status) = std::thread::scope(|scope| {
        let watcher = scope.spawn({
            let pid = child.id();
            let ended = &ended;
            move || watch(pid, begin, ended)
        });
        let status = wait(&mut child, &ended);
        let wall = begin.elapsed().as_secs_f64();
        (wall, watcher.join(), status)
    });
    let status = status?;
    ensure!(status.success(), "{command:?} ended with {status}");
    let (peak_mib, child_peak_mib) = peaks.unwrap_or_default();
    Ok(Measured {
        wall,
        cpu: cpu_of_children()? - cpu_before,
        server_cpu: cpu_of_server()? - server_before,
        peak_mib,
        child_peak_mib,
        file_mb: 0.0,
    })
}

fn wait(child: &mut Child, ended: &AtomicBool) -> Result<std::process::ExitStatus> {
    let status = child.wait();
    ended.store(true, Ordering::Relaxed);
    Ok(status?)
}

/// The high-water marks of a process and of its largest child, in MiB. They never fall, so that it is enough to look now and
/// then: often at first, since some processes end soon, and later not so often that it would disturb what is measured.
fn watch(pid: u32, begin: Instant, ended: &AtomicBool) -> (f64, f64) {
    const SHORTEST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_millis(50);
    let mut peaks = (0.0_f64, 0.0_f64);
    while !ended.load(Ordering::Relaxed) {
        peaks.0 = peaks.0.max(high_water_mib(pid));
        // Until it executes its own program, a child has its parent's memory.
        let is_another = |child: &u32| name(*child) != name(pid);
        for child in children(pid).into_iter().filter(is_another) {
            peaks.1 = peaks.1.max(high_water_mib(child));
        }
        let pause = begin.elapsed() / 100;
        std::thread::sleep(pause.clamp(SHORTEST, LONGEST));
    }
    peaks
}

/// The name of the program that a process executes.
fn name(pid: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()
}

fn high_water_mib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|value| value.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    let lists =
        threads.into_iter().flatten().flatten().map(|thread| {
            std::fs::read_to_string(thread.path().join("children")).unwrap_or_default()
        });
    lists
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect()
}

/// The CPU time of every process that this one has waited for, and that those have waited for.
fn cpu_of_children() -> Result<f64> {
    Ok(Cpu::of("self")?.waited_for)
}

/// The CPU time of the tests' PostgreSQL: of the server, of the sessions that ended, and of those there are.
fn cpu_of_server() -> Result<f64> {
    let server = settings::postgres_pid()?;
    let sessions = children(server)
        .into_iter()
        // One may end in between.
        .filter_map(|session| Cpu::of(&session.to_string()).ok());
    let sessions: f64 = sessions.map(|session| session.own).sum();
    let server = Cpu::of(&server.to_string())?;
    Ok(server.own + server.waited_for + sessions)
}

/// CPU time of a process in seconds.
struct Cpu {
    own: f64,
    /// Of its children that ended.
    waited_for: f64,
}

impl Cpu {
    fn of(process: &str) -> Result<Self> {
        /// Linux's unit of process times.
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name, in parentheses, may hold blanks; times are the 12th to 15th field after it.
        let (_, fields) = stat.rsplit_once(')').context("an unknown /proc/PID/stat")?;
        let ticks = fields.split_whitespace().skip(11).take(4);
        let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
        let seconds = |ticks: &[f64]| ticks.iter().sum::<f64>() / TICKS_PER_SECOND;
        ensure!(ticks.len() == 4, "an unknown /proc/PID/stat");
        Ok(Self {
            own: seconds(&ticks[..2]),
            waited_for: seconds(&ticks[2..]),
        })
    }
}

/// The run with the median wall time.
pub fn median(runs: &[Measured]) -> Measured {
    let mut runs = runs.to_vec();
    runs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    runs.get(runs.len() / 2).copied().unwrap_or_default()
}

/// The bytes of a file, in 10^6.
pub fn megabytes(path: &std::path::Path) -> Result<f64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "megabytes are told with one decimal"
    )]
    Ok(std::fs::metadata(path)?.len() as f64 / 1e6)
}
