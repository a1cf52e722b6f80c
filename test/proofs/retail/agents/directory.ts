// Who confirms in the proof `retail`. May import countersign.
import { defineDirectory } from 'countersign';

const counter = ['clara', 'colin', 'cora', 'curt'];

export default defineDirectory({
  people: ['olga', ...counter].map((id) => ({ id, name: id })),
  groups: { counter },
});
