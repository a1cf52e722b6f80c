// One proof, in a process of its own: `one.ts NAME SEED quick|full`. Its last line is `NAME: N cases, M violations, S s`,
// which run.ts reads. Guarantees: whatever ends it, the processes that the proof started end with it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROOFS } from './list.ts';
import { createRandom, type ProofResult, stopAll } from './support.ts';

const [name = '', seedText = '', length = ''] = process.argv.slice(2);
const proof = PROOFS.find((one) => one.name === name);
if (proof === undefined) throw new Error(`there is no proof "${name}"`);

process.once('exit', stopAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const seed = Number(seedText);
const folder = mkdtempSync(join(tmpdir(), `countersign-proof-${name}-`));
const startedMs = Date.now();
const result = await proof
  .run({ seed, quick: length === 'quick', random: createRandom(seed), folder, log: (line) => console.log(`  ${line}`) })
  .catch((error: unknown): ProofResult => {
    console.log(error);
    return { cases: 0, violations: ['the proof itself failed; see above'] };
  });
stopAll();
rmSync(folder, { recursive: true, force: true });

// A proof that tried nothing has proved nothing.
const violations = result.cases === 0 && result.violations.length === 0 ? ['no case was tried'] : result.violations;
for (const violation of violations) console.log(`  violation: ${violation}`);
const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1);
console.log(`${name}: ${result.cases} cases, ${violations.length} violations, ${seconds} s`);
process.exit(violations.length === 0 ? 0 : 1);
