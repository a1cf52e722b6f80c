// Where a request ends in the bytes of a connection, so that a fault can strike at the n-th one, and which bytes are its
// answer. HTTP/2 is read frame by frame, since many requests share a connection; HTTP/1.1 and PostgreSQL take turns on
// theirs: what a client says after the other side has spoken is a new request. Pure.

export type Protocol = 'http1' | 'http2' | 'postgres';

/** Follows one connection. */
export interface Follower {
  /** Bytes of the client: the requests that they bring (http2: complete; else: begin), each by its id. */
  asked(chunk: Buffer): readonly number[];
  /** Bytes of the far end: the requests whose answer begins in them. */
  answered(chunk: Buffer): readonly number[];
}

export function follow(protocol: Protocol): Follower {
  return protocol === 'http2' ? followStreams() : followTurns();
}

function followTurns(): Follower {
  let requests = 0;
  let isClients = false;
  return {
    asked() {
      if (isClients) return [];
      isClients = true;
      requests += 1;
      return [requests];
    },
    answered() {
      if (!isClients) return [];
      isClients = false;
      return [requests];
    },
  };
}

const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;
const DATA = 0;
const HEADERS = 1;
const END_STREAM = 1;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
}

function followStreams(): Follower {
  const ofClient = createFrames(PREFACE_BYTES);
  const ofFarEnd = createFrames(0);
  const open = new Set<number>();
  return {
    asked(chunk) {
      const ends = ({ type, flags }: Frame) => (type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0;
      const complete = ofClient(chunk).filter(ends);
      for (const { stream } of complete) open.add(stream);
      return complete.map(({ stream }) => stream);
    },
    answered(chunk) {
      const begun = ofFarEnd(chunk).filter(({ type, stream }) => type === HEADERS && open.delete(stream));
      return begun.map(({ stream }) => stream);
    },
  };
}

/** Takes a direction's bytes as they come, and tells the frames whose head is whole; payloads are skipped. */
function createFrames(preface: number): (chunk: Buffer) => readonly Frame[] {
  let skip = preface;
  let head = Buffer.alloc(0);
  return (chunk) => {
    const frames: Frame[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      const skipped = Math.min(skip, rest.length);
      skip -= skipped;
      rest = rest.subarray(skipped);
      const needed = HEAD_BYTES - head.length;
      head = Buffer.concat([head, rest.subarray(0, needed)]);
      rest = rest.subarray(needed);
      if (head.length < HEAD_BYTES) break;
      frames.push({ type: head.readUInt8(3), flags: head.readUInt8(4), stream: head.readUInt32BE(5) & 0x7fffffff });
      skip = head.readUIntBE(0, 3);
      head = Buffer.alloc(0);
    }
    return frames;
  };
}

/** Whether these bytes are one whole HTTP/1.1 request. A body without a length is taken to be none. */
export function isWholeRequest(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const head = bytes.subarray(0, end).toString('latin1');
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  return bytes.length >= end + 4 + length;
}
