//! A state for each method that is called, made when it is first called.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::method::MethodDescriptor;

/// States by method, or one for all of them.
pub(super) struct PerMethod<T> {
    make: Box<dyn Fn() -> T + Send + Sync>,
    /// By path. Held for a look, never while a call runs.
    states: RwLock<HashMap<Box<str>, Arc<T>>>,
    /// For all methods, where there is but one; else for those beyond the bound.
    rest: Arc<T>,
    bound: usize,
}

impl<T> PerMethod<T> {
    /// One state a method.
    pub(super) fn new(make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self::bounded(make, MOST_METHODS)
    }

    /// One state for all methods.
    pub(super) fn shared(make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self::bounded(make, 0)
    }

    fn bounded(make: impl Fn() -> T + Send + Sync + 'static, bound: usize) -> Self {
        let rest = Arc::new(make());
        Self { make: Box::new(make), states: RwLock::default(), rest, bound }
    }

    /// The state for calls of `method`.
    pub(super) fn of(&self, method: &MethodDescriptor) -> Arc<T> {
        if self.bound == 0 {
            return Arc::clone(&self.rest);
        }
        let known = self.states.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = known.get(method.path()) {
            return Arc::clone(state);
        }
        drop(known);
        let mut states = self.states.write().unwrap_or_else(PoisonError::into_inner);
        if states.len() >= self.bound && !states.contains_key(method.path()) {
            return Arc::clone(&self.rest);
        }
        let state = states.entry(method.path().into()).or_insert_with(|| Arc::new((self.make)()));
        Arc::clone(state)
    }
}

impl<T> fmt::Debug for PerMethod<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PerMethod").finish_non_exhaustive()
    }
}

/// More methods than any service has. A gateway that takes paths from outside must not grow without end: those
/// beyond share one state.
const MOST_METHODS: usize = 4096;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::method::MethodKind;

    fn numbered() -> impl Fn() -> usize + Send + Sync + 'static {
        let next = AtomicUsize::new(0);
        move || next.fetch_add(1, Ordering::Relaxed)
    }

    fn method(name: &str) -> MethodDescriptor {
        MethodDescriptor::dynamic(format!("/s/{name}"), MethodKind::Unary).unwrap()
    }

    #[test]
    fn each_method_has_its_own_up_to_the_bound() {
        let states = PerMethod::bounded(numbered(), 2);
        assert_eq!([*states.of(&method("a")), *states.of(&method("b"))], [1, 2]);
        assert_eq!([*states.of(&method("c")), *states.of(&method("d"))], [0, 0]);
        assert_eq!([*states.of(&method("a")), *states.of(&method("b"))], [1, 2]);
    }

    #[test]
    fn a_shared_one_is_for_all() {
        let states = PerMethod::shared(numbered());
        assert_eq!([*states.of(&method("a")), *states.of(&method("b"))], [0, 0]);
    }
}
