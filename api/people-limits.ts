// Limits of people that bind nobody: where a rule asks somebody who has one and names no amount, their word has the weight
// of anybody's. Told from what rules have asked, as no rule says beforehand what it will. May import domain, store types.
import { groupsOf } from '../domain/approval.ts';
import { isMember } from '../domain/principal.ts';
import type { ApiDeps } from './deps.ts';
import type { Check } from './doctor.ts';

// 30 days: a rule that has asked nothing for so long will be seen when it does.
const LOOKED_BACK_MS = 30 * 86_400_000;
// 5 rules: whoever mends them finds the others next time.
const MAX_NAMED = 5;

export async function limitsCheck({
  store,
  directory,
  nowMs,
}: Pick<ApiDeps, 'store' | 'directory' | 'nowMs'>): Promise<Check> {
  const limited = directory.people.filter(({ approvesUpTo }) => approvesUpTo !== undefined);
  if (limited.length === 0) return { name: 'limits', kind: 'ok', text: 'nobody has a limit of their own' };
  const asked = await store.reports.askedWithoutAmount({ fromMs: nowMs() - LOOKED_BACK_MS });
  const lines = asked.flatMap((one) => {
    const people = limited.filter(({ id }) => groupsOf(one).some((group) => isMember(directory, group, id)));
    if (people.length === 0) return [];
    const names = people.map(({ id }) => id).join(', ');
    return [
      `the rule ${one.ruleId} of ${one.agent} asks ${groupsOf(one).join(', ')} for ${one.tool} and names no amount, so the limits of ${names} (approvesUpTo) bind nobody there: give its ask an amount, or ask a group without them`,
    ];
  });
  const more = lines.length - MAX_NAMED;
  const named = [...lines.slice(0, MAX_NAMED), ...(more > 0 ? [`and so do ${more} more`] : [])];
  const well = 'what was asked of people with a limit in the last 30 days named its amount';
  return { name: 'limits', kind: lines.length === 0 ? 'ok' : 'warning', text: named.join('\n') || well };
}
