//! The protocol's parameters.

/// The parameters of one server.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {}
