// Who may decide, and who is trusted, in the proof of `rules diff`. May import countersign.
import { defineDirectory } from 'countersign';

export default defineDirectory({
  people: ['ada', 'ben', 'cleo', 'finn', 'fay', 'sam', 'sue', 'olga'].map((id) => ({ id, name: id })),
  groups: {
    finance: ['finn', 'fay'],
    security: ['sam', 'sue'],
    support: ['olga'],
    trusted: ['ada', 'ben'],
  },
});
