// Before a deploy: what waits in Temporal is replayed on the new code, and what would stand still there is named.
import { equal, match } from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { procedureId, waitingWorkflowId } from '../../domain/ids.ts';
import { FROM_SOURCE, run } from '../support/children.ts';
import { createFarSide } from '../support/far-side.ts';
import { ROOT } from '../support/sources.ts';
import { startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';
import { errandPlayers } from './processes.ts';

const AGENTS = join(ROOT, 'test/support/agents');

let temporal: TestWorkflowEnvironment;
let system: System;
let changed: string;
before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, ...(await errandPlayers(createFarSide())) });
  changed = mkdtempSync(join(tmpdir(), 'countersign-changed-'));
  cpSync(AGENTS, changed, { recursive: true });
  const path = join(changed, 'tester/procedures/errand.ts');
  const text = readFileSync(path, 'utf8');
  const begins = 'const told: unknown[] = [];';
  equal(text.split(begins).length, 2);
  writeFileSync(path, text.replace(begins, `${begins}\n    await steps.do('first', 'look', { order, cents: 1 });`));
});
after(async () => {
  rmSync(changed, { recursive: true, force: true });
  await system?.stop();
  await temporal?.teardown();
});

/** As an operator calls it, in a process of its own. */
async function replay(agentsFolder: string, args: readonly string[] = [], address = temporal.address) {
  const command = [...FROM_SOURCE, join(ROOT, 'cli/main.ts'), 'replay', agentsFolder, ...args];
  const { code, output } = await run(process.execPath, command, {
    limitMs: 60_000,
    env: { TEMPORAL_ADDRESS: address },
  });
  return { code, said: output.trim() };
}

test('what waits replays on the code that made it, and a procedure that was changed under it is named', async () => {
  await system.open('waits');
  await system.submit('waits', 'm1', 'errand 1: do find look 1; do pay pay 72');
  await system.reply('waits', 'm1');
  const approval = await system.approval('waits:1:0/pay.0.0');

  const same = await replay(AGENTS);
  const place = `all 3 histories of the namespace "default" at ${temporal.address} replay on this code`;
  equal(same.said, place); // the conversation, the procedure, the batch of its step
  equal(same.code, 0);

  const other = await replay(changed);
  const stuck = waitingWorkflowId(procedureId('waits:1:0'));
  match(other.said, new RegExp(`^the history of ${stuck} does not replay: .*\\n2 of 3 .* Do not deploy it`));
  equal(other.code, 1);

  // What it found has changed nothing: people decide, and the procedure ends.
  await system.decide(approval, 'finn', 'approve');
  await system.reportReply('waits');
  equal(await system.outcome('waits:1:0'), 'succeeded');
  // What has ended goes wrong nowhere; it is looked at where that is asked for.
  match((await replay(changed)).said, /^the one history/);
  match((await replay(changed, ['--all'])).said, /^the history of .*\n2 of 3 /);
});

test('where Temporal cannot be reached it says so, and what to do', async () => {
  const { code, said } = await replay(AGENTS, [], '127.0.0.1:1');
  match(said, /Temporal at 127\.0\.0\.1:1 cannot be reached.*TEMPORAL_ADDRESS/s);
  equal(code, 1);
});
