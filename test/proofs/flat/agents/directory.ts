// Who answers for the agent of the proof `flat`. May import countersign.
import { defineDirectory } from 'countersign';

export default defineDirectory({
  people: ['ada', 'finn', 'olga'].map((id) => ({ id, name: id })),
  groups: { support: ['olga'] },
  addresses: {},
});
