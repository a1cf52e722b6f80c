// Who may decide in the parked state folders. Part of what older builds have written: never changed. May import
// countersign only.
import { defineDirectory } from 'countersign';

export default defineDirectory({
  people: [
    { id: 'finn', name: 'Finn, finance' },
    { id: 'olga', name: 'Olga, operations' },
  ],
  groups: { finance: ['finn', 'olga'], support: ['olga'] },
});
