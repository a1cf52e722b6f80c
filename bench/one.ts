// One measure, in a process of its own: `one.ts NAME quick|full OUT`. Writes its figures into the file OUT, as JSON.
// Guarantees: whatever ends it, the processes that the measure started end with it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopAll } from '../test/proofs/support.ts';
import { MEASURES } from './list.ts';

const [name = '', length = '', out = ''] = process.argv.slice(2);
const measure = MEASURES.find((one) => one.name === name);
if (measure === undefined) throw new Error(`there is no measure "${name}"`);

const folder = mkdtempSync(join(tmpdir(), `countersign-bench-${name}-`));
process.once('exit', () => {
  stopAll();
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const figures = await measure.run({ quick: length === 'quick', folder, log: (line) => console.log(`  ${line}`) });
writeFileSync(out, JSON.stringify(figures));
process.exit(0);
