//! What a run came to: for people, for programs (JSON) and for build servers (JUnit).

mod badge;
mod html;
mod json;
mod junit;
mod text;

pub use badge::badge;
pub use html::pages;
pub use json::json;
pub use junit::junit;
pub use text::{Detail, text};
