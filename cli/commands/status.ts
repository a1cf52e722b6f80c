// One look at the whole: can the API serve, which conversations are there, what waits for people, what operators have
// stopped.
import { z } from 'zod';
import { Approval } from '../../api/approval-schemas.ts';
import { Conversation, Switches } from '../../api/schemas.ts';
import { whatOf } from '../../domain/switch.ts';
import type { Client } from '../client.ts';
import { EXIT } from '../failure.ts';
import { clockTime, labelled, plainLine, untilWhen } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';
import { countOf, readAll, type Rows } from './pages.ts';

const Readiness = z.object({ ready: z.boolean(), missing: z.array(z.string()) });

/** What is missing to serve, as sentences; empty when nothing is. */
export async function readMissing(client: Client): Promise<readonly string[]> {
  return (await client.get('/readyz', Readiness, { alsoStatus: 503 })).missing;
}

/** Fails when the API is not ready. */
export async function showStatus(context: Context, options: AsOption): Promise<number> {
  const { terminal, nowMs } = context;
  const { bold, green, red } = terminal.colors;
  const show = (name: string, text: string): void => terminal.print(labelled(name, text, bold));
  const client = connect(context, 'operate', options);
  const missing = await readMissing(client);
  terminal.print(`${labelled('API', client.url, bold)}, ${missing.length === 0 ? green('ready') : red('not ready')}`);
  for (const sentence of missing) show('', sentence);

  const conversations = await readAll(client, '/v1/conversations', { of: 'staff' }, Conversation);
  show('conversations', `${countOf(conversations)}${byPhase(conversations)}`);
  const approvals = await readAll(client, '/v1/approvals', { end: 'open' }, Approval);
  const first = approvals.rows.toSorted((one, other) => one.deadlineMs - other.deadlineMs)[0];
  const next =
    first === undefined ? '' : `; the first ends at ${untilWhen(first.deadlineMs, nowMs())}: ${first.summary}`;
  show('approvals', `${countOf(approvals)} open${next}`);
  const { switches } = await client.get('/v1/switches', Switches);
  for (const one of switches) {
    const since = `${whatOf(one)} since ${clockTime(one.setMs, nowMs())} by ${one.setBy}: ${one.reason}`;
    terminal.print(labelled('stopped', plainLine(since), red));
  }
  return missing.length === 0 ? EXIT.done : EXIT.failed;
}

function byPhase({ rows }: Rows<z.output<typeof Conversation>>): string {
  const counts = new Map<string, number>();
  for (const { phase } of rows) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  const parts = [...counts].map(([phase, count]) => `${count} ${phase.replace('_', ' ')}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}
