// What other rules would have ruled: takes what is on record from the API, page by page, and prints which verdicts would
// change. The rules themselves are asked by whoever hands itself in here, in this process's own children.
import { LedgerRulings } from '../../api/rulings-schema.ts';
import {
  type Change,
  countedOf,
  FAIL_ON,
  type FailOn,
  type Flip,
  isFailure,
  type NotReplayed,
  type RecordedRuling,
  type WhatIf,
  widens,
} from '../../domain/what-if.ts';
import type { Client } from '../client.ts';
import { CommandFailed, EXIT } from '../failure.ts';
import { plainLine, type Terminal } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';

export interface DiffOptions extends AsOption {
  readonly failOn?: string;
  readonly since?: string;
  readonly last?: string;
  readonly json?: boolean;
}

/** Hold the rules against others over these rulings. */
type Compare = (rulings: AsyncIterable<RecordedRuling>) => Promise<WhatIf>;

// 10,000 verdicts: weeks of a busy desk, replayed in seconds; 100,000 take a minute, and more is no look before a change.
const DEFAULT_LAST = 10_000;
const MOST = 100_000;
// 500: as many as one page of the API may have.
const PAGE = 500;
// 10 of a kind: enough to see what it is; --json has all.
const SHOWN_MISSING = 10;

/** Print the verdicts that would change. The exit code says whether one of those did that must not. */
export async function diffRules(context: Context, options: DiffOptions, compare: Compare): Promise<number> {
  const failOn = failOnOf(options);
  const bounds = boundsOf(options);
  const client = connect(context, 'ledger:read', options);
  const found = await compare(rulingsOf(client, bounds));
  const isCut = found.read === MOST && bounds.sinceMs !== undefined;
  if (options.json === true) context.terminal.print(JSON.stringify(asJson(found, client, isCut), null, 2));
  else show(context.terminal, found, client, isCut);
  return isFailure(found, failOn) ? EXIT.changed : EXIT.done;
}

function failOnOf({ failOn }: DiffOptions): FailOn | undefined {
  const known = FAIL_ON.find((one) => one === failOn);
  if (failOn === undefined || known !== undefined) return known;
  throw new CommandFailed(`--fail-on is one of ${FAIL_ON.join(', ')}, not "${failOn}".`);
}

interface Bounds {
  readonly last: number;
  readonly sinceMs: number | undefined;
}

function boundsOf({ last, since }: DiffOptions): Bounds {
  if (last !== undefined && since !== undefined) throw new CommandFailed('Give --last or --since, not both.');
  if (since !== undefined) {
    const sinceMs = Date.parse(since);
    if (Number.isNaN(sinceMs)) throw new CommandFailed('--since is a day or a time, such as 2026-11-01.');
    return { last: MOST, sinceMs };
  }
  const count = last === undefined ? DEFAULT_LAST : Number(last);
  if (!Number.isInteger(count) || count < 1 || count > MOST)
    throw new CommandFailed(`--last is a whole number from 1 to ${MOST}.`);
  return { last: count, sinceMs: undefined };
}

/** Newest first. Roles' clocks differ, so it ends with a whole page of before. */
async function* rulingsOf(client: Client, { last, sinceMs = -Infinity }: Bounds): AsyncGenerator<RecordedRuling> {
  let left = last;
  for (let before: number | null | undefined; before !== null && left > 0; ) {
    const query = new URLSearchParams({ limit: String(Math.min(PAGE, left)) });
    if (before !== undefined) query.set('before', String(before));
    const page = await client.get(`/v1/ledger/rulings?${query}`, LedgerRulings);
    const wanted = page.rulings.filter(({ atMs }) => atMs >= sinceMs);
    left -= wanted.length;
    // Loose where it came in, as a ruling holds whatever is on record; what is not there is said by `inputs`.
    yield* wanted as unknown as readonly RecordedRuling[];
    if (wanted.length === 0) return;
    before = page.next;
  }
}

const whyOf = (actionId: string, { url }: Client): string => `${url}/v1/actions/${encodeURIComponent(actionId)}/why`;

function asJson({ flips, ...found }: WhatIf, client: Client, isCut: boolean) {
  const linked = flips.map(({ url, ...one }) => ({ ...one, why: whyOf(one.actionId, client), temporal: url }));
  return { ...found, isCut, changes: countedOf(flips), flips: linked };
}

const WORDS: Readonly<Record<Change, string>> = {
  deny_to_allow: 'DENY → ALLOW',
  deny_to_ask: 'DENY → ASK',
  ask_to_allow: 'ASK → ALLOW',
  asks_less: 'ASK → ASK others, or fewer',
  asks_more: 'ASK → ASK more',
  allow_to_ask: 'ALLOW → ASK',
  ask_to_deny: 'ASK → DENY',
  allow_to_deny: 'ALLOW → DENY',
};

function show(terminal: Terminal, found: WhatIf, client: Client, isCut: boolean): void {
  const { print, colors } = terminal;
  const { read, replayed, fromMs, toMs, against, flips, byAnotherRule, approximate, byCode } = found;
  const when = fromMs === null || toMs === null ? '' : `, of ${timeText(fromMs)} to ${timeText(toMs)}`;
  print(plainLine(`${read} verdicts${when}; ${replayed} replayed, and held against ${against}`));
  if (isCut) print(`There are more since then: these are the newest ${MOST}.`);
  for (const { change, count, rules } of countedOf(flips)) {
    print(colors.bold(`${WORDS[change]}  ${count}  (${widens(change) ? 'widens' : 'narrows'})`));
    for (const { before, after, count: many } of rules) {
      print(plainLine(`  ${before} → ${after}  ${many}`));
      const those = flips.filter((one) => one.change === change && isBy(one, before, after));
      for (const one of those) showFlip(terminal, one, client);
    }
  }
  print(flips.length === 0 ? 'No verdict changes.' : `${flips.length} verdicts change.`);
  if (byAnotherRule > 0) print(`${byAnotherRule} stay, by another rule.`);
  if (approximate > 0)
    print(`${approximate} are approximate: groups, time or uses of limits of then are not on record.`);
  if (byCode > 0) print(`${byCode} were denied by code before any rule was asked, and would be again.`);
  showMissing(terminal, 'whose words were erased cannot be replayed', found.erased);
  showMissing(terminal, 'cannot be replayed', found.notReplayed);
}

const isBy = ({ before, after }: Flip, one: string, other: string): boolean =>
  before.ruleId === one && after.ruleId === other;

function showFlip({ print, colors }: Terminal, flip: Flip, client: Client): void {
  const { actionId, summary, isApproximate, after, url } = flip;
  print(plainLine(`    ${actionId}  ${summary}${isApproximate ? '  (approximate)' : ''}: ${after.reason}`));
  print(colors.dim(plainLine(`      ${[whyOf(actionId, client), ...(url === null ? [] : [url])].join('  ')}`)));
}

function showMissing({ print }: Terminal, what: string, all: readonly NotReplayed[]): void {
  if (all.length === 0) return;
  print(`${all.length} ${what}:`);
  for (const reason of new Set(all.map((one) => one.reason))) {
    const those = all.filter((one) => one.reason === reason);
    const shown = those.slice(0, SHOWN_MISSING).map(({ actionId }) => actionId);
    const more = those.length - shown.length;
    print(plainLine(`  ${reason}  ${those.length}`));
    print(plainLine(`    ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`));
  }
}

const timeText = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
