// One load in a process of its own, beside the other parts: `loader.ts URL SIZE SEED SIGNING_KEY CHECKPOINTS`. Prints one
// JSON object, which large.ts reads: what was loaded.
import { openStore } from '../../../store/store.ts';
import { createNoteSigner } from '../../../trust/note.ts';
import { createRandom } from '../support.ts';
import { startDuty } from './duty.ts';
import { loadLedger } from './load.ts';

const [url = '', size = '', seed = '', signingKey = '', file = ''] = process.argv.slice(2);
const store = await openStore({ pool: { connectionString: url, max: 2 } });
const signer = createNoteSigner(await store.checkpoints.origin(), signingKey);
const duty = await startDuty({ store }, signer, file, { ms: Date.now() });
const loaded = await loadLedger(url, Number(size), createRandom(Number(seed)), duty);
await duty.stop();
await store.close();
console.log(JSON.stringify(loaded));
