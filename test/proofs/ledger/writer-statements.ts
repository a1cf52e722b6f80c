// The statements of an append and of a checkpoint, by name: the moments at which the part `writers` strikes. A test of the
// store holds that each of them comes (test/store/contract/statements.ts); a pattern that fits nothing would strike nobody.

// The first that fits. What else a transaction writes is a read model.
export const STATEMENTS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^begin|^start/, 'begin'],
  [/pg_advisory_xact_lock/, 'take the lock'],
  [/pg_try_advisory_xact_lock/, 'be the only maker'],
  [/^select "seq" from "countersign"\."ledger" order by "seq" desc/, 'read the head'],
  [/^select "last"\."head", /, 'read the head and what is known'],
  [/^insert into "countersign"\."ledger" /, 'insert entries'],
  [/^insert into "countersign"\."ledger_seals"/, 'insert seals'],
  [/^insert into "countersign"\."checkpoints"/, 'insert the checkpoint'],
  [/^update "countersign"\."checkpoints"/, 'mark as published'],
  [/^(?:insert into|update) /, 'project'],
  [/^select "seq", "leaf" from "countersign"\."ledger" /, 'read leaves'],
];

/** Undefined for what nobody is struck at. */
export const statementOf = (text: string): string | undefined =>
  STATEMENTS.find(([pattern]) => pattern.test(text.toLowerCase().trim()))?.[1];
