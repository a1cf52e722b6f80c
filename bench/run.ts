// `npm run bench [-- NAME…] [--quick] [--out FILE]`: run the measures one after the other, in processes of their own within
// what is left of the time, and print their tables; all of it as JSON into a file, and plots beside it. Exits non-zero
// where something could not be measured; a limit that is missed is said, and is no failure of the bench.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FROM_SOURCE, run } from '../test/support/children.ts';
import { ROOT } from '../test/support/sources.ts';
import { grouped } from './grouped.ts';
import { IMAGE, makeImage, nodeOfImage } from './image.ts';
import { MEASURES } from './list.ts';
import { load, machine } from './machine.ts';
import type { Figure, Measure } from './measure.ts';
import { FAILED_STAYS } from './measures/turn-samples.ts';
import { plotsOf } from './plots.ts';
import { isMet, limitLines, tables } from './report.ts';

// What the whole of it may take: half an hour is a pause, four minutes are a look.
const LIMIT_MS = { quick: 4 * 60_000, full: 30 * 60_000 } as const;
// 5 s: less than that is no time for any measure.
const LEAST_MS = 5_000;

interface Wanted {
  readonly measures: readonly Measure[];
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
  const measures = MEASURES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return { measures, quick: values.quick === true, out };
}

function stop(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}

type Measured = Readonly<Record<string, readonly Figure[]>>;

/**
 * The names of those that share a process, and with it a stack, whose start takes longer than a quick measure does. Whoever
 * has a stack alone takes longest, and comes last: a slow machine then leaves that one out and has all the others.
 */
function processesOf(measures: readonly Measure[], quick: boolean): readonly (readonly string[])[] {
  const isAlone = ({ onStack }: Measure) => onStack === 'own' && !quick;
  const isShared = (one: Measure) => one.onStack !== undefined && !isAlone(one);
  const inOrder = [...measures.filter((one) => !isAlone(one)), ...measures.filter(isAlone)];
  const processes = grouped(inOrder, (one) => (isShared(one) ? 'stack' : one.name));
  return [...processes.values()].map((own) => own.map(({ name }) => name));
}

/** What of them could be measured within the limit. */
async function measure(names: readonly string[], length: 'quick' | 'full', limitMs: number): Promise<Measured> {
  const own = MEASURES.flatMap(({ name, leastMs = 0 }) => (names.includes(name) && length === 'full' ? [leastMs] : []));
  if (limitMs < Math.max(LEAST_MS, ...own)) {
    console.log(`\n== ${names.join(', ')}\n  there is no time left for it`);
    return {};
  }
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
  const out = join(folder, 'figures.json');
  try {
    const env = { [IMAGE]: image };
    await run(node, [...FROM_SOURCE, 'bench/one.ts', length, out, ...names], { limitMs, show: true, env });
    return existsSync(out) ? (JSON.parse(readFileSync(out, 'utf8')) as Measured) : {};
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { measures, quick, out } = read(process.argv.slice(2));
const length = quick ? 'quick' : 'full';
// What is not ready by then is told again by whoever needs it.
for (const { prepare } of measures) await prepare?.(console.log).catch((error: unknown) => console.log(String(error)));
const image = mkdtempSync(join(tmpdir(), 'countersign-bench-image-'));
process.once('exit', () => rmSync(image, { recursive: true, force: true }));
const node = await nodeOfImage(console.log).catch((error: unknown) => stop(String(error)));
await makeImage(image).catch((error: unknown) => stop(String(error)));
const before = { machine: await machine(node), loadBefore: load() };
console.log(`${before.machine.cores} cores (${before.machine.processor}), load ${before.loadBefore.join(' ')}`);
const startedAt = new Date();
const figures: Figure[] = [];
const failed: string[] = [];
for (const names of processesOf(measures, quick)) {
  const leftMs = LIMIT_MS[length] - (Date.now() - startedAt.getTime());
  const measured = await measure(names, length, leftMs);
  figures.push(...names.flatMap((name) => measured[name] ?? []));
  failed.push(...names.filter((name) => measured[name] === undefined));
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
console.log(`bench: ${figures.length} figures, ${met} of ${limited.length} limits met, ${seconds} s`);
failed.push(...figures.flatMap(({ name, subject }) => (name === FAILED_STAYS ? [`a stay of ${subject}`] : [])));
if (failed.length > 0) {
  console.log(`THE RUN IS NOT WHOLE. It has left out ${failed.join(', ')}; above it says why.`);
  process.exitCode = 1;
}
