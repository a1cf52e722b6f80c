// Erase a person: what they have open is closed, and what they said cannot be read any more.
import { Erasure } from '../../api/erasures-schema.ts';
import { EXIT } from '../failure.ts';
import { plainLine } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';

export interface EraseOptions extends AsOption {
  readonly subject: string;
  readonly tenant?: string;
  readonly dryRun: boolean;
}

export async function erase(context: Context, { subject, tenant, dryRun, as }: EraseOptions): Promise<number> {
  const { print } = context.terminal;
  const client = connect(context, 'erase', as === undefined ? {} : { as });
  const body = { subject, dryRun, ...(tenant === undefined ? {} : { tenant }) };
  const found = await client.post('/v1/erasures', body, Erasure, { countsOnce: true });
  const who = `${found.subject} (tenant ${found.tenant})`;
  const what = `${found.conversations} conversations with ${found.items} entries`;
  if (dryRun) {
    print(plainLine(`Would erase ${what} of ${who}, ${found.open} of them after closing them. Nothing was changed.`));
  } else if (found.isDone) {
    print(plainLine(`Erased ${who}: ${what}; the key ${found.keyId ?? ''} is destroyed.`));
  } else {
    print(plainLine(`There is nothing to erase of ${who}: no key of theirs is in use.`));
  }
  return EXIT.done;
}
