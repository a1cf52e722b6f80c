// The front of every peer: `POST /turn {conversation, n, text}` on 127.0.0.1 and a free port, which it tells its parent.
// Answers `{reply}` once the peer has recorded it, or 500 and `{error}`. Ends by SIGTERM, and with its parent.
import { once } from 'node:events';
import { createServer } from 'node:http';

// 5 s: what a peer gets to close its connections in order.
const CLOSE_LIMIT_MS = 5_000;
// None: an idle connection stays open, so that no turn meets one that is just being closed.
const KEEP_ALIVE_LIMIT_MS = 0;

// Whoever started it is gone, and nobody reads an answer any more: from now on, while it comes up as well.
process.once('disconnect', () => process.exit(1));

/** Serve a peer: `turn(conversation, n, text)` resolves with the reply, `close()` with nothing. */
export async function serve({ turn, close }) {
  process.once('SIGTERM', () => {
    setTimeout(() => process.exit(1), CLOSE_LIMIT_MS);
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_LIMIT_MS }, (request, response) => {
    const answer = (status, body) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method !== 'POST' || request.url !== '/turn') return void answer(404, { error: 'only POST /turn' });
    readTurn(request)
      .then(({ conversation, n, text }) => turn(conversation, n, text))
      .then(
        (reply) => answer(200, { reply }),
        (error) => answer(500, { error: String(error?.stack ?? error) }),
      );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send({ port: server.address().port });
}

async function readTurn(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}
