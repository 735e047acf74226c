//! The memory and processor time of this process, as the system counts them. They are read whenever metrics are collected.

use std::time::Duration;

use opentelemetry::metrics::Meter;
use rustix::time::{ClockId, clock_gettime};

use super::metric::{Kind, Metric};

pub(super) static MEMORY: Metric = Metric::new(
    ("process.memory.usage", Kind::Gauge),
    "By",
    &[],
    "Memory of the process that is in RAM (resident set)",
);
pub(super) static CPU: Metric = Metric::new(
    ("process.cpu.time", Kind::Counter),
    "s",
    &[],
    "Processor time of all threads of the process since its start",
);
/// Pseudo-file of Linux; other systems have none, and then there is no figure.
const STATUS: &str = "/proc/self/status";

pub(super) fn observe(meter: &Meter) {
    MEMORY.observed(meter, |observer| {
        if let Some(bytes) = resident() {
            observer.observe(bytes, &[]);
        }
    });
    CPU.observed_fraction(meter, |observer| {
        if let Some(time) = processor_time() {
            observer.observe(time.as_secs_f64(), &[]);
        }
    });
}

/// Bytes in RAM.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string(STATUS).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

fn processor_time() -> Option<Duration> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let nanoseconds = u32::try_from(time.tv_nsec).ok()?;
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_asked() {
        let (memory, begun) = (resident().unwrap(), processor_time().unwrap());
        assert!((1 << 20..1 << 40).contains(&memory), "{memory}");
        let block = std::hint::black_box(vec![1u8; 64 << 20]);
        assert!(resident().unwrap() > memory + (32 << 20), "64 MiB more were written");
        drop(block);
        while processor_time().unwrap() < begun + Duration::from_millis(20) {
            std::hint::spin_loop();
        }
    }
}
