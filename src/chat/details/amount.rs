//! An amount of money without its currency.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use ts_rs::TS;

/// A finite number, zero or more.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, JsonSchema, TS)]
pub struct Amount(#[schemars(range(min = 0))] f64);

/// Up to here every whole number is exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

// === impl Amount ===

impl Amount {
    /// None when the number is negative or not finite.
    pub fn new(number: f64) -> Option<Self> {
        // Adding zero turns -0 into 0.
        (number.is_finite() && number >= 0.0).then_some(Self(number + 0.0))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// Equality is whole because there is no NaN among amounts.
impl Eq for Amount {}

impl Serialize for Amount {
    /// A whole amount travels without a fraction, as people typed it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0 < EXACT {
            serializer.serialize_u64(self.0 as u64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        Self::new(number).ok_or_else(|| D::Error::custom("an amount is a number, zero or more"))
    }
}
