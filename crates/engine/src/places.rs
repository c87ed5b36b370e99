//! Where the nodes of a graph were written.

use crate::place::Place;
use fuseloom_graph::NodeId;
use smallvec::SmallVec;

/// Where the nodes of a graph were written.
#[derive(Clone, Debug, Default)]
pub struct Places(Vec<SmallVec<[Place; 1]>>);

/// Places of one node that are kept: nobody reads more, and of thousands of equal operations each would be compared with all.
const MOST_PLACES: usize = 16;

impl Places {
    /// Of a node; empty where that is not known.
    pub fn of(&self, node: NodeId) -> &[Place] {
        self.0.get(node.index()).map_or(&[], |places| places)
    }

    /// Adds a place to those of a node.
    pub fn add(&mut self, node: NodeId, place: &Place) {
        if self.0.len() <= node.index() {
            self.0.resize_with(node.index() + 1, SmallVec::new);
        }
        let places = &mut self.0[node.index()];
        if places.len() < MOST_PLACES && !places.contains(place) {
            places.push(place.clone());
        }
    }
}
