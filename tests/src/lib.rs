//! What the suites share: real servers of another make and scripted peers.
