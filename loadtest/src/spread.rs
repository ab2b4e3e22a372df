//! What several figures of the same thing say together.

use std::fmt;

/// The median of some figures, with the smallest and the largest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The one in the middle.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    count: usize,
}

// === impl Spread ===

impl Spread {
    /// Of at least one figure.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Spread {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let middle = |at: usize| sorted.get(at).copied().unwrap_or(f64::NAN);
        let median = if count % 2 == 1 {
            middle(count / 2)
        } else {
            (middle(count / 2) + middle((count / 2).wrapping_sub(1))) / 2.0
        };
        Spread { median, min: middle(0), max: middle(count.wrapping_sub(1)), count }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", short(self.median))?;
        if self.count > 1 {
            write!(f, " ({}–{})", short(self.min), short(self.max))?;
        }
        Ok(())
    }
}

/// Three digits that matter, thousands apart.
pub fn short(figure: f64) -> String {
    // Minus zero is zero.
    let figure = figure + 0.0;
    match figure.abs() {
        large if large >= 999.5 => thousands(figure),
        hundreds if hundreds >= 100.0 => format!("{figure:.0}"),
        tens if tens >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

/// A whole number in groups of three digits.
fn thousands(figure: f64) -> String {
    let digits = format!("{:.0}", figure.abs());
    let mut grouped = String::from(if figure < 0.0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_a_spread_tells_the_median_and_both_ends() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]).to_string(), "2.00 (1.00–3.00)");
        assert_eq!(Spread::of([2.0, 1.0]).median, 1.5);
        assert_eq!(Spread::of([54_321.4]).to_string(), "54,321");
    }

    #[test]
    fn o_thousands_and_millions_are_set_apart() {
        let told = [999.4, 999.7, 2_276_414.0, -1_000_007.0, 1e9, -0.0].map(short);
        assert_eq!(told, ["999", "1,000", "2,276,414", "-1,000,007", "1,000,000,000", "0.00"]);
    }
}
