// `npm run prove [-- NAME…] [--quick] [--seed N]`: run proofs one after the other, each in a process of its own with a
// time limit, and print one table. Exits non-zero on a violation, a proof that did not end well, or an unknown name.
import { parseArgs } from 'node:util';
import { FROM_SOURCE, run } from '../support/children.ts';
import { PROOFS } from './list.ts';

// 180 s: a quick proof is written to need 45 s at most; four times that is a busy machine, more is a proof that hangs.
const QUICK_LIMIT_MS = 180_000;
// 45 minutes: the longest full proof kills a whole system at each of its steps.
const FULL_LIMIT_MS = 45 * 60_000;
const LARGEST_SEED = 2 ** 32 - 1;

interface Row {
  readonly name: string;
  readonly cases: string;
  readonly violations: string;
  readonly seconds: string;
  readonly proved: boolean;
}

async function prove(name: string, seed: number, quick: boolean): Promise<Row> {
  console.log(`\n== ${name}, seed ${seed}`);
  const { code, output, seconds, timedOut } = await run(
    process.execPath,
    [...FROM_SOURCE, 'test/proofs/one.ts', name, String(seed), quick ? 'quick' : 'full'],
    { limitMs: quick ? QUICK_LIMIT_MS : FULL_LIMIT_MS, show: true },
  );
  const last = new RegExp(`^${name}: (\\d+) cases, (\\d+) violations, `, 'm').exec(output);
  const [, cases = '-', violations = timedOut ? 'too slow' : 'crashed'] = last ?? [];
  return { name, cases, violations, seconds: seconds.toFixed(1), proved: code === 0 && violations === '0' };
}

function table(rows: readonly Row[]): string {
  const head = { name: 'proof', cases: 'cases', violations: 'violations', seconds: 'seconds' };
  const width = Math.max(...[head, ...rows].map(({ name }) => name.length));
  const line = ({ name, cases, violations, seconds }: typeof head) =>
    `${name.padEnd(width)}  ${cases.padStart(7)}  ${violations.padStart(10)}  ${seconds.padStart(7)}`;
  return [head, ...rows].map(line).join('\n');
}

function stop(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}

function read(args: readonly string[]): {
  readonly names: readonly string[];
  readonly quick: boolean;
  readonly seed: number;
} {
  const known = PROOFS.map(({ name }) => name);
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    // Not strict: an unknown option gets our own sentence below.
    strict: false,
    options: { quick: { type: 'boolean' }, seed: { type: 'string' } },
  });
  const option = Object.keys(values).find((one) => one !== 'quick' && one !== 'seed');
  if (option !== undefined) stop(`there is no option --${option}; there are: --quick, --seed N`);
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) stop(`there is no proof ${unknown.join(', ')}; there are: ${known.join(', ') || 'none'}`);
  const seed = values.seed === undefined ? Math.floor(Math.random() * LARGEST_SEED) : Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0 || seed > LARGEST_SEED)
    stop(`--seed takes a whole number up to ${LARGEST_SEED}`);
  return { names: positionals.length > 0 ? positionals : known, quick: values.quick === true, seed };
}

const { names, quick, seed } = read(process.argv.slice(2));
if (names.length === 0) stop('there are no proofs yet, so nothing is proved');
const rows: Row[] = [];
for (const name of names) rows.push(await prove(name, seed, quick));
console.log(`\n${table(rows)}`);
const failed = rows.filter(({ proved }) => !proved);
for (const { name } of failed) {
  console.log(`repeat it: npm run prove -- ${name} --seed ${seed}${quick ? ' --quick' : ''}`);
}
if (failed.length > 0) process.exitCode = 1;
