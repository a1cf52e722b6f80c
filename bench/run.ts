// `npm run bench [-- NAME…] [--quick] [--out FILE]`: run the measures one after the other, each in a process of its own
// within what is left of the time, and print their tables; all of it as JSON into a file, and plots beside it. Exits
// non-zero where something could not be measured; a limit that is missed is said, and is no failure of the bench.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FROM_SOURCE, run } from '../test/support/children.ts';
import { ROOT } from '../test/support/sources.ts';
import { MEASURES } from './list.ts';
import { load, machine } from './machine.ts';
import type { Figure } from './measure.ts';
import { plotsOf } from './plots.ts';
import { isMet, limitLines, tables } from './report.ts';

// What the whole of it may take: half an hour is a pause, four minutes are a look.
const LIMIT_MS = { quick: 4 * 60_000, full: 30 * 60_000 } as const;
// 5 s: less than that is no time for any measure.
const LEAST_MS = 5_000;

interface Wanted {
  readonly names: readonly string[];
  readonly quick: boolean;
  readonly out: string;
}

function read(args: readonly string[]): Wanted {
  const known = MEASURES.map(({ name }) => name);
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    // Not strict: an unknown option gets our own sentence below.
    strict: false,
    options: { quick: { type: 'boolean' }, out: { type: 'string' } },
  });
  const option = Object.keys(values).find((one) => one !== 'quick' && one !== 'out');
  if (option !== undefined) stop(`there is no option --${option}; there are: --quick, --out FILE`);
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) stop(`there is no measure ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  const moment = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const out = typeof values.out === 'string' ? resolve(values.out) : join(ROOT, 'bench', 'results', `${moment}.json`);
  return { names: positionals.length > 0 ? positionals : known, quick: values.quick === true, out };
}

function stop(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}

async function measure(
  name: string,
  length: 'quick' | 'full',
  limitMs: number,
): Promise<readonly Figure[] | undefined> {
  console.log(`\n== ${name}`);
  if (limitMs < LEAST_MS) {
    console.log('  there is no time left for it');
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
  const out = join(folder, 'figures.json');
  try {
    const { code } = await run(process.execPath, [...FROM_SOURCE, 'bench/one.ts', name, length, out], {
      limitMs,
      show: true,
    });
    return code === 0 ? (JSON.parse(readFileSync(out, 'utf8')) as readonly Figure[]) : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { names, quick, out } = read(process.argv.slice(2));
const length = quick ? 'quick' : 'full';
const startedAt = new Date();
const before = { machine: await machine(), loadBefore: load() };
console.log(`${before.machine.cores} cores (${before.machine.processor}), load ${before.loadBefore.join(' ')}`);
const figures: Figure[] = [];
const failed: string[] = [];
for (const name of names) {
  const leftMs = LIMIT_MS[length] - (Date.now() - startedAt.getTime());
  const own = await measure(name, length, leftMs);
  if (own === undefined) failed.push(name);
  else figures.push(...own);
}
const seconds = Math.round((Date.now() - startedAt.getTime()) / 1_000);
mkdirSync(dirname(out), { recursive: true });
const told = { startedAt: startedAt.toISOString(), seconds, length, ...before, loadAfter: load(), failed, figures };
writeFileSync(out, `${JSON.stringify(told, undefined, 1)}\n`);
const base = out.replace(/\.json$/, '');
const plots = plotsOf(figures).map(({ name, svg }) => {
  const file = `${base}-${name}.svg`;
  writeFileSync(file, svg);
  return file;
});

for (const line of tables(figures)) console.log(line);
console.log('');
for (const line of limitLines(figures)) console.log(line);
const limited = figures.flatMap(({ value, limit }) => (limit === undefined ? [] : [isMet(value, limit)]));
const met = limited.filter(Boolean).length;
console.log(`\n${[out, ...plots].join('\n')}`);
const end = failed.length === 0 ? '' : `; not measured: ${failed.join(', ')}`;
console.log(`bench: ${figures.length} figures, ${met} of ${limited.length} limits met, ${seconds} s${end}`);
if (failed.length > 0) process.exitCode = 1;
