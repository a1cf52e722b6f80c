// The thread of the embedded PostgreSQL: PGlite behind a Unix socket that speaks the wire protocol. Plain JavaScript,
// because a worker thread on Node 20 does not inherit the loader that reads TypeScript. May import PGlite only.
// Guarantees: one statement's messages are never mixed with another connection's; a crash of PGlite ends the thread.
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

const { dataDir, socketPath, maxConnections } = workerData;

// Bytes of the extended query protocol after which the same connection must go on: Parse, Bind, Describe, Execute,
// Close, Flush. Sync ends the statement.
const OPEN_ENDED = new Set(Buffer.from('PBDECH'));

// How the protocol begins a report that the server has gone down, say because the disk is full. No value of a row can
// hold these bytes, as text has no NUL. What PGlite is asked after it never comes back.
const PANIC = Buffer.from('SPANIC\0VPANIC\0');

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
    async execProtocolRawStream(message, { onRawData }) {
      midStatement = OPEN_ENDED.has(message[0]);
      let panic = '';
      const onAnswer = (data) => {
        const answer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
        if (answer.includes(PANIC)) panic = answer.toString('utf8').match(/\0M([^\0]*)/)?.[1] ?? 'no reason given';
        onRawData(data);
      };
      try {
        const result = await db.execProtocolRawStream(message, { onRawData: onAnswer });
        if (panic !== '') throw new Error(`PostgreSQL panicked: ${panic}`);
        return result;
      } catch (error) {
        // Not an error of SQL, which is an answer, but PGlite itself: the server would hang from here on, so end the
        // thread by an error that nobody catches.
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

async function close() {
  await server.stop();
  await db.close();
  parentPort.close();
}

parentPort.once('message', () => void close());
parentPort.postMessage('ready');
