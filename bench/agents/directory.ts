// Who answers for the agent of the bench. May import countersign.
import { defineDirectory } from 'countersign';

export default defineDirectory({
  people: ['finn', 'olga'].map((id) => ({ id, name: id })),
  groups: { finance: ['finn'], support: ['olga'] },
  addresses: {},
});
