// Some measures, one after the other, in a process of their own: `one.ts quick|full OUT NAME…`. Writes the figures of each
// into the file OUT once it has them, as JSON by name. A measure that fails says why, and the next one runs.
// Guarantees: whatever ends it, the processes that the measures started end with it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopAll } from '../test/proofs/support.ts';
import { MEASURES } from './list.ts';
import type { Figure } from './measure.ts';
import { sharedStack } from './measures/stack.ts';

const [length = '', out = '', ...names] = process.argv.slice(2);

const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
process.once('exit', () => {
  stopAll();
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const log = (line: string) => console.log(`  ${line}`);
const shared = sharedStack(folder, log);
const measured: Record<string, readonly Figure[]> = {};
for (const { name, run } of MEASURES.filter((one) => names.includes(one.name))) {
  console.log(`\n== ${name}`);
  const begunMs = performance.now();
  try {
    const figures = await run({ quick: length === 'quick', folder, log, stack: shared.stack });
    await shared.assertUnharmed();
    measured[name] = figures;
    writeFileSync(out, JSON.stringify(measured));
  } catch (error) {
    log(`it failed: ${error instanceof Error ? error.stack : String(error)}`);
  }
  log(`${((performance.now() - begunMs) / 1_000).toFixed(0)} s`);
}
await shared.stop();
process.exit(0);
