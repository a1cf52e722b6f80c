// `countersign rules check`: runs the tables beside the rules, in the very process in which rules run. Needs no server, no
// store and no key. May import domain, Node and its own folder.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ZodError } from 'zod';
import { asDeclared } from '../../activities/built-in.ts';
import { callablesOf, type LoadedAgent, periodLimitsOf } from '../../domain/agent.ts';
import type { JsonObject } from '../../domain/json.ts';
import { groupsOf } from '../../domain/principal.ts';
import { whyNobodyCan } from '../../domain/ruling.ts';
import {
  caseOf,
  type Gaps,
  gapsOf,
  readsWithoutRule,
  type RuleRow,
  SOMEBODY,
  whyNotExpected,
  whyNotUsed,
} from '../../domain/rule-table.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { type LoadedAgents, loadAgents } from '../load-agents.ts';
import { denialOf, startRules } from './rules.ts';

/** How the table of one agent went. */
export interface CheckedAgent {
  readonly name: string;
  readonly hasTable: boolean;
  readonly rows: readonly CheckedRow[];
  readonly gaps: Gaps;
  readonly readsWithoutRule: readonly string[];
}

export interface CheckedRow {
  /** The call, in one line. */
  readonly call: string;
  /** Why it failed, as a sentence; undefined where it did not. */
  readonly problem: string | undefined;
}

/** The verdict, and whether a rule misbehaved so that its process was lost: no table wants that, though it denies. */
type Ask = (...row: Parameters<typeof caseOf>) => Promise<Asked>;

interface Asked {
  readonly verdict: Verdict;
  readonly isLost: boolean;
  /** Why an ask comes to a deny: nobody of the directory could ever give leave. */
  readonly nobody: string | undefined;
}

/** Run the table of every agent of a folder. Throws a sentence where they cannot be loaded. */
export async function checkRules(folder: string): Promise<readonly CheckedAgent[]> {
  const loaded = await loadAgents(folder);
  let how = '';
  const rules = startRules(loaded, {
    warn: (of: { readonly how: string }) => void ({ how } = of),
    error: () => undefined,
  });
  const ask: Ask = async (call, ...of) => {
    how = '';
    const facts = caseOf(call, ...of);
    const verdict = await rules.decide(call.agent.name, facts);
    const nobody = verdict.kind === 'ask' ? whyNobodyCan(loaded.directory, facts, verdict) : undefined;
    return { verdict, isLost: verdict.reason === denialOf(how), nobody };
  };
  try {
    await rules.ready;
    const checked: CheckedAgent[] = [];
    for (const [name, one] of loaded.agents) {
      const rows = await tableOf(loaded.folder, name);
      checked.push(await checkAgent(one, loaded, rows, ask));
    }
    return checked;
  } finally {
    await rules.stop();
  }
}

async function checkAgent(
  { agent }: LoadedAgent,
  { directory }: LoadedAgents,
  rows: readonly RuleRow[] | undefined,
  ask: Ask,
): Promise<CheckedAgent> {
  const checked: CheckedRow[] = [];
  const verdicts: Verdict[] = [];
  for (const row of rows ?? []) {
    const { tool: name, of } = row;
    const tool = callablesOf(agent).find((one) => one.name === name);
    const parsed = tool?.input.safeParse(of.input);
    const call = `${name} ${JSON.stringify(of.input)}`;
    if (tool === undefined || parsed?.success !== true) {
      const why =
        tool === undefined
          ? `the agent has no tool ${name}`
          : `the tool does not take this: ${issuesIn(parsed?.error)}`;
      checked.push({ call, problem: why });
      continue;
    }
    const unused = whyNotUsed(periodLimitsOf(agent), row);
    if (unused !== undefined) {
      checked.push({ call, problem: unused });
      continue;
    }
    const asked = await ask({ agent, tool }, of, parsed.data as JsonObject, groupsOf(directory, of.by ?? SOMEBODY));
    verdicts.push(asked.verdict);
    checked.push({ call, problem: problemOf(row, asked) });
  }
  return {
    name: agent.name,
    hasTable: rows !== undefined,
    rows: checked,
    gaps: gapsOf(asDeclared(agent), rows ?? [], verdicts),
    readsWithoutRule: readsWithoutRule(asDeclared(agent)),
  };
}

function problemOf(row: RuleRow, { verdict, isLost, nobody }: Asked): string | undefined {
  if (isLost) return `${verdict.ruleId}: ${verdict.reason}`;
  return whyNotExpected(row, verdict) ?? (nobody && `it would be denied: ${nobody}`);
}

/** What the schema says of the arguments, each with the path at which it stands. */
function issuesIn(error: ZodError | undefined): string {
  return (error?.issues ?? []).map(({ path, message }) => [...path, message].join(': ')).join('; ');
}

/** The rows of `<folder>/<agent>/rules-table`, as .ts or .js; undefined where there is no such file. */
async function tableOf(folder: string, agent: string): Promise<readonly RuleRow[] | undefined> {
  const file = ['ts', 'js'].map((type) => join(folder, agent, `rules-table.${type}`)).find((path) => existsSync(path));
  if (file === undefined) return undefined;
  const { table } = (await import(pathToFileURL(file).href)) as { readonly table?: readonly RuleRow[] };
  if (!Array.isArray(table))
    throw new Error(`${file} exports no table; write: export const table: readonly RuleRow[] = […]`);
  const wrong = table.findIndex((one: Partial<RuleRow> | undefined | null) => !one?.tool || !one.of || !one.expected);
  if (wrong !== -1)
    throw new Error(`${file}: row ${wrong + 1} is none; write: row(tool, { input: { … } }, allows('the-rule'))`);
  return table;
}

/** What the command prints. */
export function reportOf(checked: readonly CheckedAgent[]): string {
  return `${checked.flatMap(linesOf).join('\n')}\n`;
}

function linesOf({ name, hasTable, rows, gaps, readsWithoutRule: reads }: CheckedAgent): readonly string[] {
  const failed = rows.filter(({ problem }) => problem !== undefined);
  const list = (what: string, names: readonly string[], note = '') =>
    names.length === 0 ? [] : [`  ${what}: ${names.join(', ')}${note}`];
  return [
    hasTable ? `${name}: ${rows.length} rows, ${failed.length} failed` : `${name}: no rules-table.ts`,
    ...failed.map(({ call, problem }) => `  FAILED ${call}\n         ${problem}`),
    ...list('rules that no row hits', gaps.neverHit),
    ...list('tools that no row calls', gaps.neverCalled),
    ...list('writes without a rule', gaps.withoutRule, ' (denied, unless a rule over every tool allows them)'),
    ...list('limits that no row rests on', gaps.neverAsked, ' (counted, and not limited)'),
    ...list('reads without a rule', reads, " (those of the requester's own data run)"),
  ];
}

/** True when every row went as expected; where `strict`, also when nothing is left out. */
export function hasPassed(checked: readonly CheckedAgent[], strict: boolean): boolean {
  const gaps = checked.flatMap((one) => Object.values(one.gaps).flat());
  return (
    checked.every(({ rows }) => rows.every(({ problem }) => problem === undefined)) && !(strict && gaps.length > 0)
  );
}
