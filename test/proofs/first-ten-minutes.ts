// first-ten-minutes: what a newcomer does, from a clone of its own, with the README's own commands: start, ask for money,
// go on talking, kill everything, start again, approve. The shop's own table says what happened. Says the seconds of each
// step. In full with empty caches; quickly with this machine's packages and downloads, and says so.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../store/embedded.ts';
import { consoleBlocks, type ConsoleStep, untrueLines } from '../support/readme.ts';
import { isAlive } from '../support/alive.ts';
import { ROOT } from '../support/sources.ts';
import {
  createHttp,
  freePort,
  type Proof,
  type ProofContext,
  type ProcessGroup,
  spawnGroup,
  waitFor,
} from './support.ts';

// 5 min: packages, the Temporal server and a new store over a slow line.
const FIRST_START_MS = 300_000;
// 60 s: nothing has to be fetched any more.
const START_MS = 60_000;
const COMMAND_MS = 60_000;
// 5 s: a killed process of a gigabyte is gone within one.
const DEATH_MS = 5_000;
// 20 s: the guard gives the Temporal server 10 to end, and looks every second.
const ORPHAN_MS = 20_000;
const ORDER = '1042';

export const firstTenMinutes: Proof = {
  name: 'first-ten-minutes',
  async run(context) {
    const newcomer = await createNewcomer(context);
    const { check, step } = newcomer;
    const steps = consoleBlocks(join(newcomer.clone, 'README.md')).flat();
    check(steps.filter(({ command }) => command === 'npm start').length === 2, 'the README starts it twice');

    let running: ProcessGroup | undefined;
    for (const { command, shown } of steps) {
      if (command === 'npm start') {
        const isFirst = running === undefined;
        running = await step(isFirst ? 'first start' : 'start after the kill', () => newcomer.start(shown));
        if (isFirst) await step('a second start is refused', () => newcomer.startAgain());
      } else if (command.startsWith('kill -9')) {
        await step('kill -9 of everything', () => newcomer.killAll(command, running));
      } else {
        await step(command, async () => newcomer.type({ command, shown }));
      }
    }
    await step('the outcome is told in a new turn, and the action ran once', () => newcomer.checkConversation());
    await step('Ctrl-C stops everything', () => newcomer.stop(running));
    await step('one refund in the shop', () => newcomer.checkShop());
    return { cases: newcomer.cases(), violations: newcomer.violations };
  },
};

type Check = (holds: boolean, what: string) => void;

async function createNewcomer(context: ProofContext) {
  const { folder, quick, log } = context;
  const clone = join(folder, 'countersign');
  const violations: string[] = [];
  let cases = 0;
  const check: Check = (holds, what) => {
    cases += 1;
    if (!holds) violations.push(what);
  };
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone]);
  const env = { ...environment(folder, quick), PORT: String(await freePort()) };
  if (quick) symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  log(quick ? "with this machine's packages and downloads (--quick)" : 'with empty caches: nothing is installed');
  return {
    clone,
    check,
    violations,
    cases: () => cases,
    ...startsOf(clone, env, check),
    ...looksOf(clone, check),
    async step<T>(name: string, work: () => Promise<T>): Promise<T> {
      const begunMs = performance.now();
      const result = await work();
      log(`${((performance.now() - begunMs) / 1_000).toFixed(1).padStart(6)} s  ${name}`);
      return result;
    },
    async type({ command, shown }: ConsoleStep): Promise<void> {
      const { code, output } = runIn(clone, env, command);
      check(code === 0, `"${command}" ends well:\n${output}`);
      for (const line of untrueLines(shown, output)) check(false, `"${command}" does not show: ${line}\n${output}`);
    },
  };
}

/** Starting, killing and stopping, and what is left behind. */
function startsOf(clone: string, env: NodeJS.ProcessEnv, check: Check) {
  const temporalRuns = (): boolean => isAlive(Number(readIf(join(clone, '.countersign/temporal.pid'))));
  const untilNoTemporal = () => waitFor('the end of the Temporal server', ORPHAN_MS, () => !temporalRuns());
  let starts = 0;
  return {
    async start(shown: readonly string[]): Promise<ProcessGroup> {
      starts += 1;
      const group = spawnGroup('npm', ['start'], { cwd: clone, env });
      await waitFor('the start to be up', starts === 1 ? FIRST_START_MS : START_MS, () => {
        if (group.ended() !== undefined) throw new Error(`npm start ended:\n${group.output()}`);
        return group.output().includes('Ctrl-C stops it.');
      });
      for (const line of untrueLines(shown, group.output())) check(false, `npm start does not show: ${line}`);
      check(temporalRuns(), 'a Temporal server runs');
      return group;
    },
    async startAgain(): Promise<void> {
      const { code, output } = runIn(clone, env, 'npm start');
      check(code !== 0 && /another countersign/.test(output), 'a second start on the same state says so and stops');
    },
    async killAll(command: string, group: ProcessGroup | undefined): Promise<void> {
      const pid = Number(readIf(join(clone, '.countersign/lock')));
      check(isAlive(pid), 'the process that holds the state is alive before the kill');
      runIn(clone, env, command);
      await group?.kill('SIGKILL');
      // The kernel takes a moment to take a large process down.
      await waitFor('the death of what was killed', DEATH_MS, () => !isAlive(pid)).catch(() => undefined);
      check(!isAlive(pid), 'kill -9 killed the process that holds the state');
      await untilNoTemporal();
      check(!temporalRuns(), 'no Temporal server is left behind');
    },
    async stop(group: ProcessGroup | undefined): Promise<void> {
      await group?.kill('SIGINT');
      await untilNoTemporal();
      check(!temporalRuns(), 'Ctrl-C leaves no Temporal server behind');
      check(!existsSync(join(clone, '.countersign/api.json')), 'it was stopped in good order');
    },
  };
}

/** What the API and the shop's own table say in the end. */
function looksOf(clone: string, check: Check) {
  return {
    async checkConversation(): Promise<void> {
      const { url } = JSON.parse(readIf(join(clone, '.countersign/api.json'))) as { url: string };
      const identities = JSON.parse(readIf(join(clone, '.countersign/identities.json'))) as { key: string }[];
      const http = createHttp(url, identities[0]?.key ?? '');
      await waitFor('the reply of the turn that the outcome opened', COMMAND_MS, async () => {
        const { items } = (await http.get('/v1/conversations/demo')).body as {
          items: { kind: string; turn: number }[];
        };
        const report = items.find((item) => item.kind === 'report');
        return items.some((item) => item.kind === 'reply' && item.turn === report?.turn);
      });
      const { outcome } = (await http.get('/v1/actions/demo:1:1')).body as { outcome: { kind: string } };
      check(outcome.kind === 'succeeded', `the refund succeeded, says its record (${outcome.kind})`);
    },
    async checkShop(): Promise<void> {
      check(
        (await refundsIn(join(clone, '.countersign/store'))) === 1,
        'the shop holds exactly one refund of the order',
      );
    },
  };
}

/** This machine's environment, without what would lead the clone elsewhere. */
function environment(folder: string, quick: boolean): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(COUNTERSIGN_|TEMPORAL_|OPENAI_|DATABASE_URL|NODE_OPTIONS|npm_)/.test(name),
  );
  const caches = { npm_config_cache: join(folder, 'npm'), COUNTERSIGN_CACHE_DIR: join(folder, 'cache') };
  const shared = process.env['COUNTERSIGN_CACHE_DIR'];
  if (quick) return { ...Object.fromEntries(kept), ...(shared === undefined ? {} : { COUNTERSIGN_CACHE_DIR: shared }) };
  return { ...Object.fromEntries(kept), ...caches };
}

function runIn(cwd: string, env: NodeJS.ProcessEnv, command: string): { code: number; output: string } {
  try {
    const options = { cwd, env, timeout: COMMAND_MS, encoding: 'utf8', stdio: 'pipe' } as const;
    return { code: 0, output: execFileSync('bash', ['-c', `${command} 2>&1`], options) };
  } catch (error) {
    const { status, stdout } = error as { status: number | null; stdout: string };
    return { code: status ?? 1, output: stdout };
  }
}

/** What the shop says, read from its own table once everything is down. */
async function refundsIn(dataDir: string): Promise<number> {
  const postgres = await startEmbeddedPostgres({ dataDir });
  const client = new pg.Client(postgres.poolConfig);
  try {
    await client.connect();
    const { rows } = await client.query('select count(*)::int as refunds from shop.refunds where order_id = $1', [
      ORDER,
    ]);
    return (rows[0] as { refunds: number }).refunds;
  } finally {
    await client.end();
    await postgres.stop();
  }
}

const readIf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
