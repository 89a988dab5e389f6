//! Files and connections that the process may have open: as many as the configuration allows, if the system lets it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files, listeners and connections that are not those of clients: the admin listener, watches, records, classifiers.
const OTHERS: u64 = 256;

/// Raises the limit of the process as far as it is needed and may be; what is too little even then is for the operator.
pub(super) fn provide(connections: u32) -> Option<String> {
    // A client's connection may have one to the upstream; without room for those of clients alone the setting is void.
    let least = u64::from(connections) + OTHERS;
    let needed = least + u64::from(connections);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let allowed = after_raising((current, maximum), needed, |current| {
        setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum }).is_ok()
    });
    (allowed < least).then(|| {
        format!(
            "{allowed} open files are allowed, and up to {needed} may be needed for `limits.connections: {connections}`; raise the \
             hard limit (`ulimit -Hn`, `LimitNOFILE=`) or lower the setting"
        )
    })
}

/// How many are allowed after `raise` was asked for what is missing. No limit is `None`.
fn after_raising(
    (current, maximum): (Option<u64>, Option<u64>),
    needed: u64,
    raise: impl FnOnce(u64) -> bool,
) -> u64 {
    let current = current.unwrap_or(u64::MAX);
    let possible = needed.min(maximum.unwrap_or(u64::MAX));
    if current < possible && raise(possible) { possible } else { current }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_it_is_needed_and_may_be() {
        let raised = |current, maximum, may| {
            let mut asked = None;
            let allowed = after_raising((current, maximum), 5_000, |to| {
                asked = Some(to);
                may
            });
            (allowed, asked)
        };
        assert_eq!(raised(Some(1_024), Some(1 << 20), true), (5_000, Some(5_000)));
        assert_eq!(raised(Some(1_024), None, true), (5_000, Some(5_000)));
        assert_eq!(raised(Some(1_024), Some(4_096), true), (4_096, Some(4_096)));
        assert_eq!(raised(Some(1_024), Some(4_096), false), (1_024, Some(4_096)));
        assert_eq!(raised(Some(8_000), Some(8_000), true), (8_000, None));
        assert_eq!(raised(None, None, true), (u64::MAX, None));
    }

    #[test]
    fn what_is_too_little_is_told_with_what_to_do() {
        assert_eq!(provide(1), None);
        let Some(told) = provide(u32::MAX) else {
            // Where nothing is limited, nothing is too little.
            assert_eq!(getrlimit(Resource::Nofile).maximum, None);
            return;
        };
        assert!(told.contains("`limits.connections: 4294967295`") && told.contains("LimitNOFILE"));
    }
}
