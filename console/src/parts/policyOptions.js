import { nameOf } from './Text.js';

/** @param {{ rows: { name: string }[] }|null} policies @returns {[string, string][]} for a choice of policies */
export function policyOptions(policies) {
  return (policies?.rows ?? []).map((one) => [one.name, nameOf(one.name)]);
}
