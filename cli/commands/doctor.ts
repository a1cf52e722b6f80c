// Looks at everything that a working system needs and says what to do about what is missing. The API tells of itself;
// when it is not there, what can be seen from here is looked at. Fails when there is a problem.
import { existsSync } from 'node:fs';
import { connect as openSocket } from 'node:net';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { type Check as CheckSchema, DoctorReport } from '../../api/schemas.ts';
import { modelProtocolOf, namesTemporalServer, readConfig } from '../../workers/config.ts';
import { IDENTITIES_FILE } from '../../workers/dev-identities.ts';
import { EXIT } from '../failure.ts';
import { plain, plainLine, type Terminal } from '../terminal.ts';
import { type AsOption, connect, type Context, isForPeople } from './context.ts';
import { readMissing } from './status.ts';

type Check = z.output<typeof CheckSchema>;

// As package.json asks for it.
const NEEDED_NODE = [20, 19] as const;
// 2 s: a server on this machine or in this network accepts a connection at once.
const CONNECT_MS = 2_000;

export async function runDoctor(context: Context, options: AsOption): Promise<number> {
  const checks = [nodeCheck(process.versions.node), ...(await lookAtSystem(context, options))];
  for (const check of checks) context.terminal.print(lineOf(context.terminal, check));
  const problems = checks.filter(({ kind }) => kind === 'problem').length;
  context.terminal.print(
    problems === 0 ? 'No problem found.' : `${problems} ${problems === 1 ? 'problem' : 'problems'} found.`,
  );
  return problems === 0 ? EXIT.done : EXIT.failed;
}

async function lookAtSystem(context: Context, options: AsOption): Promise<readonly Check[]> {
  const looked = await orFailure(async () => {
    const client = connect(context, 'operate', options);
    return { client, missing: await readMissing(client) };
  });
  if (typeof looked === 'string') {
    return [{ name: 'API', kind: 'problem', text: looked }, ...(await lookFromHere(context.env))];
  }
  const { client, missing } = looked;
  const text = [client.url, ...missing].join('\n');
  const api: Check = { name: 'API', kind: missing.length === 0 ? 'ok' : 'problem', text };
  const report = await orFailure(() => client.get('/v1/doctor', DoctorReport));
  if (typeof report === 'string') return [api, { name: 'parts', kind: 'problem', text: report }];
  return [api, ...report.checks];
}

/** What the look comes to, or why it failed. */
async function orFailure<T>(look: () => Promise<T>): Promise<T | string> {
  try {
    return await look();
  } catch (error) {
    if (isForPeople(error)) return error.message;
    throw error;
  }
}

/** What can be seen without the API: the configuration, the state folder, a Temporal server that the environment names. */
async function lookFromHere(env: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  try {
    const config = readConfig(env);
    const folder = resolve(config.stateDir);
    const began = existsSync(join(folder, IDENTITIES_FILE));
    const model = modelProtocolOf(config);
    return [
      { name: 'configuration', kind: 'ok', text: `every variable is as it must be; mode ${config.mode}` },
      { name: 'state', kind: 'ok', text: began ? `${folder}, of an earlier start` : `${folder}, not begun yet` },
      model === 'scripted'
        ? { name: 'model', kind: 'warning', text: 'none is set here; a start would use the scripted demo model' }
        : { name: 'model', kind: 'ok', text: `${config.openaiBaseUrl ?? 'OpenAI'} (${model})` },
      await temporalCheck(env),
    ];
  } catch (error) {
    return [{ name: 'configuration', kind: 'problem', text: error instanceof Error ? error.message : String(error) }];
  }
}

async function temporalCheck(env: NodeJS.ProcessEnv): Promise<Check> {
  const name = 'Temporal';
  const address = env['TEMPORAL_ADDRESS'] ?? '';
  if (!namesTemporalServer(env)) return { name, kind: 'ok', text: 'none is named, so a start brings up its own' };
  if (address === '') return { name, kind: 'ok', text: 'named by a profile or file, which only a start reads' };
  const error = await whyNoConnection(address);
  if (error === undefined) return { name, kind: 'ok', text: `${address} accepts connections` };
  return {
    name,
    kind: 'problem',
    text: `${address} cannot be reached (${error}); check that it runs and that TEMPORAL_ADDRESS is right`,
  };
}

function whyNoConnection(address: string): Promise<string | undefined> {
  const { hostname, port } = URL.canParse(`tcp://${address}`)
    ? new URL(`tcp://${address}`)
    : { hostname: '', port: '' };
  if (hostname === '' || port === '') return Promise.resolve('it must read host:port');
  return new Promise((done) => {
    const socket = openSocket({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), timeout: CONNECT_MS });
    const end = (reason: string | undefined): void => {
      socket.destroy();
      done(reason);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end(`no answer within ${CONNECT_MS / 1_000} s`));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isEnough = major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1]);
  const name = 'Node';
  if (isEnough) return { name, kind: 'ok', text: version };
  return { name, kind: 'problem', text: `${version} is too old; install ${NEEDED_NODE.join('.')} or newer` };
}

// "search attributes" is the longest name, "problem" the longest kind.
const KIND_COLUMNS = 'problem'.length;
const CHECK_COLUMNS = 'search attributes'.length;

function lineOf({ colors }: Terminal, { name, kind, text }: Check): string {
  const colored = { ok: colors.green, warning: colors.yellow, problem: colors.red }[kind];
  const indent = ' '.repeat(KIND_COLUMNS + CHECK_COLUMNS + 2);
  const words = plain(text).replaceAll('\n', `\n${indent}`);
  return `${colored(kind.padEnd(KIND_COLUMNS))} ${plainLine(name).padEnd(CHECK_COLUMNS)} ${words}`;
}
