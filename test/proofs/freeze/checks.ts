// What must hold of a write whose actor was frozen, replaced and woken: what is said of it is what happened. Looks from
// outside, at the far side's own log and at the tables of the books and of the store.
import pg from 'pg';
import type { Rig } from '../rig/rig.ts';

/** What became of one write. */
export interface Found {
  /** How often it really happened. */
  readonly effects: number;
  /** How often it was asked for; the far side may honour the key. */
  readonly requests: number;
  /** Outcomes on record of the conversation's actions; "none" where there is none yet. */
  readonly outcomes: readonly string[];
  /** Questions to people whether it happened. */
  readonly questions: number;
}

export interface Looks {
  found(id: string, tool: string): Promise<Found>;
  close(): Promise<void>;
}

export async function openLooks(rig: Rig): Promise<Looks> {
  const store = new pg.Client({ connectionString: rig.databaseUrl });
  await store.connect();
  const count = async (text: string, value: string): Promise<number> => {
    const { rows } = await store.query<{ times: number }>(text, [value]);
    return rows[0]?.times ?? 0;
  };
  return {
    async found(id, tool) {
      const { rows } = await store.query<{ outcome: string }>(
        `select coalesce(outcome->>'kind', 'none') as outcome from countersign.actions where conversation_id = $1`,
        [id],
      );
      const own = ({ key }: { readonly key: string }): boolean => key.startsWith(`${id}:`);
      const booked = `select count(*)::int as times from books.entries where starts_with(key, $1)`;
      const asked = `select count(*)::int as times from countersign.approvals
         where conversation_id = $1 and approval->>'question' = 'unknown'`;
      const isBook = tool === 'book';
      return {
        effects: isBook ? await count(booked, `${id}:`) : rig.far.effects.filter(own).length,
        requests: rig.far.requests.filter(own).length,
        outcomes: rows.map(({ outcome }) => outcome),
        questions: await count(asked, id),
      };
    },
    close: () => store.end(),
  };
}

/** What a far side of each kind makes possible. */
const MAY_END: Readonly<Record<string, readonly string[]>> = {
  // It honours the key: it is simply done again.
  note: ['succeeded'],
  pay: ['succeeded'],
  // Tokens: what happened is known for certain.
  book: ['succeeded', 'failed'],
  // It can be asked, and nothing is done again.
  send: ['succeeded', 'failed'],
  // Nobody can tell.
  shout: ['succeeded', 'failed', 'unknown'],
};

/**
 * The window that docs/guarantees.md states: frozen between the last check and the call, for longer than any call takes;
 * the far side was asked meanwhile, and said that it did not happen.
 */
export function isStatedWindow(tool: string, moment: string, { effects, outcomes }: Found): boolean {
  const isLastMoment = /^actor\|http\|POST .*\|before$/.test(moment);
  return tool === 'send' && isLastMoment && effects === 1 && outcomes.join() === 'failed';
}

/** What does not hold, as sentences. */
export function problemsOf(tool: string, { effects, outcomes, questions }: Found): readonly string[] {
  const [outcome = 'none'] = outcomes;
  const problems: string[] = [];
  if (outcomes.length !== 1) problems.push(`there are ${outcomes.length} actions`);
  if (MAY_END[tool]?.includes(outcome) !== true) problems.push(`its outcome is ${outcome}`);
  if (effects > 1) problems.push(`it happened ${effects} times`);
  if (outcome === 'succeeded' && effects !== 1) problems.push(`it has a receipt, and happened ${effects} times`);
  if (outcome === 'failed' && effects !== 0) problems.push(`it failed, and happened ${effects} times`);
  if (outcome === 'unknown' && questions !== 1) problems.push(`it is unknown, and ${questions} questions ask people`);
  return problems;
}
