//! Where jobs run: processes of this machine, or AWS Batch. One enum, so that a month end takes the same way on both.

mod batch;
mod job_status;
mod process;
mod settings;
mod size_class;
mod turns;

pub use batch::{
    BatchQueue, Budget, PROBE_JOBS, Probed, STOPPED, STUCK, SUBMIT_EVERY, Submission, Units,
};
pub use job_status::{JobStatus, Phase};
pub use process::{HEAPS, ProcessQueue, SlotReport, converter_path, environment, pause_after};
pub use settings::{BatchPlace, CapacitySettings, QueueSettings, connections_per_converter, cores};
pub use size_class::SizeClass;
pub use turns::{MAX_SLOTS, Turns};

/// A queue.
pub enum Queue {
    Processes(ProcessQueue),
    Batch(BatchQueue),
}
