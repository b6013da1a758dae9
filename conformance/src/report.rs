//! What a run came to: for people, for programs (JSON) and for build servers (JUnit).

mod json;
mod junit;
mod text;

pub use json::json;
pub use junit::junit;
pub use text::text;
