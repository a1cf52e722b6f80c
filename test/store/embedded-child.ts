// A process with an embedded store of its own, to be killed: writes entries one by one and says which are recorded.
import { startEmbeddedPostgres } from '../../store/embedded.ts';
import { openStore } from '../../store/store.ts';
import { noted } from './builders.ts';

const [dataDir = '', socketDir = '', conversationId = ''] = process.argv.slice(2);
const { poolConfig } = await startEmbeddedPostgres({ dataDir, socketDir });
const store = await openStore({ pool: poolConfig });
for (let n = 1; ; n++) {
  await store.record([noted(conversationId, `${n}`)]);
  process.stdout.write(`${n}\n`);
}
