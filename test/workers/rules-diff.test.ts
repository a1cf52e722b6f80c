import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RecordedRuling, RulingInputs } from '../../domain/what-if.ts';
import { compareRules } from '../../workers/rules/what-if.ts';
import { editsOf } from '../proofs/what-if/edits.ts';
import { createProject } from '../proofs/what-if/project.ts';
import { createRandom } from '../proofs/support.ts';
import { temporaryFolder } from '../start/support.ts';

const NOON_MS = Date.UTC(2026, 2, 2, 12);
const DENIED = { kind: 'deny', ruleId: 'transfer.limit', ruleVersion: 'v0', reason: 'above the limit' } as const;
const edits = editsOf(createRandom(1));
const editOf = (name: string) => edits.find((one) => one.name === name)!;

/** A transfer of cleo's that was ruled on, and denied. */
function ruling(args: object, over: Partial<RulingInputs> = {}, by = 'cleo'): RecordedRuling {
  const actionId = 'c:1:0';
  const proposal: RulingInputs['proposal'] = {
    ...{ actionId, tool: 'transfer', args: JSON.stringify(args), inspects: true, summary: 'transfer' },
    principal: { id: by, name: by, tenant: 'default' },
    provenance: { context: 'clean', values: [{ path: 'to', name: 'to', origin: 'principal' }] },
  };
  const evidence = { asOfMs: NOON_MS, version: '1', subject: by, record: { state: 'open' } };
  const given = { groups: [], nowMs: NOON_MS };
  return {
    ...{ seq: 1, step: 'ruled:deny:s', atMs: NOON_MS, actionId, conversationId: 'c', agent: 'teller', url: null },
    ...{ verdict: DENIED, inputs: { kind: 'whole', proposal, evidence, given, ...over } },
  };
}

const above = { cents: 600_000, currency: 'EUR', to: 'A1' };

async function* these(...rulings: readonly RecordedRuling[]) {
  yield* rulings;
}

const aProject = (t: TestContext) => createProject(join(temporaryFolder(t), 'project'));

test('rules that are as they were change no verdict, and a deny that is taken out does', async (t) => {
  const project = aProject(t);
  const same = await compareRules({ agentsFolder: project.agents }, these(ruling(above)));
  assert.deepEqual([same.replayed, same.flips.length, same.against], [1, 0, 'what was ruled']);
  project.edited(editOf('a deny is removed'), 'in_place');
  const { flips } = await compareRules({ agentsFolder: project.agents }, these(ruling(above)));
  assert.deepEqual(
    flips.map(({ change, before, after }) => [change, before.ruleId, after.ruleId]),
    [['deny_to_ask', 'transfer.limit', 'transfer.large']],
  );
  assert.deepEqual(project.leftovers(), []);
});

test('against a revision its rules are asked the same, whatever was ruled then, and nothing of them stays behind', async (t) => {
  const project = aProject(t);
  project.edited(editOf('a deny is removed'), 'in_place');
  const wrong = { ...ruling(above), verdict: { ...DENIED, kind: 'allow', ruleId: 'of-old' } as const };
  const told = await compareRules({ agentsFolder: project.agents, against: 'HEAD' }, these(wrong));
  assert.match(told.against, /^HEAD \([0-9a-f]{12}\)$/);
  assert.deepEqual(
    told.flips.map(({ change, before }) => [change, before.ruleId]),
    [['deny_to_ask', 'transfer.limit']],
  );
  assert.deepEqual(project.leftovers(), []);
});

test('a folder is told from a revision, and what is neither or both is refused with what to do', async (t) => {
  const project = aProject(t);
  const against = (what: string, agentsFolder = project.agents) =>
    compareRules({ agentsFolder, against: what }, these());
  assert.equal((await against(project.agents)).against, project.agents);
  await assert.rejects(against('no-such'), /there is no folder no-such, and git knows no such revision in /);
  execFileSync('git', ['branch', 'docs'], { cwd: project.folder });
  await assert.rejects(against('docs'), /"docs" is a folder and a revision: write \.\/docs for the folder/);
  rmSync(join(project.folder, '.git'), { recursive: true });
  await assert.rejects(against('HEAD'), /there is no folder HEAD, and .* is in no git repository/);
});

test('a folder that a revision does not have is refused', async (t) => {
  const project = aProject(t);
  const beside = project.edited(editOf('nothing but a comment changes'), 'beside');
  const asked = compareRules({ agentsFolder: beside, against: 'HEAD' }, these());
  await assert.rejects(asked, /HEAD \([0-9a-f]{12}\) has no folder edited/);
});

test('what was erased, altered, denied by code, or is not taken any more is counted apart, each with its reason', async (t) => {
  const project = aProject(t);
  project.edited(editOf('a schema takes less'), 'in_place');
  const told = await compareRules(
    { agentsFolder: project.agents },
    these(
      { ...ruling(above), inputs: { kind: 'erased' } },
      { ...ruling(above), inputs: { kind: 'broken' } },
      { ...ruling(above), inputs: { kind: 'erased' }, verdict: { ...DENIED, ruleId: 'already-open' } },
      ruling(above),
      { ...ruling(above), agent: 'gone' },
      ruling({ ...above, cents: 5 }, { evidence: null }),
    ),
  );
  assert.deepEqual([told.read, told.replayed, told.byCode, told.erased.length], [6, 0, 1, 1]);
  const [altered, refused, agent, unread] = told.notReplayed.map(({ reason }) => reason);
  assert.equal(altered, 'its entries are not what was recorded');
  assert.match(refused ?? '', /^the tool transfer does not take its arguments: cents: Too big/);
  assert.equal(agent, 'there is no agent "gone"');
  assert.equal(unread, 'the tool transfer reads its record, and nothing was read then');
});

test('where groups and time are not on record, those of today and of the entry stand for them, and it is said', async (t) => {
  const project = aProject(t);
  const of = (by: string, given: RulingInputs['given']) => ruling({ ...above, cents: 5_000 }, { given }, by);
  const told = await compareRules(
    { agentsFolder: project.agents },
    these(
      of('ada', null),
      of('ada', { groups: [], nowMs: NOON_MS }),
      of('cleo', { groups: ['trusted'], nowMs: NOON_MS }),
    ),
  );
  assert.deepEqual(
    told.flips.map(({ after, isApproximate }) => [after.ruleId, isApproximate]),
    [
      ['transfer.trusted', true],
      ['transfer.trusted', false],
      ['transfer.rest', false],
    ],
  );
  assert.equal(told.approximate, 1);
});

test('what was used of a limit is replayed as it is on record; of one that did not count it then, as nothing', async (t) => {
  const project = aProject(t);
  const edit = (file: string, from: string, to: string) => {
    const path = join(project.agents, 'teller', file);
    const text = readFileSync(path, 'utf8');
    assert.ok(text.includes(from), file);
    writeFileSync(path, text.replace(from, to));
  };
  const declared = `export const paid = defineLimit({ name: 'paid', of: [transfer], per: 'principal', within: 'day',
    timeZone: 'UTC', amount: ({ cents, currency }) => amountOf(cents, currency) });`;
  edit('rules.ts', 'import { allow,', 'import { allow, defineLimit,');
  edit('rules.ts', 'const LIMIT_CENTS', `${declared}\nconst LIMIT_CENTS`);
  edit('index.ts', 'import { rules }', 'import { paid, rules }');
  edit('index.ts', '  rules,\n', '  rules,\n  periodLimits: [paid],\n');
  const within = `fits(paid, amountOf(10_000, input.currency)) ? undefined : deny('the day is full')`;
  edit(
    'rules.ts',
    "  rule('transfer.large'",
    `  rule('transfer.day', transfer, ({ input, fits }) => ${within}),\n  rule('transfer.large'`,
  );
  const period = { name: '2026-03-02', fromMs: Date.UTC(2026, 2, 2), toMs: Date.UTC(2026, 2, 3) };
  const used = (EUR: number, over: object = {}): RulingInputs['given'] => {
    const standing = { limit: 'paid', per: 'principal', within: 'day', timeZone: 'UTC', key: 'cleo', period } as const;
    return { groups: [], nowMs: NOON_MS, limits: [{ ...standing, used: { EUR }, ...over }] };
  };
  const of = (given: RulingInputs['given']) => {
    const asked = { kind: 'ask', group: 'finance', quorum: 1, withinMs: 86_400_000 } as const;
    return {
      ...ruling({ ...above, cents: 5_000 }, { given }),
      verdict: { ...DENIED, ...asked, ruleId: 'transfer.rest' },
    };
  };
  const told = await compareRules(
    { agentsFolder: project.agents },
    these(of(used(5_000)), of(used(5_001)), of(used(9_999, { per: 'tenant' })), of({ groups: [], nowMs: NOON_MS })),
  );
  assert.deepEqual([told.replayed, told.approximate], [4, 2]);
  assert.deepEqual(
    told.flips.map(({ change, after, isApproximate }) => [change, after.ruleId, isApproximate]),
    [['ask_to_deny', 'transfer.day', false]],
  );
});

test('a rule that loops is a deny, as it is in production, and over too many verdicts ends the command', async (t) => {
  const project = aProject(t);
  const file = join(project.agents, 'teller/rules.ts');
  const loops = `input.cents > LIMIT_CENTS ? (() => { for (;;); })() : undefined`;
  const text = readFileSync(file, 'utf8').replace(/input\.cents > LIMIT_CENTS \? deny.* : undefined/, loops);
  writeFileSync(file, text);
  const allowed = { ...ruling(above), verdict: { ...DENIED, kind: 'allow' } as const };
  const { flips } = await compareRules({ agentsFolder: project.agents }, these(allowed));
  assert.match(flips[0]?.after.reason ?? '', /^the rule had not ended after 250 ms/);
  const many = Array.from({ length: 11 }, (_, at) => ruling({ ...above, cents: 600_000 + at }));
  const asked = compareRules({ agentsFolder: project.agents }, these(...many));
  await assert.rejects(
    asked,
    /the rule transfer\.limit of teller had not ended .*, as with 10 verdicts before; mend it/,
  );
});
