// Who the tests of misbehaving rules know. May import countersign only.
import { defineDirectory } from 'countersign';

export default defineDirectory({
  people: [
    { id: 'finn', name: 'Finn' },
    { id: 'olga', name: 'Olga' },
  ],
  groups: { finance: ['finn', 'olga'], operations: ['olga'] },
});
