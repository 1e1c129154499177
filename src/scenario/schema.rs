//! The JSON Schema of scenario files, from the types that read them.

use super::file::File;

/// The schema as text, for `scenarios/schema.json`.
pub fn schema() -> String {
    let schema = schemars::schema_for!(File);
    format!("{:#}\n", schema.to_value())
}
