// Who answers for the agent of the measures. May import countersign.
import { defineDirectory } from 'countersign';

export default defineDirectory({
  people: ['finn', 'olga'].map((id) => ({ id, name: id })),
  groups: { finance: ['finn', 'olga'], support: ['olga'] },
  addresses: {},
});
