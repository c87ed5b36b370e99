//! Which node a value became that a front end recorded.

use fuseloom_graph::NodeId;
use hashbrown::HashMap;
use std::any::Any;
use std::sync::Arc;

/// The values that a graph was recorded from, by their addresses.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Keeps the values, so that an address means one of them.
    #[expect(dead_code, reason = "it is there to keep what it names")]
    kept: Option<Arc<dyn Any + Send + Sync>>,
    nodes: Arc<HashMap<usize, NodeId>>,
}

impl Values {
    /// The nodes of values that lie at these addresses as long as `kept` is there.
    pub fn new(kept: Arc<dyn Any + Send + Sync>, nodes: HashMap<usize, NodeId>) -> Values {
        Values { kept: Some(kept), nodes: Arc::new(nodes) }
    }

    pub(crate) fn node(&self, address: usize) -> Option<NodeId> {
        self.nodes.get(&address).copied()
    }
}
