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
pub(crate) use ownership::{Ownership, Site, Write};
pub(crate) use register_set::RegSet;
pub(crate) use uniqueness::{OtherHolder, can_set, is_twin};
pub(crate) use window::{Element, LONGEST as LONGEST_WINDOW, Origin, Window};
