//! Numbers of what the scheduler lists, and lists by them.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// A number in a list.
pub(crate) trait Id: Copy {
    fn new(index: usize) -> Self;
    fn index(self) -> usize;
}

macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub(crate) struct $name(u32);

        impl Id for $name {
            fn new(index: usize) -> $name {
                $name(index as u32)
            }

            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

ids! {
    /// A task.
    TaskId;
    /// An axis of a task's domain.
    AxisId;
    /// A loop of a cluster.
    LoopId;
    /// A cluster of tasks.
    ClusterId;
    /// A node of a nest: a strip, a product, or a loop, which tells apart two loops over the same axis.
    NestId;
}

/// A list by the numbers of its items.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Table<K, V> {
    items: Vec<V>,
    of: PhantomData<K>,
}

impl<K: Id, V> Table<K, V> {
    pub(crate) fn new() -> Table<K, V> {
        Table { items: Vec::new(), of: PhantomData }
    }

    /// A list of so many of the same.
    pub(crate) fn filled(count: usize, item: V) -> Table<K, V>
    where
        V: Clone,
    {
        Table { items: vec![item; count], of: PhantomData }
    }

    pub(crate) fn push(&mut self, item: V) -> K {
        self.items.push(item);
        K::new(self.items.len() - 1)
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The numbers of all items, ascending.
    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = K> + ExactSizeIterator + Clone + use<K, V> {
        (0..self.items.len()).map(K::new)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &V)> {
        self.items.iter().enumerate().map(|(k, item)| (K::new(k), item))
    }

    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (K, &mut V)> {
        self.items.iter_mut().enumerate().map(|(k, item)| (K::new(k), item))
    }

    /// The item of a number that may be none of the list's.
    pub(crate) fn get(&self, id: K) -> Option<&V> {
        self.items.get(id.index())
    }
}

impl<K: Id, V> Index<K> for Table<K, V> {
    type Output = V;

    fn index(&self, id: K) -> &V {
        &self.items[id.index()]
    }
}

impl<K: Id, V> IndexMut<K> for Table<K, V> {
    fn index_mut(&mut self, id: K) -> &mut V {
        &mut self.items[id.index()]
    }
}

impl<K: Id, V> FromIterator<V> for Table<K, V> {
    fn from_iter<I: IntoIterator<Item = V>>(items: I) -> Table<K, V> {
        Table { items: items.into_iter().collect(), of: PhantomData }
    }
}
