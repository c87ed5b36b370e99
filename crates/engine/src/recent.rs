//! A bounded list of what was used last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared entries, the most recently used first. Looking at the first costs a lock and a comparison.
#[derive(Debug)]
pub struct Recent<T> {
    list: Mutex<Vec<Arc<T>>>,
    capacity: usize,
}

impl<T> Recent<T> {
    /// An empty list of so many at most.
    pub fn new(capacity: usize) -> Recent<T> {
        Recent { list: Mutex::new(Vec::new()), capacity }
    }

    /// The first entry that fits, which becomes the most recent one.
    pub fn find(&self, fits: impl Fn(&T) -> bool) -> Option<Arc<T>> {
        let mut list = self.lock();
        let position = list.iter().position(|entry| fits(entry))?;
        if position > 0 {
            list[..=position].rotate_right(1);
        }
        Some(Arc::clone(&list[0]))
    }

    /// Adds an entry; beyond the capacity the least recently used one goes.
    pub fn insert(&self, entry: Arc<T>) {
        // What goes is dropped after the lock is given back: it may own machine code.
        let evicted = {
            let mut list = self.lock();
            list.insert(0, entry);
            if list.len() > self.capacity { list.pop() } else { None }
        };
        drop(evicted);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<T>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes() {
        let recent = Recent::new(2);
        recent.insert(Arc::new(1));
        recent.insert(Arc::new(2));
        assert_eq!(recent.find(|n| *n == 1).as_deref(), Some(&1));
        recent.insert(Arc::new(3));
        assert_eq!(recent.find(|n| *n == 2), None);
        assert_eq!(recent.find(|n| *n == 1).as_deref(), Some(&1));
        assert_eq!(recent.find(|n| *n == 3).as_deref(), Some(&3));
    }
}
