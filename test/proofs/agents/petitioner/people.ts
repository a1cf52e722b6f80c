// The people of the proof `approvals`, as its directory and its webhooks name them. May import nothing.

/** Ids that never change: in the one workspace, and of Telegram. */
interface Reached {
  readonly id: string;
  readonly name: string;
  readonly slack: string;
  readonly telegram: string;
}

export const WORKSPACE = 'T000000001';
const person = (id: string, name: string, slack: string, telegram: string): Reached => ({ id, name, slack, telegram });

/** Dora, Emil and Paul are the desk, Gus is its lead, Otto owns the agent; Nora is known and belongs to nothing. */
export const PEOPLE = {
  dora: person('dora', 'Dora, desk', 'U0DORA', '5001'),
  emil: person('emil', 'Emil, desk', 'U0EMIL', '5002'),
  paul: person('paul', 'Paul, desk', 'U0PAUL', '5003'),
  gus: person('gus', 'Gus, lead', 'U0GUS', '5004'),
  nora: person('nora', 'Nora', 'U0NORA', '5005'),
  otto: person('otto', 'Otto, owner', 'U000000001', '5006'),
} as const satisfies Record<string, Reached>;
export type PersonId = keyof typeof PEOPLE;

/** Where the groups are asked: channels that the emulator has, and chats. */
export const ADDRESSES = {
  desk: { slack: 'C000000001', telegram: '-1001' },
  leads: { slack: 'C000000002', telegram: '-1002' },
} as const;

export const GROUPS = { desk: ['dora', 'emil', 'paul'], leads: ['gus'], idle: [] } as const;
