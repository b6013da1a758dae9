//! The plug for a host that calls WebAssembly: it writes a request to the buffer that [`request`] gives, and reads what
//! [`answer`] leaves in the one at [`text`]. Only addresses and lengths cross the border, so that nothing here need be unsafe
//! but the names of the exports.

use std::cell::RefCell;

use machine_dialect_vm::plug;

thread_local! {
    static REQUEST: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Where the next request goes, which is that many bytes long.
#[unsafe(no_mangle)]
pub extern "C" fn request(length: usize) -> *mut u8 {
    REQUEST.with_borrow_mut(|request| {
        *request = vec![0; length];
        request.as_mut_ptr()
    })
}

/// Answers the request in the buffer. Gives how long the answer is.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> usize {
    let request = REQUEST.take();
    leave(plug::answer(&String::from_utf8_lossy(&request)))
}

/// Makes the handshake. Gives how long it is.
#[unsafe(no_mangle)]
pub extern "C" fn handshake() -> usize {
    leave(plug::handshake())
}

/// Where the last answer or handshake is.
#[unsafe(no_mangle)]
pub extern "C" fn text() -> *const u8 {
    TEXT.with_borrow(|text| text.as_ptr())
}

fn leave(text: String) -> usize {
    let length = text.len();
    TEXT.set(text);
    length
}
