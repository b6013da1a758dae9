//! What the values of a run may cost whatever its limit: no more than the process can hold. A program that takes more ends with
//! `OutOfMemory`, as at a limit; the allocator would end the process.
//!
//! Values take up to twice what they cost (`costs` of `spec/values.yaml`), and one that grows is there twice for a moment.

/// The most that values may cost now, if the process has a bound that can be seen: addresses of 32 bits, or an address space that the
/// system limits.
#[cfg(not(target_os = "linux"))]
pub(super) fn most() -> Option<u64> {
    ADDRESSABLE
}

/// See above.
#[cfg(target_os = "linux")]
#[inline]
pub(super) fn most() -> Option<u64> {
    use std::sync::OnceLock;
    // Asked once: a run takes less time to begin than asking takes. A limit that comes later is not seen.
    static LIMIT: OnceLock<Option<u64>> = OnceLock::new();
    let ask = || rustix::process::getrlimit(rustix::process::Resource::As).current;
    // Miri cannot ask.
    let limit = if cfg!(miri) { &None } else { LIMIT.get_or_init(ask) };
    match limit {
        None => ADDRESSABLE,
        Some(limit) => {
            let most = share(limit.saturating_sub(taken()));
            Some(ADDRESSABLE.map_or(most, |addressable| addressable.min(most)))
        }
    }
}

/// What addresses of 32 bits leave.
const ADDRESSABLE: Option<u64> = if usize::BITS < u64::BITS { Some(1 << 30) } else { None };

/// How much values may cost where a process can have so many bytes more.
#[cfg(target_os = "linux")]
fn share(bytes: u64) -> u64 {
    bytes / 3
}

/// How many bytes of addresses the process has taken.
#[cold]
#[cfg(target_os = "linux")]
fn taken() -> u64 {
    // Where that cannot be read, a part of the limit is kept for it.
    const UNKNOWN: u64 = 64 << 20;
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    pages.map_or(UNKNOWN, |pages| pages.saturating_mul(rustix::param::page_size() as u64))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_known() {
        let before = taken();
        assert!(before > 1 << 20, "{before}");
        let room: Vec<u8> = Vec::with_capacity(1 << 28);
        std::hint::black_box(&room);
        assert!(taken() >= before + (1 << 27));
    }
}
