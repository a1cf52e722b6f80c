// The people of the agent of the proofs who are reached on channels, and where they are asked. May import nothing.

/** Ids that never change: of a user in the one workspace, and of Telegram. */
export interface Reached {
  readonly id: string;
  readonly name: string;
  readonly slack: string;
  readonly telegram: string;
}

export const CUSTOMER: Reached = { id: 'ada', name: 'Ada', slack: 'U0ADA', telegram: '5100' };
export const CASHIERS = {
  finn: { id: 'finn', name: 'Finn, finance', slack: 'U0FINN', telegram: '5101' },
  olga: { id: 'olga', name: 'Olga, operations', slack: 'U0OLGA', telegram: '5102' },
} as const satisfies Record<string, Reached>;

/** Where finance is asked: a channel that the emulator has, and a chat. */
export const FINANCE = { slack: 'C000000002', telegram: '-1003' } as const;
