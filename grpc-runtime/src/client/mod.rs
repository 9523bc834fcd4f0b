//! What a generated client can stand on besides a channel: an implementation of its own trait, or a box; and a
//! client for methods known only at run time.

mod boxed;
mod declared;
mod dynamic;
mod for_method;
mod in_process;

pub use self::boxed::{Boxed, BoxedService, Dispatch};
pub use self::declared::{
    Below, ByMethod, DeclaredLayer, HasService, behind, behind_for, boxed_behind,
};
pub use self::dynamic::DynamicClient;
pub use self::for_method::ForMethod;
pub(crate) use self::in_process::carry_out;
pub use self::in_process::{Handler, InProcess};
