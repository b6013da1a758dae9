//! What can be known of a module before it runs: how control flows, which registers are live, and who else holds a container.

#[expect(clippy::wildcard_enum_match_arm, reason = "jumps are looked for among all operands")]
mod flow_graph;
mod register_set;
mod uniqueness;

pub(crate) use flow_graph::FlowGraph;
pub(crate) use register_set::RegSet;
pub(crate) use uniqueness::{OtherHolder, can_set, elide_copy, is_twin};
