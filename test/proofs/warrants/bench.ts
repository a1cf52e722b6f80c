// Tries cases on the real actor, and looks from outside at what came of them: the far side's own log, the tables of the
// store and of the books. What is refused must leave all of that as it was, and a refusal on record.
import pg from 'pg';
import type { Rig } from '../rig/rig.ts';
import type { Came, Task } from './by-hand.ts';
import type { Act } from './leave.ts';
import type { Queue } from './queue.ts';

/**
 * `refused`: for good, and on record. `stale`: asked for again, nothing claimed. `nothing`: one of the two. `runs`: one
 * effect, one receipt. `receipt`: it ran before, and only says so. `expired`, `cancelled`: nothing ran, and never will.
 * `evidence`: an inspect that reads.
 */
export type Expected = 'refused' | 'stale' | 'nothing' | 'runs' | 'receipt' | 'expired' | 'cancelled' | 'evidence';

export interface Case {
  readonly what: string;
  readonly task: Task;
  readonly expect: Expected;
}

export const act = (what: string, input: unknown, expect: Expected = 'refused'): Case => {
  return { what, task: { activity: 'act', input }, expect };
};

/** The world outside, counted. */
interface Counts {
  readonly requests: number;
  readonly reads: number;
  readonly entries: number;
  readonly claims: number;
}

export interface Bench {
  readonly violations: string[];
  cases(): number;
  /** Try the cases of one group all at once, and check them. */
  tryAll(group: string, cases: readonly Case[]): Promise<void>;
  /** How the claim of an action ended, in one word; undefined where there is none. */
  ending(actionId: string): Promise<string | undefined>;
  /** Print what was tried, by group. */
  summarize(log: (line: string) => void): void;
  close(): Promise<void>;
}

export async function openBench(rig: Rig, queue: Queue): Promise<Bench> {
  const store = new pg.Client({ connectionString: rig.databaseUrl });
  await store.connect();
  const violations: string[] = [];
  const groups = new Map<string, Map<string, number>>();

  async function count(): Promise<Counts> {
    const { rows } = await store.query<{ entries: number; claims: number }>(
      `select (select count(*)::int from books.entries) as entries,
              (select count(*)::int from countersign.claims) as claims`,
    );
    const { entries = 0, claims = 0 } = rows[0] ?? {};
    return { requests: rig.far.requests.length, reads: rig.far.reads, entries, claims };
  }

  return {
    violations,
    cases: () => [...groups.values()].flatMap((ends) => [...ends.values()]).reduce((sum, one) => sum + one, 0),
    async tryAll(group, cases) {
      const before = await count();
      const { came, workflowId } = await queue.put(cases.map(({ task }) => task));
      const after = await count();
      const refusals = await refusalsOf(store);
      const ends = groups.get(group) ?? new Map<string, number>();
      groups.set(group, ends);
      for (const [index, one] of cases.entries()) {
        const end = endOf(came[index]);
        ends.set(end, (ends.get(end) ?? 0) + 1);
        const problem = problemOf(one, came[index], end, (reason) =>
          [keyOf(one), `task of ${workflowId}`].some((subject) => refusals.has(`${subject}|${reason}`)),
        );
        if (problem !== undefined) violations.push(`${group}: ${one.what}: ${problem}`);
      }
      for (const problem of differences(before, after, cases)) violations.push(`${group}: ${problem}`);
    },
    async ending(actionId) {
      const asked = `select outcome->>'kind' as kind from countersign.claims where action_id = $1`;
      const { rows } = await store.query<{ kind: string | null }>(asked, [actionId]);
      return rows[0]?.kind ?? undefined;
    },
    summarize(log) {
      for (const [group, ends] of groups) {
        const all = [...ends.values()].reduce((sum, one) => sum + one, 0);
        const parts = [...ends].map(([end, times]) => `${end} ${times}`).join(', ');
        log(`${group.padEnd(44)} ${String(all).padStart(4)} cases: ${parts}`);
      }
    },
    close: () => store.end(),
  };
}

const keyOf = ({ task }: Case): string => {
  const input = task.input as Partial<Act> | null | undefined;
  return String(input?.proposal?.actionId);
};

async function refusalsOf(store: pg.Client): Promise<ReadonlySet<string>> {
  const { rows } = await store.query<{ subject: string; reason: string }>(
    `select subject, body::json->>'reason' as reason from countersign.ledger join countersign.ledger_seals using (seq)
     where kind = 'warrant_refused'`,
  );
  return new Set(rows.map(({ subject, reason }) => `${subject}|${reason}`));
}

/** In one word. */
function endOf(came: Came | undefined): string {
  if (came === undefined) return 'nothing came';
  if (came.kind === 'failed') return came.type === 'WarrantRefused' ? 'refused' : 'broke';
  const result = came.value as { readonly kind?: string; readonly ending?: { readonly kind: string } };
  if (result.kind === 'verdict_stale') return 'stale';
  return result.kind === 'settled' ? (result.ending?.kind ?? '') : 'evidence';
}

const ENDS: Record<Expected, readonly string[]> = {
  refused: ['refused'],
  stale: ['stale'],
  nothing: ['refused', 'stale'],
  runs: ['succeeded'],
  receipt: ['succeeded'],
  expired: ['expired'],
  cancelled: ['cancelled'],
  evidence: ['evidence'],
};
const REFUSAL = 'no warrant: ';

function problemOf(
  one: Case,
  came: Came | undefined,
  end: string,
  isOnRecord: (reason: string) => boolean,
): string | undefined {
  if (!ENDS[one.expect].includes(end)) return `must be ${one.expect}, and is: ${end} (${JSON.stringify(came)})`;
  if (end !== 'refused' || came?.kind !== 'failed') return undefined;
  return isOnRecord(came.message.slice(REFUSAL.length)) ? undefined : `the refusal is not on record (${came.message})`;
}

/** What changed outside, against what the cases that run account for. */
function differences(before: Counts, after: Counts, cases: readonly Case[]): readonly string[] {
  const times = (counts: (one: Case) => boolean): number => cases.filter(counts).length;
  const toolOf = ({ task }: Case): string => (task.input as Partial<Act> | null)?.proposal?.tool ?? '';
  const isWrite = (one: Case): boolean => toolOf(one) !== 'look';
  const runs = (one: Case): boolean => one.expect === 'runs';
  const closes = (one: Case): boolean => one.expect === 'expired' || one.expect === 'cancelled';
  const due: Counts = {
    requests: times((one) => runs(one) && isWrite(one) && toolOf(one) !== 'book'),
    reads: times((one) => one.expect === 'evidence' || (runs(one) && !isWrite(one))),
    entries: times((one) => runs(one) && toolOf(one) === 'book'),
    // What may not begin any more is closed on record, which takes its claim.
    claims: times((one) => isWrite(one) && (runs(one) || closes(one))),
  };
  return (Object.keys(due) as (keyof Counts)[]).flatMap((key) => {
    const more = after[key] - before[key];
    return more === due[key] ? [] : [`${more} ${key} came of it, where ${due[key]} were due`];
  });
}
