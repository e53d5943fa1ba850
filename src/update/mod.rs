//! The bodies of an update → requests in order and an accounted outcome. Knows no Python.
