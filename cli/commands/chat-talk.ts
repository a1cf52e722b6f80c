// A conversation at the terminal: what happens is shown as it happens, while lines are read. Works with a person at both
// ends, and through pipes, where each line waits for the reply to the one before it. Guarantees: an own message is shown
// once; Ctrl-C and the end of the input end it in good order, and the conversation itself stays as it is.
import { once } from 'node:events';
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import type { Client } from '../client.ts';
import { CommandFailed, EXIT, Refused } from '../failure.ts';
import { labelled, type Terminal } from '../terminal.ts';
import { type ChatEvent, chatEventOf, createTeller } from './chat-events.ts';
import { notAnsweredText, pathOf, send } from './chat-send.ts';
import type { Context } from './context.ts';

export interface Talked {
  readonly id: string;
  readonly agent: string;
  /** It has a past, of which the end is shown first. */
  readonly isResumed: boolean;
}

// 20 events: the last few exchanges, less than a screen.
const SHOWN_PAST = 20;
// 400 ms without an event: the past is read; the server looks for new events every 300.
const PAST_QUIET_MS = 400;
// 5 s for the stream to show a reply that another request has already told of.
const SHOWN_LIMIT_MS = 5_000;
// 1,000 ids of own messages: far more than are on their way at once.
const MAX_OWN_IDS = 1_000;

/** Talk until the input ends, the person leaves or the conversation is over. */
export async function talk(context: Context, client: Client, conversation: Talked): Promise<number> {
  const { terminal, nowMs } = context;
  const leaving = new AbortController();
  const rl = createInterface({
    input: terminal.input,
    ...(terminal.isInteractive ? { output: terminal.output } : {}),
    terminal: terminal.isInteractive,
    prompt: 'you> ',
  });
  const leave = (): void => leaving.abort();
  rl.once('SIGINT', leave);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, leave);
  const print = printerAbove(rl, terminal);
  const teller = createTeller(conversation.agent, terminal.colors, nowMs);
  const noteLeftOut = (count: number) =>
    print(labelled('  earlier', leftOutText(conversation.id, count), terminal.colors.dim));
  const shown = createShown(print, teller, noteLeftOut, conversation.isResumed ? PAST_QUIET_MS : 0);
  const own = createOwnMessages();
  const session: Session = { client, conversation, terminal, signal: leaving.signal, print, shown, own };

  const talking = speak(rl, session);
  const following = follow(session);
  // Whichever ends first ends the other; what it failed of is the failure of the whole.
  const first = Promise.race([talking, following]).finally(() => {
    leaving.abort();
    rl.close();
  });
  const [end] = await Promise.all([first, Promise.allSettled([talking, following])]);
  shown.flush();
  if (end === 'left') terminal.print(`Go on with: npx countersign chat --conversation ${conversation.id}`);
  return end === 'failed' ? EXIT.failed : EXIT.done;
}

type End = 'left' | 'over' | 'failed';

interface Session {
  readonly client: Client;
  readonly conversation: Talked;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
  readonly shown: Shown;
  readonly own: OwnMessages;
}

/** Show events until the conversation ends or the signal. */
async function follow({ client, conversation, terminal, signal, print, shown, own }: Session): Promise<End> {
  const path = `${pathOf(conversation.id)}/events`;
  const onBreak = (sentence: string): void =>
    print(labelled('  offline', `${sentence}\nTrying again …`, terminal.colors.yellow));
  for await (const event of client.events(path, { signal, onBreak })) {
    const told = chatEventOf(event);
    if (told === undefined) continue;
    // On the terminal the own message stands there already, as it was typed.
    if (told.kind === 'message' && terminal.isInteractive && (await own.has(told.messageId))) continue;
    shown.add(told);
    if (told.kind === 'phase' && told.phase === 'closed') return 'over';
  }
  return 'left';
}

/** Send what is typed, line by line, until the input ends or the signal. */
async function speak(rl: Interface, session: Session): Promise<End> {
  const { terminal, signal, print } = session;
  let sending: Promise<void> = Promise.resolve();
  let failure: CommandFailed | undefined;
  rl.on('line', (line) => {
    const text = line.trim();
    if (text === '/quit' || text === '/exit') return rl.close();
    if (text !== '') sending = sending.then(() => sayLine(session, text)).catch((error: unknown) => noteFailure(error));
    if (terminal.isInteractive) rl.prompt();
  });
  function noteFailure(error: unknown): void {
    if (signal.aborted) return;
    if (!(error instanceof CommandFailed)) throw error;
    print(labelled('  not sent', error.message, terminal.colors.red));
    // On a terminal the person sees it and goes on; a script learns of it by the exit code.
    if (!terminal.isInteractive || isOver(error)) failure = error;
    if (isOver(error)) rl.close();
  }
  if (terminal.isInteractive) {
    terminal.print(terminal.colors.dim('Write, and press Enter. Ctrl-C leaves; the conversation goes on without you.'));
    rl.prompt();
  }
  signal.addEventListener('abort', () => rl.close(), { once: true });
  await once(rl, 'close');
  await sending;
  if (terminal.isInteractive) terminal.print('');
  return failure === undefined ? 'left' : 'failed';
}

const isOver = (error: CommandFailed): boolean =>
  error instanceof Refused && (error.status === 410 || error.status === 401);

async function sayLine(
  { client, conversation, terminal, signal, print, shown, own }: Session,
  text: string,
): Promise<void> {
  if (signal.aborted) return;
  const waitsForReply = !terminal.isInteractive;
  const sent = await own.add(send(client, conversation.id, text, { waitsForReply, signal }));
  if (sent.reply !== undefined) return shown.untilTurn(sent.reply.turn, signal);
  const isHeld = sent.phase === 'paused' || sent.phase === 'handed_over' || sent.shutUntilMs !== undefined;
  if (waitsForReply || isHeld) print(labelled('  taken', notAnsweredText(sent), terminal.colors.yellow));
}

/** Prints above the line that is being typed. */
function printerAbove(rl: Interface, { isInteractive, output, print }: Terminal): (text: string) => void {
  let isOpen = true;
  rl.once('close', () => (isOpen = false));
  if (!isInteractive) return print;
  return (text) => {
    const { rows } = rl.getCursorPos();
    moveCursor(output, 0, -rows);
    cursorTo(output, 0);
    clearScreenDown(output);
    print(text);
    if (!isOpen) return;
    // readline goes back up by as many rows as the line took before.
    output.write('\n'.repeat(rows));
    rl.prompt(true);
  };
}

interface OwnMessages {
  /** Remember the id of a message that is on its way. */
  add<T extends { readonly messageId: string }>(sent: Promise<T>): Promise<T>;
  /** Whether it is one's own; waits for those on their way, since the stream may be quicker than the answer. */
  has(messageId: string): Promise<boolean>;
}

function createOwnMessages(): OwnMessages {
  const ids = new Set<string>();
  const underway = new Set<Promise<unknown>>();
  return {
    async add(sent) {
      const settled = sent.then(
        ({ messageId }) => {
          ids.add(messageId);
          if (ids.size > MAX_OWN_IDS) ids.delete([...ids][0] ?? '');
        },
        () => undefined,
      );
      underway.add(settled);
      void settled.then(() => underway.delete(settled));
      return sent;
    },
    async has(messageId) {
      await Promise.all(underway);
      return ids.delete(messageId);
    },
  };
}

interface Shown {
  add(event: ChatEvent): void;
  /** Print what is held back. */
  flush(): void;
  /** Resolves once the reply of the turn is printed, or it does not come in time. */
  untilTurn(turn: number, signal: AbortSignal): Promise<void>;
}

const leftOutText = (conversationId: string, count: number): string =>
  `${count} earlier ${count === 1 ? 'line is' : 'lines are'} not shown; GET ${pathOf(conversationId)}/events has them all`;

/** Prints events; of a past only its end, once nothing more of it comes for `quietMs`, and how many lines come before it. */
function createShown(
  print: (text: string) => void,
  tell: (event: ChatEvent) => string | undefined,
  noteLeftOut: (count: number) => void,
  quietMs: number,
): Shown {
  let past: ChatEvent[] | undefined = quietMs > 0 ? [] : undefined;
  let leftOut = 0;
  const waiting = new Set<() => void>();
  let lastTurn = 0;

  function show(event: ChatEvent): void {
    const text = tell(event);
    if (text !== undefined) print(text);
    if (event.kind === 'replied') lastTurn = Math.max(lastTurn, event.turn);
    for (const look of waiting) look();
  }

  function flush(): void {
    clearTimeout(timer);
    const held = past ?? [];
    past = undefined;
    if (leftOut > 0) noteLeftOut(leftOut);
    leftOut = 0;
    for (const event of held) show(event);
  }
  const timer = setTimeout(flush, quietMs);

  return {
    flush,
    add(event) {
      if (past === undefined) return show(event);
      past.push(event);
      // What is not shown still names the actions of what is.
      for (const old of past.splice(0, past.length - SHOWN_PAST)) if (tell(old) !== undefined) leftOut += 1;
      timer.refresh();
    },
    untilTurn: (turn, signal) =>
      new Promise((done) => {
        const end = (): void => {
          clearTimeout(limit);
          waiting.delete(look);
          signal.removeEventListener('abort', end);
          done();
        };
        const look = (): void => void (lastTurn >= turn && end());
        const limit = setTimeout(end, SHOWN_LIMIT_MS);
        waiting.add(look);
        signal.addEventListener('abort', end);
        look();
      }),
  };
}
