// Reads server-sent events out of bytes, as the HTML standard says. Owns the format only: connecting, and connecting
// again, is the client's. Guarantees: chunks may be cut anywhere, and no event grows without bound. May import nothing.

export interface ServerEvent {
  readonly kind: 'event';
  /** The last id that was sent, with this event or before it. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** The server's wish: how long to wait before connecting again. */
export interface RetryWish {
  readonly kind: 'retry';
  readonly retryMs: number;
}

// 1 MB: sixty times the longest message; a longer event is no event of ours.
const MAX_EVENT_CHARS = 1024 * 1024;

/** Events as they end; one that the stream's end cuts off is dropped. Throws when an event is too long. */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent | RetryWish> {
  let [id, event, data] = ['', '', [] as string[]];
  let size = 0;
  for await (const line of linesOf(chunks)) {
    size += line.length;
    if (size > MAX_EVENT_CHARS) throw tooLong();
    if (line === '') {
      if (data.length > 0) yield { kind: 'event', id, event: event === '' ? 'message' : event, data: data.join('\n') };
      [event, data, size] = ['', [], 0];
      continue;
    }
    const [field, value] = fieldOf(line);
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) yield { kind: 'retry', retryMs: Number(value) };
  }
}

/** A line that begins with a colon is a comment: it names no field. */
function fieldOf(line: string): readonly [field: string, value: string] {
  const colon = line.indexOf(':');
  if (colon === -1) return [line, ''];
  return [line.slice(0, colon), line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1))];
}

/** Lines that have ended, by LF, CR or both. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  // Takes a byte order mark away by itself.
  const decoder = new TextDecoder();
  let rest = '';
  let endedByCr = false;
  for await (const chunk of chunks) {
    let text = decoder.decode(chunk, { stream: true });
    if (text === '') continue;
    // A line that CR ended was handed on at once; the LF that belongs to it came later.
    if (endedByCr && text.startsWith('\n')) text = text.slice(1);
    endedByCr = text.endsWith('\r');
    const lines = (rest + text).split(/\r\n|\n|\r/);
    rest = lines.pop() ?? '';
    if (rest.length > MAX_EVENT_CHARS) throw tooLong();
    yield* lines;
  }
}

function tooLong(): Error {
  return new Error(`the server sent an event longer than ${MAX_EVENT_CHARS} characters, which is none of ours`);
}
