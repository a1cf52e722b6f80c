// The ledger of the store in memory: its entries as they are hashed, and its checkpoints.
import { entryText, leafOf } from '../../../store/entry-text.ts';
import type { RecordedEntry } from '../../../domain/entry.ts';
import type { CheckpointRow, Store } from '../../../store/ports.ts';
import { createProver } from '../../../trust/merkle.ts';

export interface LedgerState {
  readonly entries: readonly RecordedEntry[];
  here<T>(answer: () => T): Promise<T>;
}

export const MEMORY_ORIGIN = 'countersign/ledger/memory';

export function memoryLedger(state: LedgerState): Pick<Store, 'ledger' | 'checkpoints'> {
  const { entries } = state;
  const here = <T>(answer: () => T): Promise<T> => state.here(answer);
  const rows: CheckpointRow[] = [];
  // Once for each: what is sealed in an entry has a salt by chance.
  const texts: string[] = [];
  const textOf = (at: number): string => {
    const entry = entries[at];
    if (entry === undefined) throw new RangeError(`there is no entry ${at + 1}`);
    return (texts[at] ??= entryText(entry).text);
  };
  const leaves = () => entries.map((_, at) => leafOf(textOf(at)));
  const waiting = () => rows.filter(({ publishedMs }) => publishedMs === null);
  return {
    ledger: {
      ofConversation: (id, after, limit) =>
        here(() => entries.filter((one) => one.conversationId === id && one.seq > after).slice(0, limit)),
      chain: (subjects, of) =>
        here(() =>
          entries.filter(
            ({ subject, step }) => subjects.includes(subject) || (subject === of.subject && of.steps.includes(step)),
          ),
        ),
      rulings: (before, limit) => here(() => rulingsIn(entries, before).slice(0, limit)),
      lastStepOf: (subject) => here(() => entries.findLast((one) => one.subject === subject)?.step),
      ofSubject: (subject) => here(() => entries.filter((one) => one.subject === subject)),
      hashed: (after, limit) =>
        here(() =>
          entries.slice(after, after + limit).map(({ seq }) => {
            const text = textOf(seq - 1);
            return { seq, text, leaf: leafOf(text) };
          }),
        ),
    },
    checkpoints: {
      origin: () => here(() => MEMORY_ORIGIN),
      last: () => here(() => rows.at(-1)),
      rootAt: (size) => here(() => (size <= entries.length ? createProver(leaves()).root(size) : undefined)),
      leaves: (after, limit) => here(() => leaves().slice(after, after + limit)),
      make: ({ from, sign, nowMs }) =>
        here(() => {
          const [last, size] = [rows.at(-1), entries.length];
          if (size <= (last?.size ?? 0)) return undefined;
          const root = createProver(leaves()).root(size);
          const made = {
            size,
            root,
            note: sign({ size, root }, from === 'first_entry' ? undefined : last),
            madeMs: nowMs,
            publishedMs: null,
          };
          rows.push(made);
          return made;
        }),
      unpublished: (limit) => here(() => waiting().slice(0, limit)),
      published: (size, nowMs) =>
        here(() => {
          const at = rows.findIndex((row) => row.size === size);
          const row = rows[at];
          if (row !== undefined) rows[at] = { ...row, publishedMs: nowMs };
        }),
      stats: () =>
        here(() => {
          const last = rows.at(-1);
          const [size, madeMs] = [last?.size ?? 0, last?.madeMs ?? null];
          return { entries: entries.length, size, madeMs, unpublished: waiting().length };
        }),
    },
  };
}

/** Newest first, each with what it was ruled on. */
function rulingsIn(entries: LedgerState['entries'], before: number) {
  const ruled = entries.filter(({ seq, fact }) => seq < before && fact.kind === 'ruled').toReversed();
  return ruled.map((one) => {
    const isIt = ({ subject, fact }: RecordedEntry) => subject === one.subject && fact.kind === 'proposed';
    return { ruled: one, proposed: entries.find(isIt) };
  });
}
