//! The JSON Schema of scenario files, from the types that read them.

use serde_json::json;

use super::file::File;

/// The schema as text, for `scenarios/schema.json`.
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(File).to_value();
    // What a file must have may also stand in its base.
    if let Some(required) = schema
        .as_object_mut()
        .and_then(|all| all.remove("required"))
    {
        schema["anyOf"] = json!([{ "required": required }, { "required": ["base"] }]);
    }
    format!("{schema:#}\n")
}
