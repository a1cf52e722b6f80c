// Who may decide. People are named by ids that never change; a group is a list of them. Two people in each group, so
// that whoever asks, somebody else is left to approve: the requester of an action never counts.
// May import countersign only.
import { defineDirectory } from 'countersign';

export default defineDirectory({
  people: [
    { id: 'finn', name: 'Finn Berger, finance' },
    { id: 'olga', name: 'Olga Lind, operations' },
  ],
  groups: {
    finance: ['finn', 'olga'],
    support: ['finn', 'olga'],
    operations: ['finn', 'olga'],
  },
});
