// Who may decide in the proofs. May import countersign and the people of its agents.
import { defineDirectory } from 'countersign';
import { ADDRESSES, GROUPS, PEOPLE, WORKSPACE } from './petitioner/people.ts';
import { CASHIERS, CUSTOMER, FINANCE } from './prover/people.ts';

const reached = [...Object.values(CASHIERS), CUSTOMER, ...Object.values(PEOPLE)].map(
  ({ id, name, slack, telegram }) => ({
    ...{ id, name },
    channels: { slack: `${WORKSPACE}/${slack}`, telegram },
  }),
);

export default defineDirectory({
  people: reached,
  groups: { finance: ['finn', 'olga'], support: ['olga'], ...GROUPS },
  addresses: { ...ADDRESSES, finance: FINANCE },
});
