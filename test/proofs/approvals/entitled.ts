// Who may decide, as the directory of the proofs says it: the table of the test, not the code of the product. Pure.
import { GROUPS } from '../agents/petitioner/people.ts';

interface Asking {
  readonly group: string;
  readonly escalation?: readonly { readonly group: string; readonly fromMs: number }[];
  readonly requester: string;
  readonly editors?: readonly string[];
  readonly tenant?: string;
}

export function entitledTo(
  { group, escalation = [], requester, editors = [], tenant = 'default' }: Asking,
  person: { readonly id: string; readonly tenant: string },
  atMs: number,
): boolean {
  const groups = [group, ...escalation.filter(({ fromMs }) => fromMs <= atMs).map((one) => one.group)];
  const members = groups.flatMap((one) => (one in GROUPS ? GROUPS[one as keyof typeof GROUPS] : [])) as string[];
  return members.includes(person.id) && ![requester, ...editors].includes(person.id) && person.tenant === tenant;
}
