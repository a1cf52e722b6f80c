// What agents remember of people, and how it is forgotten.
import type { z } from 'zod';
import { Forgotten, RememberedFact } from '../../api/facts-schema.ts';
import { timeText } from '../../domain/text.ts';
import { EXIT } from '../failure.ts';
import { columns, plainLine } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';
import { readAll } from './pages.ts';

export interface FactsOptions extends AsOption {
  readonly subject?: string;
  readonly json?: boolean;
}

export interface ForgetOptions extends AsOption {
  readonly agent?: string;
}

const HEAD = ['FACT', 'AGENT', 'OF', 'KIND', 'VALUE', 'FROM', 'UNTIL'];

export async function facts(context: Context, { subject = '', json, ...as }: FactsOptions): Promise<number> {
  const { print, colors } = context.terminal;
  const list = await readAll(connect(context, 'conversations:read', as), '/v1/facts', { subject }, RememberedFact);
  if (json === true) print(JSON.stringify(list.rows, null, 2));
  else if (list.rows.length === 0) print('Nothing is remembered.');
  else print(columns(HEAD, list.rows.map(rowOf), colors));
  if (list.isCut) print('… and more; these are the newest.');
  return EXIT.done;
}

function rowOf(fact: z.output<typeof RememberedFact>): readonly string[] {
  const { id, agent, subject, kind, value, trust, standing, untilMs, isStale } = fact;
  const life = standing === 'was' ? `was true until ${timeText(untilMs)}` : timeText(untilMs);
  const until = standing === 'in_force' && isStale ? `${life}, to be read again` : life;
  return [id, plainLine(agent), plainLine(subject), kind, plainLine(JSON.stringify(value)), trust, until];
}

export async function forget(context: Context, subject: string, { agent = '', ...as }: ForgetOptions): Promise<number> {
  const client = connect(context, 'conversations:write', as);
  const { forgotten } = await client.post('/v1/facts/forget', { subject, agent }, Forgotten);
  context.terminal.print(forgotten === 0 ? 'There was nothing to forget.' : `Forgotten: ${forgotten}.`);
  return EXIT.done;
}
