import { equal } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { isCounted, usedBy } from '../proofs/parked/processes.ts';

// 300 ms of processor time, in a child that has ended by the time that it is asked about.
const BUSY_MS = 300;
const BURN = `const untilMs = process.cpuUsage().user / 1000 + ${BUSY_MS}; while (process.cpuUsage().user / 1000 < untilMs);`;
const PARENT = `require('node:child_process').spawnSync(process.execPath, ['-e', process.argv[1]]); console.log('over');
  setInterval(() => undefined, 1000);`;

test('what a process and its children used is counted, of those too that have ended', async () => {
  const child = spawn(process.execPath, ['-e', PARENT, BURN], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await once(child.stdout, 'data');
    const used = usedBy(new Map([['busy', child.pid ?? 0]])).get('busy');
    equal((used?.cpuMs ?? 0) >= BUSY_MS, isCounted);
    equal((used?.bytes ?? 0) > 1_000_000, isCounted);
  } finally {
    child.kill('SIGKILL');
  }
});

test('a process that is not there used nothing', () => {
  equal(usedBy(new Map([['nobody', 0]])).get('nobody')?.cpuMs, 0);
});
