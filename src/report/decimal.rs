//! Numbers with a fraction in tables: rounded, so that the last bits of a float reach no file.

/// A number to the sixth decimal, without zeros at its end.
pub(super) fn decimal(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" | "" => "0".to_owned(),
        text => text.to_owned(),
    }
}

/// The same of a number that may be missing.
pub(super) fn cell(value: Option<f64>) -> String {
    value.map_or(String::new(), decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_have_one_form() {
        let all = [0.5, 100.0, -0.000_000_01, 1.0 / 3.0, 1_234_567.0, -2.25];
        let all = all.map(decimal);
        assert_eq!(all, ["0.5", "100", "0", "0.333333", "1234567", "-2.25"]);
    }
}
