// A small TCP proxy that does to one request what networks do. Every connection of a link goes through it; a proof arms a
// fault, which strikes once, at the n-th request of that link. Guarantees: `struck` says only what really happened, and
// stop leaves no socket behind. Node built-ins only.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../support.ts';
import { follow, isWholeRequest, type Protocol } from './requests.ts';

export const FAULTS = [
  /** The connection breaks before the request has left. */
  'cut before',
  /** The far end has begun to answer the request; nothing of that comes back, and the connection breaks. */
  'cut after',
  /** The answer breaks off in the middle of its first bytes. */
  'half answer',
  /** Our side of the connection is closed once the request is out; the far end may still speak, or not. */
  'half close',
  /** The request, and all that is behind it on this connection, comes late. */
  'delay',
  /** As late as no time-out of a tool or heartbeat allows. */
  'long delay',
  /**
   * The same request once more, on a connection of its own. Only where a message is a whole request, over HTTP/1.1: TCP
   * never delivers bytes twice, so on the links to PostgreSQL and Temporal nothing in the world does this.
   */
  'duplicate',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Strike at the `at`-th request of the link since the arming. */
export interface Aim {
  readonly link: string;
  readonly fault: Fault;
  readonly at: number;
}

/** A fault that happened: it is over, and seen from both sides. */
export interface Struck extends Aim {
  readonly atMs: number;
  /** Bytes that the link had carried in both directions before. */
  readonly carried: { readonly out: number; readonly back: number };
}

export interface Wire {
  /** Stand before `address`; resolves to the one that stands for it. */
  through(link: string, protocol: Protocol, address: string): Promise<string>;
  /** Count requests anew, and strike where there is an aim. What was armed before and has not struck never will. */
  arm(aim?: Aim): void;
  /** Requests of each link since the arming. */
  counts(): ReadonlyMap<string, number>;
  /** What the armed fault came to; one that is under way is waited for. Undefined where it has not struck. */
  struck(): Promise<Struck | undefined>;
  stop(): Promise<void>;
}

/** How late a request comes, ms. */
export type Delays = Readonly<Record<'delay' | 'long delay', number>>;

// 1.5 s: longer than any healthy answer, shorter than every time-out. 4 s: longer than the time of the proofs' tools
// (3 s) and than the time-out of a heartbeat (2 s).
const DELAYS_MS: Delays = { delay: 1_500, 'long delay': 4_000 };
// 10 s: a far end that was told of a half-close or sent a duplicate answers or ends at once.
const OVER_LIMIT_MS = 10_000;

interface Link {
  readonly name: string;
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  requests: number;
  out: number;
  back: number;
}

interface Pair {
  readonly link: Link;
  readonly client: Socket;
  readonly farEnd: Socket;
}

/** What becomes of bytes: they go on, they wait, or nothing ever goes on any more. */
type Course = 'go on' | 'over' | { readonly lateMs: number };

export function createWire(delaysMs = DELAYS_MS): Wire {
  const links = new Map<string, Link>();
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  let aim: Aim | undefined;
  let armed = 0;
  let struck: Struck | undefined;
  let underWay: Promise<void> | undefined;

  /** The aim, if it is this request's; it strikes once. */
  function takeAim(link: Link): Aim | undefined {
    link.requests += 1;
    if (aim?.link !== link.name || aim.at !== link.requests) return undefined;
    const taken = aim;
    aim = undefined;
    return taken;
  }

  /** The fault counts once it is seen to be over. One that was armed for another run meanwhile counts for nothing. */
  function happens(taken: Aim, { out, back }: Link, over: Promise<unknown>): void {
    const run = armed;
    const found = { ...taken, atMs: Date.now(), carried: { out, back } };
    underWay = over.then(
      () => {
        if (run === armed) struck = found;
      },
      () => undefined,
    );
  }

  const strikes: Strikes = { takeAim, happens, delaysMs };

  return {
    async through(name, protocol, address) {
      const { hostname: host, port } = new URL(`tcp://${address}`);
      const link: Link = { name, protocol, host, port: Number(port), requests: 0, out: 0, back: 0 };
      links.set(name, link);
      const server = createServer({ allowHalfOpen: true }, (client) => join(link, client, strikes, sockets));
      servers.push(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const at = server.address();
      if (at === null || typeof at === 'string') throw new Error('the system gave no port');
      return `127.0.0.1:${at.port}`;
    },
    arm(next) {
      for (const link of links.values()) link.requests = 0;
      armed += 1;
      aim = next;
      struck = undefined;
      underWay = undefined;
    },
    counts: () => new Map([...links.values()].map(({ name, requests }) => [name, requests])),
    async struck() {
      await underWay;
      return struck;
    },
    async stop() {
      const closed = servers.map((server) => once(server, 'close'));
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

interface Strikes {
  readonly delaysMs: Delays;
  takeAim(link: Link): Aim | undefined;
  happens(taken: Aim, link: Link, over: Promise<unknown>): void;
}

/** Carry bytes both ways, in order, until either side ends or a fault ends both. */
function join(link: Link, client: Socket, strikes: Strikes, sockets: Set<Socket>): void {
  const farEnd = connect({ host: link.host, port: link.port, allowHalfOpen: true });
  for (const socket of [client, farEnd]) {
    sockets.add(socket);
    socket.setNoDelay(true);
    // Both sides learn of an end by `close`; why it came does not matter here.
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  }
  const watch = createWatch({ link, client, farEnd }, strikes);
  let line = Promise.resolve();
  let isLate = false;
  const send = (chunk: Buffer) => {
    link.out += chunk.length;
    farEnd.write(chunk);
  };
  client.on('data', (chunk) => {
    const course = watch.asked(chunk);
    if (course === 'over') return;
    if (course !== 'go on') {
      isLate = true;
      line = sleep(course.lateMs);
    }
    // What came late keeps back all that is behind it.
    if (isLate) line = line.then(() => send(chunk));
    else send(chunk);
  });
  farEnd.on('data', (chunk) => {
    if (watch.answered(chunk) === 'over') return;
    link.back += chunk.length;
    client.write(chunk);
  });
  client.on('end', () => void line.then(() => farEnd.end()));
  farEnd.on('end', () => client.end());
  client.once('close', () => farEnd.destroy());
  farEnd.once('close', () => client.destroySoon());
}

/** Watches the requests of one connection, and strikes. */
function createWatch({ link, client, farEnd }: Pair, { takeAim, happens, delaysMs }: Strikes) {
  const follower = follow(link.protocol);
  let awaited: { readonly taken: Aim; readonly id: number } | undefined;
  let copy: ((chunk: Buffer) => void) | undefined;
  let isOver = false;

  /** Nothing goes on any more; the fault is over when the far end, or both, have closed. */
  function end(taken: Aim, ...sockets: readonly Socket[]): Course {
    isOver = true;
    const areClosed = () => sockets.every(({ destroyed }) => destroyed);
    happens(taken, link, waitFor('the connection to close', OVER_LIMIT_MS, areClosed));
    return 'over';
  }
  function cut(taken: Aim): Course {
    client.resetAndDestroy();
    farEnd.destroy();
    return end(taken, client, farEnd);
  }
  function strike(taken: Aim, id: number, chunk: Buffer): Course {
    switch (taken.fault) {
      case 'cut before':
        return cut(taken);
      case 'cut after':
      case 'half answer':
        awaited = { taken, id };
        return 'go on';
      case 'half close':
        link.out += chunk.length;
        farEnd.end(chunk);
        return end(taken, farEnd);
      case 'delay':
      case 'long delay':
        happens(taken, link, sleep(delaysMs[taken.fault]));
        return { lateMs: delaysMs[taken.fault] };
      case 'duplicate':
        copy = twice(link, (answered) => happens(taken, link, answered));
        return 'go on';
      default:
        return taken.fault satisfies never;
    }
  }
  return {
    asked(chunk: Buffer): Course {
      if (isOver) return 'over';
      let course: Course = 'go on';
      for (const id of follower.asked(chunk)) {
        const taken = takeAim(link);
        if (taken !== undefined) course = strike(taken, id, chunk);
      }
      copy?.(chunk);
      return course;
    },
    answered(chunk: Buffer): Course {
      const begun = follower.answered(chunk);
      if (awaited === undefined || !begun.includes(awaited.id)) return 'go on';
      const { taken } = awaited;
      if (taken.fault === 'cut after') return cut(taken);
      client.end(chunk.subarray(0, Math.ceil(chunk.length / 2)));
      farEnd.destroy();
      return end(taken, client, farEnd);
    },
  };
}

/** Takes the bytes of a request, and sends it again as soon as it is whole. */
function twice(link: Link, onSent: (answered: Promise<void>) => void): (chunk: Buffer) => void {
  let bytes = Buffer.alloc(0);
  let isSent = false;
  return (chunk) => {
    if (isSent) return;
    bytes = Buffer.concat([bytes, chunk]);
    isSent = isWholeRequest(bytes);
    if (isSent) onSent(sendAgain(link, bytes));
  };
}

/** The same bytes on a connection of their own. Resolves once they are answered. */
async function sendAgain({ host, port }: Link, bytes: Buffer): Promise<void> {
  const again = connect({ host, port });
  again.on('error', () => undefined);
  let isAnswered = false;
  again.on('data', () => (isAnswered = true));
  again.write(bytes);
  await waitFor('an answer to the duplicate', OVER_LIMIT_MS, () => isAnswered);
  again.destroy();
}
