//! Owns Kubernetes quantities: reading them exactly, adding them up, and writing them for people.
//! Refuses to round what it adds; only what people see is rounded, and then up.
//!
//! The form is that of `k8s.io/apimachinery/pkg/api/resource`: a decimal number, then a binary suffix (`Ki` … `Ei`),
//! a decimal suffix (`n`, `u`, `m`, none, `k` … `E`) or an exponent (`e3`, `E-2`).

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul};
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Bytes in a mebibyte.
pub const MEBI: u64 = 1024 * 1024;
/// Bytes in a gibibyte.
pub const GIBI: u64 = 1024 * MEBI;

/// Billionths in one: the finest unit that Kubernetes keeps.
const NANO: u128 = 1_000_000_000;

/// An amount of something, in billionths of its unit. Kubernetes rounds finer amounts up, and so does this.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(u128);

/// A text that is not a quantity. It does not repeat the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a quantity; write it as Kubernetes does, such as 500m, 2, 512Mi or 1.5Gi")]
pub struct NotAQuantity;

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A whole number of units.
    pub fn units(number: u64) -> Self {
        Self(u128::from(number) * NANO)
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// What is left of it, at least nothing.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Thousandths, rounded up: what CPU is counted in.
    pub fn milli(self) -> u128 {
        self.0.div_ceil(NANO / 1000)
    }

    /// Whole units, rounded up: bytes.
    pub fn whole(self) -> u128 {
        self.0.div_ceil(NANO)
    }

    /// As CPU for people: `1350m`, `2`.
    pub fn cpu(self) -> String {
        let milli = self.milli();
        if milli.is_multiple_of(1000) { (milli / 1000).to_string() } else { format!("{milli}m") }
    }

    /// As memory for people, in the largest binary unit that has a whole number, else rounded up to Mi: `2Gi`, `1434Mi`.
    pub fn memory(self) -> String {
        let bytes = self.whole();
        let mebi = bytes.div_ceil(1 << 20);
        if bytes == 0 {
            "0".to_owned()
        } else if mebi.is_multiple_of(1 << 10) {
            format!("{}Gi", mebi >> 10)
        } else {
            format!("{mebi}Mi")
        }
    }
}

impl FromStr for Quantity {
    type Err = NotAQuantity;

    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(NotAQuantity);
        }
        let digits: u128 = format!("{whole}{fraction}").parse().map_err(|_| NotAQuantity)?;
        let decimals = i32::try_from(fraction.len()).map_err(|_| NotAQuantity)?;
        let (factor, exponent) = suffix_of(suffix).ok_or(NotAQuantity)?;
        let scaled = digits.checked_mul(factor).ok_or(NotAQuantity)?;
        let shift = exponent + 9 - decimals;
        let power = 10_u128.checked_pow(shift.unsigned_abs());
        let nano = match (shift >= 0, power) {
            (true, Some(power)) => scaled.checked_mul(power).ok_or(NotAQuantity)?,
            // Only zero survives a power that large.
            (true, None) if scaled != 0 => return Err(NotAQuantity),
            (false, Some(power)) => scaled.div_ceil(power),
            (true | false, None) => u128::from(scaled != 0),
        };
        Ok(Self(nano))
    }
}

/// What a suffix multiplies by: a factor and a power of ten.
fn suffix_of(suffix: &str) -> Option<(u128, i32)> {
    let binary = |power: u32| Some((1_u128 << (10 * power), 0));
    match suffix {
        "" => Some((1, 0)),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        "n" => Some((1, -9)),
        "u" => Some((1, -6)),
        "m" => Some((1, -3)),
        "k" => Some((1, 3)),
        "M" => Some((1, 6)),
        "G" => Some((1, 9)),
        "T" => Some((1, 12)),
        "P" => Some((1, 15)),
        "E" => Some((1, 18)),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            // A sign is allowed, an empty exponent is not. Larger ones than these fit nothing that exists.
            let exponent: i32 = exponent.parse().ok()?;
            (-40..=40).contains(&exponent).then_some((1, exponent))
        }
    }
}

impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

impl Mul<u32> for Quantity {
    type Output = Self;

    fn mul(self, times: u32) -> Self {
        Self(self.0.saturating_mul(u128::from(times)))
    }
}

/// The shortest exact form without a suffix, such as `0.25`.
impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, nano) = (self.0 / NANO, self.0 % NANO);
        if nano == 0 {
            return write!(out, "{whole}");
        }
        let fraction = format!("{nano:09}");
        write!(out, "{whole}.{}", fraction.trim_end_matches('0'))
    }
}

/// Written as text, because no number of JSON holds every quantity exactly.
impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Quantity {
        text.parse().unwrap_or_else(|_| panic!("{text} is a quantity"))
    }

    #[test]
    fn what_is_not_a_quantity_is_refused() {
        for text in
            ["", "m", "1 Gi", "1gi", "1.2.3", ".", "-1", "+1", "1e", "1e+", "1KiB", "0x10", "1e99", "١"]
        {
            assert_eq!(text.parse::<Quantity>(), Err(NotAQuantity), "{text}");
        }
        let longest = "9".repeat(40);
        assert_eq!(longest.parse::<Quantity>(), Err(NotAQuantity));
    }

    #[test]
    fn every_form_is_read_exactly() {
        let table = [
            ("0", "0"),
            ("100m", "0.1"),
            ("0.1", "0.1"),
            (".5", "0.5"),
            ("2.", "2"),
            ("250u", "0.00025"),
            ("1n", "0.000000001"),
            ("1k", "1000"),
            ("1M", "1000000"),
            ("1G", "1000000000"),
            ("1T", "1000000000000"),
            ("1P", "1000000000000000"),
            ("1E", "1000000000000000000"),
            ("1Ki", "1024"),
            ("1Mi", "1048576"),
            ("1.5Gi", "1610612736"),
            ("1Ti", "1099511627776"),
            ("1Pi", "1125899906842624"),
            ("1Ei", "1152921504606846976"),
            ("1e3", "1000"),
            ("12E2", "1200"),
            ("5e-1", "0.5"),
            ("1e+2", "100"),
            // Kubernetes rounds what is finer than a billionth up.
            ("0.1n", "0.000000001"),
            ("0e30", "0"),
        ];
        for (text, exact) in table {
            assert_eq!(read(text).to_string(), exact, "{text}");
        }
    }

    #[test]
    fn people_see_usual_units_and_nothing_smaller_than_it_is() {
        assert_eq!(["0", "2", "1350m", "1.0001"].map(|text| read(text).cpu()), ["0", "2", "1350m", "1001m"]);
        let shown = ["0", "1", "512Mi", "1Gi", "1536Mi", "2G"].map(|text| read(text).memory());
        assert_eq!(shown, ["0", "1Mi", "512Mi", "1Gi", "1536Mi", "1908Mi"]);
    }

    #[test]
    fn sums_are_exact_and_never_overflow() {
        let sum: Quantity = ["100m", "0.2", "1e-3"].into_iter().map(read).sum();
        assert_eq!(sum.to_string(), "0.301");
        assert_eq!((read("128Mi") * 3).memory(), "384Mi");
        assert_eq!(read("1").minus(read("2")), Quantity::ZERO);
        assert!(Quantity(u128::MAX) + read("1") == Quantity(u128::MAX));
    }
}
