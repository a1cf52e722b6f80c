// Who may decide in the proofs. May import countersign and the people of the proof `approvals`.
import { defineDirectory } from 'countersign';
import { ADDRESSES, GROUPS, PEOPLE, WORKSPACE } from './petitioner/people.ts';

const reached = Object.values(PEOPLE).map(({ id, name, slack, telegram }) => ({
  ...{ id, name },
  channels: { slack: `${WORKSPACE}/${slack}`, telegram },
}));

export default defineDirectory({
  people: [{ id: 'finn', name: 'Finn, finance' }, { id: 'olga', name: 'Olga, operations' }, ...reached],
  groups: { finance: ['finn', 'olga'], support: ['olga'], ...GROUPS },
  addresses: ADDRESSES,
});
