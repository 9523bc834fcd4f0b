//! What the example programs share: real servers of another make.
