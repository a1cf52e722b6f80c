// The thread of the embedded PostgreSQL: PGlite behind a Unix socket that speaks the wire protocol. Plain JavaScript,
// because a worker thread on Node 20 does not inherit the loader that reads TypeScript. May import PGlite only.
// Guarantees: one statement's messages are never mixed with another connection's; a crash of PGlite ends the thread.
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

const { dataDir, socketPath, maxConnections } = workerData;

// Bytes of the extended query protocol after which the same connection must go on: Parse, Bind, Describe, Execute,
// Close, Flush. Sync ends the statement.
const OPEN_ENDED = new Set([...'PBDECH'].map((letter) => letter.charCodeAt(0)));

/**
 * The socket server holds other connections back while `isInTransaction()`. A statement whose Bind arrives in several
 * packets is no transaction, yet all connections share one unnamed statement: without this one runs another's SQL.
 */
function keepStatementsWhole(db) {
  let midStatement = false;
  return {
    waitReady: db.waitReady,
    runExclusive: (work) => db.runExclusive(work),
    isInTransaction: () => midStatement || db.isInTransaction(),
    // The server calls it with ROLLBACK when a connection has gone while it held the others back.
    async exec(text) {
      midStatement = false;
      return db.exec(text);
    },
    async execProtocolRawStream(message, options) {
      midStatement = OPEN_ENDED.has(message[0]);
      try {
        return await db.execProtocolRawStream(message, options);
      } catch (error) {
        // Not an error of SQL, which travels inside the protocol, but PGlite itself: the server would hang from here on.
        setImmediate(() => {
          throw error;
        });
        throw error;
      }
    },
  };
}

const db = await PGlite.create({ dataDir });
const server = new PGLiteSocketServer({ db: keepStatementsWhole(db), path: socketPath, maxConnections });
await server.start();

parentPort.once('message', async () => {
  await server.stop();
  await db.close();
  parentPort.close();
});
parentPort.postMessage('ready');
