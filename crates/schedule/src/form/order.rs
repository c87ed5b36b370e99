//! The order in which clusters can run, kept while they merge.
//!
//! Two clusters may not become one if a third must run between them. To find out, one would follow what waits for one of them,
//! and what waits for that, to the end of the graph. But clusters have places in an order in which each comes after those it
//! needs, so a way from one to the other goes through none outside of the places between theirs. Numbers of tasks are no such
//! order: a cluster may have early tasks and late ones.
//!
//! A merge keeps the order: with the places of both between which nothing must run, either what the later one waits for goes
//! before the earlier one, or what waits for the earlier one goes behind the later one, whichever was looked for.

use super::Clusters;
use crate::context::Context;
use crate::ids::{ClusterId, Table};
use hashbrown::HashSet;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// How far places are apart, at first and whenever there is no room left between two.
const APART: u64 = 1 << 32;

/// The order of the live clusters.
pub(crate) struct Order {
    /// The place of each cluster; of those that were merged into others some place they had.
    places: Table<ClusterId, u64>,
    /// The cluster at each place.
    at: BTreeMap<u64, ClusterId>,
}

/// What lies between two clusters.
struct Between {
    /// The clusters whose places are between theirs and which must run on one side of them, once they are one.
    moved: Vec<ClusterId>,
    /// Whether those are what waits for the earlier one; otherwise they are what the later one waits for.
    forward: bool,
    /// Whether one of them must run after the earlier one and before the later one.
    path: bool,
}

impl Order {
    /// Of clusters in the order they have.
    pub(super) fn new(count: usize) -> Order {
        let places: Table<ClusterId, u64> = (1..=count as u64).map(|n| n * APART).collect();
        let at = places.iter().map(|(cluster, place)| (*place, cluster)).collect();
        Order { places, at }
    }

    /// Puts clusters, which have no place, in their order right before a place, or right behind it.
    fn insert(&mut self, clusters: &[ClusterId], beside: ClusterId, behind: bool) {
        let room = |order: &Order| {
            let place = order.places[beside];
            let (low, high) = match behind {
                true => (place, order.at.range(place + 1..).next().map_or(place + APART, |(next, _)| *next)),
                false => (order.at.range(..place).next_back().map_or(0, |(last, _)| *last), place),
            };
            (low, (high - low) / (clusters.len() as u64 + 1))
        };
        if room(self).1 == 0 {
            let all: Vec<ClusterId> = self.at.values().copied().collect();
            self.at.clear();
            for (n, cluster) in (1..).zip(all) {
                self.put(cluster, n * APART);
            }
        }
        let (low, step) = room(self);
        for (n, &cluster) in (1..).zip(clusters) {
            self.put(cluster, low + n * step);
        }
    }

    fn put(&mut self, cluster: ClusterId, place: u64) {
        self.places[cluster] = place;
        self.at.insert(place, cluster);
    }
}

impl Clusters {
    /// Whether another cluster must run after one of the two and before the other.
    pub(super) fn runs_between(&self, context: &Context<'_>, a: ClusterId, b: ClusterId) -> bool {
        self.between(context, a, b).path
    }

    /// Gives two clusters, which are about to become the cluster `into` of them, one place.
    pub(super) fn unite_places(&mut self, context: &Context<'_>, a: ClusterId, b: ClusterId, into: ClusterId) {
        let Between { mut moved, forward, .. } = self.between(context, a, b);
        let order = &mut self.order;
        let places = [order.places[a], order.places[b]];
        for place in &places {
            order.at.remove(place);
        }
        // What was found on the way from the earlier one goes behind the later one, where the two are then; or the reverse.
        let place = if forward { places[0].max(places[1]) } else { places[0].min(places[1]) };
        order.put(into, place);
        moved.sort_unstable_by_key(|&n| order.places[n]);
        for n in &moved {
            order.at.remove(&order.places[*n]);
        }
        order.insert(&moved, into, forward);
    }

    /// Looks for what lies between two clusters, from the one with fewer tasks.
    fn between(&self, context: &Context<'_>, a: ClusterId, b: ClusterId) -> Between {
        let places = &self.order.places;
        let (first, last) = if places[a] < places[b] { (a, b) } else { (b, a) };
        let forward = self.cluster(first).tasks.len() < self.cluster(last).tasks.len();
        let (start, goal, ways) =
            if forward { (first, last, &context.waits.users) } else { (last, first, &context.waits.needs) };
        let mut found = Between { moved: Vec::new(), forward, path: false };
        let mut seen: HashSet<ClusterId> = HashSet::new();
        let mut open: SmallVec<[ClusterId; 8]> = SmallVec::from_slice(&[start]);
        while let Some(at) = open.pop() {
            for task in self.cluster(at).tasks.iter().flat_map(|t| &ways[*t]) {
                let next = self.of[*task];
                if next == goal {
                    found.path |= at != start;
                } else if next != start && (places[first]..places[last]).contains(&places[next]) && seen.insert(next) {
                    found.moved.push(next);
                    open.push(next);
                }
            }
            if found.path {
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn in_order(order: &Order) -> Vec<usize> {
        order.at.values().map(|cluster| cluster.index()).collect()
    }

    #[test]
    fn what_moves_keeps_its_order_where_there_is_room_and_where_there_is_none() {
        let mut order = Order::new(6);
        let id = ClusterId::new;
        for n in [3, 4].map(id) {
            order.at.remove(&order.places[n]);
        }
        order.insert(&[3, 4].map(id), id(1), false);
        assert_eq!(in_order(&order), [0, 3, 4, 1, 2, 5]);
        order.at.remove(&order.places[id(0)]);
        order.insert(&[id(0)], id(5), true);
        assert_eq!(in_order(&order), [3, 4, 1, 2, 5, 0]);
        // Room runs out between the same two again and again.
        for round in 0..200 {
            let n = id([3, 4][round % 2]);
            order.at.remove(&order.places[n]);
            order.insert(&[n], id(2), false);
        }
        assert_eq!(in_order(&order), [1, 3, 4, 2, 5, 0]);
        assert!(order.at.iter().all(|(place, n)| order.places[*n] == *place));
    }
}
