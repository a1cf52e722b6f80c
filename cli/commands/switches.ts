// Switches: stop all, a tenant, an agent or a tool, take that back, and list what is stopped. A change carries a key of
// its own, so that it counts once however often it is sent.
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { Switched, Switches } from '../../api/schemas.ts';
import { type Switch, type SwitchScope, whatOf } from '../../domain/switch.ts';
import { EXIT } from '../failure.ts';
import { clockTime, columns, plainLine, type Terminal } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';

export interface SwitchOptions extends AsOption {
  readonly reason?: string;
}

/** As the command line names it: "all", or a scope and a name. */
interface Named {
  readonly scope: SwitchScope;
  readonly name: string | undefined;
}

export async function kill(context: Context, named: Named, options: SwitchOptions): Promise<number> {
  const { terminal } = context;
  const answer = await change(context, 'kill', named, options);
  const what = { scope: named.scope, name: named.name ?? '' };
  const isStopped = answer.switches.some((one) => isOf(one, what));
  if (!isStopped) {
    terminal.complain(plainLine(`Somebody has revived ${whatOf(what)} meanwhile.`));
    return EXIT.failed;
  }
  const again = `npx countersign revive ${[named.scope, named.name].join(' ').trim()}`;
  terminal.print(plainLine(`Stopped: ${whatOf(what)}. Nothing of it acts from now on, until: ${again}`));
  showCancelled(terminal, answer);
  return EXIT.done;
}

export async function revive(context: Context, named: Named, options: SwitchOptions): Promise<number> {
  const { terminal } = context;
  const { switches } = await change(context, 'revive', named, options);
  terminal.print(plainLine(`Revived: ${whatOf({ scope: named.scope, name: named.name ?? '' })}.`));
  if (switches.length > 0) terminal.print(plainLine(`Still stopped: ${switches.map(whatOf).join(', ')}.`));
  return EXIT.done;
}

export async function listSwitches(context: Context, options: AsOption): Promise<number> {
  const { terminal, nowMs } = context;
  const { switches } = await connect(context, 'operate', options).get('/v1/switches', Switches);
  if (switches.length === 0) {
    terminal.print('Nothing is stopped.');
    return EXIT.done;
  }
  const rows = switches.map((one) => [whatOf(one), clockTime(one.setMs, nowMs()), one.setBy, one.reason]);
  terminal.print(columns(['STOPPED', 'SINCE', 'BY', 'WHY'], rows, terminal.colors));
  return EXIT.done;
}

function change(context: Context, action: 'kill' | 'revive', { scope, name }: Named, options: SwitchOptions) {
  const { reason } = options;
  const body = { scope, action, ...(name === undefined ? {} : { name }), ...(reason === undefined ? {} : { reason }) };
  const headers = { 'idempotency-key': randomUUID() };
  const client = connect(context, 'operate', options);
  return client.post('/v1/switches', body, Switched, { countsOnce: true, headers });
}

const isOf = (one: Pick<Switch, 'scope' | 'name'>, other: Pick<Switch, 'scope' | 'name'>): boolean =>
  one.scope === other.scope && one.name === other.name;

/** What waited, and what could not be told: that is refused when its turn comes, which is no failure of the command. */
function showCancelled({ print, complain }: Terminal, answer: z.output<typeof Switched>): void {
  const { cancelled, unreached, isCut } = answer;
  if (cancelled.length === 0 && unreached === 0 && !isCut) print('Nothing of it waited for people.');
  for (const { id, summary } of cancelled) print(plainLine(`cancelled ${id} ${summary}`));
  if (unreached > 0)
    complain(`${unreached} that wait could not be told in time; they are refused when they would act.`);
  if (isCut) complain('Not all that waits could be looked through; the rest is refused when it would act.');
}
