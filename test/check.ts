// `npm run check`: what must hold before any test runs, in parallel as far as two cores go. Each step says its seconds; a
// failing step's output is shown whole. Node built-ins only.
import { join } from 'node:path';
import { FROM_SOURCE, run } from './support/children.ts';
import { ROOT } from './support/sources.ts';

// 5 minutes: the slowest step takes seconds on two cores; past it something hangs.
const STEP_LIMIT_MS = 5 * 60_000;
// Two: one step per core of a small machine. The compiler and the linter use more when they can.
const STEPS_AT_ONCE = 2;

interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const tool = (name: string) => join(ROOT, 'node_modules', '.bin', name);
const ARCHITECTURE = ['layers', 'limits', 'lock-file'].map((name) => `test/unit/${name}.test.ts`);

// The slowest first, so that the end waits for none.
const STEPS: readonly Step[] = [
  { name: 'types', command: tool('tsc'), args: ['--noEmit', '-p', '.'] },
  { name: 'unused', command: tool('knip'), args: ['--no-progress', '--no-config-hints'] },
  { name: 'lint', command: tool('oxlint'), args: ['--type-aware', '.'] },
  { name: 'layers, limits', command: process.execPath, args: [...FROM_SOURCE, '--test', ...ARCHITECTURE] },
  { name: 'format', command: tool('biome'), args: ['format', '--max-diagnostics=200', '.'] },
];

async function check(steps: readonly Step[]): Promise<boolean> {
  const queue = [...steps];
  const failed: string[] = [];
  const worker = async () => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      const ended = await run(step.command, step.args, { limitMs: STEP_LIMIT_MS });
      if (ended.code !== 0) {
        failed.push(step.name);
        console.log(ended.output.trimEnd());
      }
      console.log(`${ended.code === 0 ? 'ok    ' : 'FAILED'} ${step.name.padEnd(16)} ${ended.seconds.toFixed(1)} s`);
    }
  };
  await Promise.all(Array.from({ length: STEPS_AT_ONCE }, worker));
  if (failed.length > 0) console.log(`check failed: ${failed.join(', ')}`);
  return failed.length === 0;
}

if (!(await check(STEPS))) process.exitCode = 1;
