// The process in which rules run: loads the agents' folder by the one door, and answers cases, one at a time. It has an
// empty environment, no store, no Temporal and no key. The role kills it where a rule does not end; it ends by itself with
// the role, also while a rule loops. May import domain and Node.
//
//   node child.ts FOLDER
import { writeFileSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { periodLimitsOf } from '../../domain/agent.ts';
import { routesOf } from '../../domain/intake.ts';
import { decideByRules } from '../../domain/rule.ts';
import { loadAgents } from '../load-agents.ts';
import { type Ask, ENTERING_FILE, type Said } from './protocol.ts';

// 1 s: how long a loop may spin on after its role was killed.
const ORPHAN_LOOK_MS = 1_000;

/** A process that loops hears of nothing, so a thread looks whether its parent is still the same. */
const ORPHAN_GUARD = `const { ppid } = process;
setInterval(() => process.ppid === ppid || process.kill(process.pid, 'SIGKILL'), ${ORPHAN_LOOK_MS});`;

process.title = 'countersign rules';
// A terminal sends Ctrl-C to all that runs in it, and what drains then still needs its verdicts: the role ends us.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.once('disconnect', () => process.exit());
new Worker(ORPHAN_GUARD, { eval: true, env: {}, execArgv: [] }).unref();
// A rule that answers a promise has answered nonsense, which denies; how the promise ends is nobody's matter.
process.on('unhandledRejection', () => undefined);
dieBeforeTheRole();

try {
  const { agents } = await loadAgents(process.argv[2] ?? '');
  let asks = 0;
  const entering = (place: number) => void writeSync(ENTERING_FILE, `${asks} ${place}\n`);
  process.on('message', (ask: Ask) => {
    asks += 1;
    const loaded = agents.get(ask.agent);
    if (loaded === undefined) throw new Error(`there is no agent "${ask.agent}"`);
    const { agent, ruleVersion } = loaded;
    if (ask.kind === 'rule') {
      const deciding = { limits: periodLimitsOf(agent), entering };
      say({ kind: 'decided', verdict: decideByRules(agent.rules, ruleVersion, ask.ruleCase, deciding) });
    } else {
      if (agent.intake === undefined) throw new Error(`the agent "${ask.agent}" has no intake`);
      say({ kind: 'routed', routes: routesOf(agent.intake, ask.readings) });
    }
  });
  const versions = Object.fromEntries([...agents].map(([name, { ruleVersion }]) => [name, ruleVersion]));
  say({ kind: 'loaded', versions });
} catch (error) {
  say({ kind: 'not_loaded', reason: error instanceof Error ? error.message : String(error) });
}

function say(said: Said): void {
  process.send?.(said);
}

/** Where the machine runs out of memory, Linux ends the process first that asks to be. Elsewhere there is no such file. */
function dieBeforeTheRole(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // The bounds of time and heap hold all the same.
  }
}
