//! The protocol's parameters.

/// The parameters of one server.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {}
