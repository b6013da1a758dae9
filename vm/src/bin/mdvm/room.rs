//! Whether there is memory for what a file becomes. Where the system gives a process little, what takes much is refused with a message before
//! anything is done, rather than ended by the system in the midst.

use std::hint::black_box;
use std::io;

use super::input::Format;

/// What reading, checking and beginning to run takes besides, in bytes.
const FIXED: usize = 16 << 20;
/// Shorter files are not asked for: what they take is little beside what the process has.
const SHORT: usize = 1 << 20;

/// Asks the system whether it has the memory that a file of so many bytes may take. The memory is not touched.
///
/// # Errors
/// Says how much that is.
pub(crate) fn check(bytes: usize, format: Format) -> io::Result<()> {
    let for_each_byte = match format {
        // The rule of SECURITY.md.
        Format::Mdbc => 8,
        // Names and labels; mistakes, each of which is shown.
        Format::Mdasm => 16,
        Format::Md => 64,
    };
    let needed = bytes.saturating_mul(for_each_byte).saturating_add(FIXED);
    if bytes < SHORT || has(needed) {
        return Ok(());
    }
    let (megabytes, needed) = (bytes.div_ceil(1 << 20), needed.div_ceil(1 << 20));
    let message = format!("not enough memory: {megabytes} MB of it may take {needed} MB");
    Err(io::Error::new(io::ErrorKind::OutOfMemory, message))
}

fn has(bytes: usize) -> bool {
    let mut room: Vec<u8> = Vec::new();
    let has = room.try_reserve_exact(bytes).is_ok();
    // Or the compiler would see that nobody uses it.
    black_box(room.as_mut_ptr());
    has
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_system_has_is_refused() {
        assert!(check(SHORT, Format::Mdbc).is_ok());
        assert!(check(0, Format::Md).is_ok());
        let error = check(1 << 58, Format::Mdbc).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        assert!(
            error.to_string().starts_with("not enough memory: 274877906944 MB of it may take"),
            "{error}"
        );
    }
}
