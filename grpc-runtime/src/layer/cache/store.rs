//! Values that expire, the least recently used one going first where there are too many. Pure: time is an argument.

use std::collections::hash_map::Entry::Occupied;
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use bytes::Bytes;

#[derive(Debug)]
pub(super) struct Store<V> {
    capacity: usize,
    entries: HashMap<Bytes, Entry<V>>,
    /// The keys by when they were last used, oldest first.
    by_use: BTreeMap<u64, Bytes>,
    uses: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    expires: Instant,
    used: u64,
}

impl<V> Store<V> {
    /// An empty one for so many values; with zero it stays empty.
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, entries: HashMap::new(), by_use: BTreeMap::new(), uses: 0 }
    }

    /// The value, unless it has expired; it is now the one used last.
    pub(super) fn get(&mut self, key: &Bytes, now: Instant) -> Option<&V> {
        let Occupied(mut entry) = self.entries.entry(key.clone()) else { return None };
        self.by_use.remove(&entry.get().used);
        if entry.get().expires <= now {
            entry.remove();
            return None;
        }
        self.uses += 1;
        entry.get_mut().used = self.uses;
        self.by_use.insert(self.uses, entry.key().clone());
        Some(&entry.into_mut().value)
    }

    /// Keeps a value until then, in place of one under the same key.
    pub(super) fn insert(&mut self, key: Bytes, value: V, expires: Instant) {
        if self.capacity == 0 {
            return;
        }
        self.uses += 1;
        let entry = Entry { value, expires, used: self.uses };
        if let Some(former) = self.entries.insert(key.clone(), entry) {
            self.by_use.remove(&former.used);
        }
        self.by_use.insert(self.uses, key);
        if self.entries.len() > self.capacity
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.entries.remove(&oldest);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.by_use.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    /// The same by a list: the one used last at its end.
    #[derive(Default)]
    struct Model(Vec<(u8, u32, Instant)>);

    impl Model {
        fn get(&mut self, key: u8, now: Instant) -> Option<u32> {
            let position = self.0.iter().position(|entry| entry.0 == key)?;
            let entry = self.0.remove(position);
            (entry.2 > now).then(|| {
                self.0.push(entry);
                entry.1
            })
        }

        fn insert(&mut self, key: u8, value: u32, expires: Instant, capacity: usize) {
            self.0.retain(|entry| entry.0 != key);
            self.0.push((key, value, expires));
            if self.0.len() > capacity {
                self.0.remove(0);
            }
        }
    }

    proptest! {
        #[test]
        fn it_does_what_a_list_does(
            capacity in 0_usize..5,
            steps in prop::collection::vec((any::<bool>(), 0_u8..8, 0_u64..30, 0_u64..5), 1..200),
        ) {
            let (mut store, mut model) = (Store::new(capacity), Model::default());
            let mut now = crate::rt::now();
            for (number, (insert, key, lives, pause)) in steps.into_iter().enumerate() {
                now += Duration::from_millis(pause);
                let (name, number) = (Bytes::from(vec![key]), number as u32);
                if insert {
                    let expires = now + Duration::from_millis(lives);
                    store.insert(name, number, expires);
                    model.insert(key, number, expires, capacity);
                } else {
                    prop_assert_eq!(store.get(&name, now).copied(), model.get(key, now));
                }
                prop_assert_eq!(store.entries.len(), model.0.len());
                prop_assert_eq!(store.by_use.len(), store.entries.len());
            }
        }
    }
}
