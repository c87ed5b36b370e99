//! Graphs that cannot be scheduled.

use fuseloom_graph::NodeId;

/// The graph could not be scheduled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScheduleError {
    /// The node at fault.
    pub node: NodeId,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "%{}: {}", self.node.0, self.message)
    }
}

impl std::error::Error for ScheduleError {}
