// The running `countersign start`: what it prints, and how it ends. Guarantees: the first Ctrl-C (or SIGTERM, or the end
// of the process that runs us) stops everything in order, a second one ends at once, and the guard of the Temporal
// server cleans up after us in any case. Exit codes: 0 stopped, 1 failed or lost a part, 130 ended at once.
import { isOfEveryStart } from '../../workers/dev-identities.ts';
import { DEFAULT_AGENT } from '../default-agent.ts';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { modelProtocolOf } from '../../workers/config.ts';
import { writePrivateFile } from '../../workers/state-folder.ts';
import { API_FILE } from './api-file.ts';
import { type RunningStart, startDevelopment, type StartParts } from './start.ts';

export interface RunOptions<Connections> {
  readonly agentsFolder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly parts: StartParts<Connections>;
  /** Progress and problems; by default standard error. */
  readonly report?: (line: string) => void;
  /** The table at the end of the start; by default standard output. */
  readonly print?: (text: string) => void;
}

// 1 s: a terminal, npm and the bootstrap may each hand on the same Ctrl-C.
const SAME_SIGNAL_MS = 1_000;
const ENDED_AT_ONCE = 130;

/** Start, run until asked to stop, stop. Resolves to the exit code. */
export async function runStart<Connections>(options: RunOptions<Connections>): Promise<number> {
  const { report = (line) => process.stderr.write(`${line}\n`), print = (text) => process.stdout.write(text) } =
    options;
  const asked = listenForEnd();
  try {
    const started = startDevelopment({ ...options, report });
    const running = await Promise.race([started, asked.then(() => undefined)]);
    if (running === undefined) {
      // What is half open cannot be closed in order; the lock, the guard and the store are made to be cut off.
      report('stopped before it was up');
      process.exit(ENDED_AT_ONCE);
    }
    const apiFile = join(running.stateFolder, API_FILE);
    writePrivateFile(apiFile, `${JSON.stringify({ url: running.url })}\n`);
    print(tableOf(running));
    const loss = await Promise.race([asked.then(() => undefined), running.lost]);
    report(loss === undefined ? 'stopping …' : `${loss}\nstopping …`);
    rmSync(apiFile, { force: true });
    await running.stop();
    report('stopped');
    return loss === undefined ? 0 : 1;
  } catch (error) {
    report(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

/** `stop` resolves at the first wish to end; a second one, later than its echoes, ends the process at once. */
function listenForEnd() {
  let firstMs: number | undefined;
  let resolveStop: () => void = () => {};
  const stop = new Promise<void>((resolve) => (resolveStop = resolve));
  const wish = () => {
    if (firstMs === undefined) {
      firstMs = Date.now();
      resolveStop();
    } else if (Date.now() > firstMs + SAME_SIGNAL_MS) {
      process.exit(ENDED_AT_ONCE);
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, wish);
  // The bootstrap holds this channel open; its end means that the bootstrap was killed.
  process.once('disconnect', wish);
  process.channel?.unref();
  // The listeners stay: an echo of Ctrl-C that comes when all is down must not look like a death by signal.
  return stop;
}

function tableOf(running: RunningStart): string {
  const { config, url, temporal, identities } = running;
  const protocol = modelProtocolOf(config);
  const model =
    protocol === 'scripted'
      ? 'scripted demo model, no real one (set OPENAI_API_KEY, or OPENAI_BASE_URL)'
      : `${config.openaiBaseUrl ?? 'OpenAI'} (${protocol})${config.models.length > 0 ? `: ${config.models.join(', ')}` : ''}`;
  const others = identities.filter((one) => !isOfEveryStart(one)).map(({ principal }) => principal.id);
  const rows: readonly (readonly [string, string])[] = [
    ['API', `${url}  (described at ${url}/openapi.json)`],
    ['Temporal UI', temporal.uiUrl === '' ? `the one of ${temporal.address}` : temporal.uiUrl],
    ['agents', running.agents.map((agent) => agent.name).join(', ')],
    ['model', model],
    ['store', running.store],
    ['state', running.stateFolder],
    ...identities.filter(isOfEveryStart).map(({ principal, role, key }) => {
      return [`key of ${principal.name}`, `${key}  (${role})`] as const;
    }),
    ...(others.length === 0
      ? []
      : [['also', `${others.join(', ')}  (of the directory; --as ID speaks as one of them)`] as const]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  return `\nCountersign is up.\n\n${lines.join('\n')}\n\nTalk to it from another terminal: ${chatCommand(running)}\nCtrl-C stops it.\n\n`;
}

/** A chat is with the support desk, where nobody says otherwise. */
function chatCommand({ agents }: RunningStart): string {
  const names = agents.map(({ name }) => name);
  const agent = names.includes(DEFAULT_AGENT) ? undefined : names[0];
  return `npx countersign chat${agent === undefined ? '' : ` --agent ${agent}`}`;
}
