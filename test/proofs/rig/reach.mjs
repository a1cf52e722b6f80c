// The moments at which a process of a proof may be struck: each is counted, written to a file before anything else
// happens, and the one that the proof has armed kills or freezes the process. For files that are preloaded. Plain
// JavaScript.
//
// Names are role|operation|when, and are numbered by occurrence from the arming on. Environment: PROOF_ROLE, and
// PROOF_POINTS, the file.
import { openSync, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

export const role = process.env.PROOF_ROLE;

/** Undefined where nobody may strike: also in the threads of Workers, which are preloaded too, and have no clients. */
export function openPoints() {
  if (!isMainThread || role === undefined || process.send === undefined) return undefined;
  const points = createPoints(openSync(process.env.PROOF_POINTS, 'a'));
  process.on('message', ({ run, target }) => {
    points.arm(run, target);
    process.send({ armed: run });
  });
  // The proof's channel must not keep a role alive that wants to end.
  process.channel.unref();
  return points;
}

function createPoints(file) {
  let armed;
  function reach(name, first) {
    if (armed === undefined) return;
    const { run, target, counts } = armed;
    const at = (counts.get(name) ?? 0) + 1;
    counts.set(name, at);
    armed.total += 1;
    // A target without a name is the n-th moment of all.
    const struck = target !== null && (target.name === '' ? armed.total : target.name === name && at) === target.at;
    writeSync(file, `${JSON.stringify({ run, role, name, at, struck })}\n`);
    if (!struck) return;
    first?.();
    process.kill(process.pid, target.signal);
  }
  return {
    /** Count from now on; an empty run counts nothing. */
    arm(run, target) {
      armed = run === '' ? undefined : { run, target, counts: new Map(), total: 0 };
    },
    /** `first` is done only where the process is struck, just before. */
    reach: (operation, when, first) => reach(`${role}|${operation}|${when}`, first),
    around(operation, call) {
      this.reach(operation, 'before');
      const result = call();
      if (typeof result?.then !== 'function') return result;
      return result.then((value) => {
        this.reach(operation, 'after');
        return value;
      });
    },
  };
}
