//! How bad an item is to look at: by its rule as it is now, or by rules about the same where it is gone.

use crate::domain::Severity;
use crate::policy::Rule;
use crate::proxy::Live;
use crate::store::ItemRow;

/// The rule that an item is about, as it is now.
pub(super) fn rule_of<'l>(live: &'l Live, row: &ItemRow) -> Option<&'l Rule> {
    let rules = &live.policies.get(&row.item.policy)?.rules;
    rules.iter().find(|rule| Some(&*rule.id) == row.item.rule.as_deref())
}

/// How bad it is; `None` where no rule says it.
pub(super) fn severity(live: &Live, row: &ItemRow) -> Option<Severity> {
    if let Some(rule) = rule_of(live, row) {
        return rule.severity;
    }
    let category = row.item.category.as_deref()?;
    let all = live.policies.values().flat_map(|policy| policy.rules.iter());
    let alike = all.filter(|rule| rule.category.as_ref().is_some_and(|c| c.as_str() == category));
    alike.filter_map(|rule| rule.severity).max()
}

/// Whether people are to be spared too much of it.
pub(super) fn is_severe(live: &Live, row: &ItemRow) -> bool {
    severity(live, row) >= Some(Severity::High)
}
