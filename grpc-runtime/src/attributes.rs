//! [`Attributes`]: typed values that ride along with an endpoint, an update or a call.
//!
//! Not metadata (that goes over the wire; attributes never do). Resolvers and programs put values in,
//! policies, connectors and layers take them out; nobody else looks.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

/// An immutable set of values, at most one of each type.
///
/// The type is the key, so two modules cannot take each other's place by choosing the same name. Cloning
/// counts a reference, and an empty set holds no memory.
///
/// Two sets are equal where they hold equal values of the same types, in whatever order these were added.
/// It is by value because a resolver makes its values anew each time it resolves: were it by address,
/// every answer would look as if every endpoint had changed, and connections would be made anew for it.
///
/// ```
/// use grpc_runtime::Attributes;
///
/// #[derive(Debug, PartialEq)]
/// struct Zone(&'static str);
///
/// let attributes = Attributes::new().with(Zone("b"));
/// assert_eq!(attributes.get::<Zone>(), Some(&Zone("b")));
/// assert_eq!(attributes, Attributes::new().with(Zone("a")).with(Zone("b")));
/// ```
#[derive(Clone, Default)]
pub struct Attributes(Option<Arc<[Entry]>>);

/// Sorted by type within a set, so that equal sets are equal entry by entry.
#[derive(Clone)]
struct Entry {
    key: TypeId,
    value: Arc<dyn Value>,
}

/// What every value can do, its type forgotten.
trait Value: Any + fmt::Debug + Send + Sync {
    fn equals(&self, other: &dyn Any) -> bool;
}

impl<T: Any + fmt::Debug + PartialEq + Send + Sync> Value for T {
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>().is_some_and(|other| self == other)
    }
}

impl Attributes {
    /// Without values, and without an allocation.
    pub const fn new() -> Attributes {
        Attributes(None)
    }

    /// This set and `value`, which takes the place of a value of the same type.
    ///
    /// The bounds are what the set promises: it crosses threads, prints itself, and knows its equal.
    #[must_use]
    pub fn with<T>(self, value: T) -> Attributes
    where
        T: Any + fmt::Debug + PartialEq + Send + Sync,
    {
        let entry = Entry { key: TypeId::of::<T>(), value: Arc::new(value) };
        let mut entries = self.entries().to_vec();
        match entries.binary_search_by_key(&entry.key, |entry| entry.key) {
            Ok(place) => entries[place] = entry,
            Err(place) => entries.insert(place, entry),
        }
        Attributes(Some(entries.into()))
    }

    /// The value of type `T`, if there is one.
    pub fn get<T: Any>(&self) -> Option<&T> {
        let entries = self.entries();
        let place = entries.binary_search_by_key(&TypeId::of::<T>(), |entry| entry.key).ok()?;
        let value: &dyn Any = entries[place].value.as_ref();
        value.downcast_ref()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    fn entries(&self) -> &[Entry] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl PartialEq for Attributes {
    fn eq(&self, other: &Attributes) -> bool {
        let same = match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        same || self.entries() == other.entries()
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.key == other.key && self.value.equals(other.value.as_ref())
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries().iter().map(|entry| &entry.value)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Name(&'static str);

    #[test]
    fn a_value_is_found_by_its_type_and_replaced_by_the_next() {
        let one = Attributes::new().with(7_u32).with(Name("a"));
        let two = one.clone().with(Name("b"));
        assert_eq!((one.get::<u32>(), one.get::<Name>()), (Some(&7), Some(&Name("a"))));
        assert_eq!((two.get::<u32>(), two.get::<Name>()), (Some(&7), Some(&Name("b"))));
        assert_eq!(two.get::<u64>(), None);
        assert_eq!(format!("{:?}", Attributes::new().with(Name("a"))), "{Name(\"a\")}");
    }

    #[test]
    fn equality_is_of_values_and_not_of_order_or_place() {
        let one = Attributes::new().with(1_u8).with(Name("a"));
        assert_eq!(one, Attributes::new().with(Name("a")).with(1_u8));
        assert_eq!(one, one.clone());
        assert_ne!(one, Attributes::new().with(1_u8));
        assert_ne!(one, one.clone().with(2_u8));
        assert_eq!(Attributes::new(), Attributes::default());
        assert!(Attributes::new().is_empty() && !one.is_empty());
    }
}
