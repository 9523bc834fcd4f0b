//! The outside world as seen from a subchannel: opening byte streams and speaking HTTP/2 on them.

pub(crate) mod connect;
pub(crate) mod h2;
