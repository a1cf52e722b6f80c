// One process of rules, as its role sees it: started, asked, killed. A process and not a thread: what V8 cannot allocate
// ends its whole process, and a thread in a long call cannot be ended at all. May import domain, Node and its own folder.
// Guarantees: whatever a rule does, an ask ends within the rules' time, with a verdict or with how the process ended.
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Ask, ENTERING_FILE, type Said, type Told } from './protocol.ts';

// 250 ms of the processor for all rules of one case: pure functions need well under one, and a decision holds up its
// conversation; past it they loop, or do what rules may not.
export const RULE_LIMIT_MS = 250;
// 1 s in all, where it has not used the processor for so long: it waits for something, or the machine has none to give.
export const RULE_STALL_MS = 1_000;
// 25 ms: the time is counted in looks of ours, so that a role that is frozen for a while is no fault of a rule; a tenth of
// the limit is how exact that is.
const LOOK_MS = 25;
// 256 MB: ten times what the reference agents need with all that they import. Past it V8 ends the process.
export const RULE_HEAP_MB = 256;
// 60 s: it is up in one or two; what is slower than that does not come up any more.
const START_LIMIT_MS = 60_000;
// 2,000 characters: what V8 says as it dies begins with the reason.
const MAX_LAST_WORDS = 2_000;

/** How an ask ended. */
export type Asked =
  | Told
  | {
      readonly kind: 'lost';
      /** The place of the rule that was asked last; undefined where none was. */
      readonly entered: number | undefined;
      readonly how: string;
      /** True where it was the rule and nothing else: it used up its time on the processor. */
      readonly isCertain: boolean;
    };

export interface RulesProcess {
  /** The rule versions of what it has loaded, by agent. Rejects with a sentence where it does not come up. */
  readonly loaded: Promise<Readonly<Record<string, string>>>;
  /** Ask one thing. One at a time. */
  ask(one: Ask): Promise<Asked>;
  /** Calls back once, when it has ended, however; at once where it has. */
  onGone(call: () => void): void;
  kill(): void;
}

/** Start one over the agents of a folder. */
export function startRulesProcess(folder: string): RulesProcess {
  const child = forkChild(folder);
  const words = beginningOf(child.stderr);
  const entered = lastLineOf(child.stdio[ENTERING_FILE] as Readable | null | undefined);
  const { loaded, onLoaded, onNotLoaded } = loading(child);
  let asks = 0;
  let ended: string | undefined;
  let killedFor = '';
  let isCertain = false;
  let onGone: () => void = () => undefined;
  let settle: (asked: Asked) => void = () => undefined;
  child.on('message', (said: Said) => {
    if (said.kind === 'decided' || said.kind === 'routed') settle(said);
    if (said.kind === 'loaded') onLoaded(said.versions);
    if (said.kind === 'not_loaded') onNotLoaded(said.reason);
  });
  // What could not be sent because the process has just ended; that it ended is heard below.
  child.on('error', () => undefined);
  child.once('close', (code, signal) => {
    ended = killedFor === '' ? `ended its process (${signal ?? `exit code ${code}`})${hintOf(words())}` : killedFor;
    onNotLoaded(`the process of the rules ${ended}`);
    settle({ kind: 'lost', entered: placeIn(entered(), asks), how: ended, isCertain });
    onGone();
  });
  const kill = (why: string) => {
    if (killedFor === '') killedFor = why;
    child.kill('SIGKILL');
  };
  return {
    loaded,
    ask(one) {
      if (ended !== undefined)
        return Promise.resolve({ kind: 'lost', entered: undefined, how: ended, isCertain: false });
      asks += 1;
      return new Promise((resolve) => {
        const stopLooking = whenOver(child, (afterMs, isOwnTime) => {
          isCertain = isOwnTime;
          kill(`had not ended after ${afterMs} ms${memoryOf(child)}`);
        });
        settle = (asked) => {
          stopLooking();
          resolve(asked);
        };
        child.send(one);
      });
    },
    onGone: (call) => (ended === undefined ? (onGone = call) : call()),
    kill: () => kill('was stopped'),
  };
}

function forkChild(folder: string): ChildProcess {
  const suffix = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  return fork(fileURLToPath(new URL(`./child${suffix}`, import.meta.url)), [folder], {
    execArgv: [...readingFlags(process.execArgv), `--max-old-space-size=${RULE_HEAP_MB}`],
    // No secret of the role's, and nothing else of its environment either.
    env: {},
    // What a rule prints belongs nowhere: the terminal is a person's, and the log is the role's.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
  });
}

// How this process reads its sources. Nothing else is handed on: neither a debugger's port nor a script of `--eval`, which
// would be run instead of the rules, and start the next.
const READING =
  /^(?:--conditions|-C|--import|--require|-r|--(?:experimental-)?loader|--enable-source-maps)(?<value>=.*)?$/;
const WITHOUT_VALUE = '--enable-source-maps';

function readingFlags(all: readonly string[]): readonly string[] {
  return all.flatMap((flag, at) => {
    const found = READING.exec(flag);
    if (found === null) return [];
    const isWhole = found.groups?.value !== undefined || flag === WITHOUT_VALUE;
    return isWhole ? [flag] : [flag, all[at + 1] ?? ''];
  });
}

function loading(child: ChildProcess) {
  let onLoaded: (versions: Readonly<Record<string, string>>) => void = () => undefined;
  let onNotLoaded: (reason: string) => void = () => undefined;
  const loaded = new Promise<Readonly<Record<string, string>>>((resolve, reject) => {
    const timer = setTimeout(() => {
      onNotLoaded(`the process of the rules is not up after ${START_LIMIT_MS / 1_000} s`);
      child.kill('SIGKILL');
    }, START_LIMIT_MS);
    onLoaded = (versions) => {
      clearTimeout(timer);
      resolve(versions);
    };
    onNotLoaded = (reason) => {
      clearTimeout(timer);
      reject(new Error(reason));
    };
  });
  return { loaded, onLoaded, onNotLoaded };
}

/** Calls back once the time is over, with how long it was, and whether it was all the process's own on the processor. */
function whenOver(child: ChildProcess, call: (afterMs: number, isOwnTime: boolean) => void): () => void {
  let looks = 0;
  let usedBefore: number | undefined;
  const timer = setInterval(() => {
    looks += 1;
    const used = processorMsOf(child);
    usedBefore ??= used;
    const isUsedUp = used !== undefined && usedBefore !== undefined && used - usedBefore >= RULE_LIMIT_MS;
    const limitMs = used === undefined || isUsedUp ? RULE_LIMIT_MS : RULE_STALL_MS;
    if (!isUsedUp && looks * LOOK_MS < limitMs) return;
    clearInterval(timer);
    call(limitMs, isUsedUp);
  }, LOOK_MS);
  return () => clearInterval(timer);
}

// 10 ms: in such ticks Linux counts, on every machine that Node runs on.
const TICK_MS = 10;

/** What the thread that runs the rules has used so far, as Linux counts it. Undefined elsewhere, and where it has ended. */
function processorMsOf({ pid }: ChildProcess): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8');
    // From the third field on, as the second is a name, and may hold anything: utime and stime are the 14th and 15th.
    const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}

/** The first of what it says; the rest is read and let go. */
function beginningOf(stream: Readable | null): () => string {
  let text = '';
  stream?.on('data', (chunk: Buffer) => {
    if (text.length < MAX_LAST_WORDS) text += chunk.toString();
  });
  return () => text;
}

function lastLineOf(stream: Readable | null | undefined): () => string {
  let whole = '';
  let begun = '';
  stream?.on('data', (chunk: Buffer) => {
    const lines = (begun + chunk.toString()).split('\n');
    begun = lines.at(-1) ?? '';
    whole = lines.at(-2) ?? whole;
  });
  return () => whole;
}

/** The place that the line names, where it is of this ask and not of one before. */
function placeIn(line: string, ask: number): number | undefined {
  const [of, place] = line.split(' ');
  return Number(of) === ask ? Number(place) : undefined;
}

/** What the process holds, as Linux counts it: who allocates without end is mostly stopped by the clock. */
function memoryOf({ pid }: ChildProcess): string {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? '' : ` and held ${Math.round(Number(kilobytes) / 1_000)} MB of memory`;
  } catch {
    return '';
  }
}

const hintOf = (lastWords: string): string =>
  /heap|memory|invalid (?:size|array|table)/i.test(lastWords) ? ': it wanted more memory than there is for it' : '';
