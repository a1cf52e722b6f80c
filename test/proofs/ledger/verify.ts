// One verification in a process of its own, as an auditor runs it: `verify.ts EXPORT CHECKPOINTS VERIFIER_KEY`. Prints one
// JSON object, which ledger.ts reads: the answer and what it took.
import { createReadStream, readFileSync } from 'node:fs';
import { linesOf } from '../../../trust/ledger-file.ts';
import { type Verified, verifyExport } from '../../../trust/verify-ledger.ts';

export interface Measured {
  readonly verified: Verified;
  readonly tookMs: number;
  /** Of all cores, without what waited for other processes. */
  readonly cpuMs: number;
  /** The most memory that the process was seen to hold, Node itself included. */
  readonly peakMegabytes: number;
}

const [path = '', checkpoints = '', verifierKey = ''] = process.argv.slice(2);
// Looked at by and by: what the system calls the peak counts in what the process held that started this one.
let peak = 0;
const look = () => {
  peak = Math.max(peak, process.memoryUsage.rss());
};
// 100 ms: some hundred looks at a million entries.
const looking = setInterval(look, 100);
const startedMs = Date.now();
const before = process.cpuUsage();
const verified = await verifyExport(linesOf(createReadStream(path)), readFileSync(checkpoints, 'utf8'), verifierKey);
clearInterval(looking);
look();
const { user, system } = process.cpuUsage(before);
const measured: Measured = {
  verified,
  tookMs: Date.now() - startedMs,
  cpuMs: (user + system) / 1_000,
  peakMegabytes: peak / 1e6,
};
console.log(JSON.stringify(measured));
