//! From a type that is known to be another to that other: how code for one method meets code for all of them.
//!
//! Nothing is boxed, and the compiler decides the question where it knows both types.

use std::any::Any;

/// `value` as a `B`, if that is what it is.
pub(super) fn cast<A: 'static, B: 'static>(value: A) -> Result<B, A> {
    let mut value = Some(value);
    let any: &mut dyn Any = &mut value;
    match any.downcast_mut::<Option<B>>().and_then(Option::take) {
        Some(same) => Ok(same),
        None => Err(value.expect("only a `B` was taken")),
    }
}

/// `value` as a `B`, which its caller knows it to be.
pub(super) fn cast_same<A: 'static, B: 'static>(value: A) -> B {
    cast(value).unwrap_or_else(|_other| unreachable!("the types were compared before"))
}
