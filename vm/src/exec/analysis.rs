//! What can be known of a module before it runs: how control flows, which registers are live, and who else holds a container.

mod flow_graph;
mod held;
mod ownership;
mod recipe;
mod register_set;
mod uniqueness;
mod window;

pub(crate) use flow_graph::FlowGraph;
pub(crate) use held::take_element;
#[cfg(machine_code)]
pub(crate) use ownership::Site;
pub(crate) use ownership::{Ownership, Write};
pub(crate) use register_set::RegSet;
pub(crate) use uniqueness::{OtherHolder, can_set, is_twin};
#[cfg(machine_code)]
pub(crate) use window::Element;
pub(crate) use window::{LONGEST as LONGEST_WINDOW, Origin, Window};
