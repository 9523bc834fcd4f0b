//! Load balancing: which connections there are, and which one a call takes.

mod endpoint;

pub use self::endpoint::{Endpoint, EndpointKey, EndpointWeight, NoAddress};
