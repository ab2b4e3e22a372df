//! How large a proof is: small with every change, large before a release (`tests/campaign`).

/// The first of the two, or with `USHER_CAMPAIGN=1` in the environment the second.
pub fn size(every_change: usize, release: usize) -> usize {
    if is_campaign() { release } else { every_change }
}

/// Whether this is a run before a release.
pub fn is_campaign() -> bool {
    std::env::var_os("USHER_CAMPAIGN").is_some_and(|value| value == "1")
}
