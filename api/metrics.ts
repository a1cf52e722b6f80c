// Numbers for Prometheus: how HTTP goes, what waits for people, what nobody knows the outcome of, what is stuck. What
// lies in the store or in Temporal is asked at most every few seconds; where it cannot be asked, countersign_up says so
// and the old numbers are gone. May import domain, store.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { BURDEN_PERIOD_MS, type Burden } from '../domain/burden.ts';
import { SWITCH_SCOPES } from '../domain/switch.ts';
import type { Admission, AdmissionCounts } from './admission.ts';
import { budgetGauges } from './budget-metrics.ts';
import { standing } from './budgets.ts';
import { burdenGauges } from './burden-metrics.ts';
import type { ApiDeps } from './deps.ts';
import { fresh } from './fresh.ts';
import type { Gauge as Told, Samples } from './gauge.ts';
import { MAX_COUNTED, standingOf } from './maintenance.ts';
import { maintenanceGauges } from './maintenance-metrics.ts';
import { BURDEN_FRESH_MS, METRICS_FRESH_MS } from './limits.ts';
import { UNREACHED, unreached } from './reaching.ts';
import { type Route, route } from './route.ts';

// Seconds: a submit takes about 0.02, a reply of a model 1 to 30.
const DURATION_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 45];

export interface Metrics {
  readonly routes: readonly Route[];
  /** One answered request; `route` as declared, so that ids make no new series. */
  observe(request: { method: string; route: string; status: number; ms: number }): void;
}

type Deps = Pick<ApiDeps, 'store' | 'gateway' | 'agents' | 'ledger' | 'directory' | 'channels' | 'nowMs' | 'log'>;

export function createMetrics(deps: Deps, admission: Pick<Admission, 'counts'>): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const labelNames = ['method', 'route', 'status'] as const;
  const durations = new Histogram({
    name: 'countersign_http_request_duration_seconds',
    help: 'How long requests took',
    labelNames,
    buckets: DURATION_BUCKETS,
    registers,
  });
  const faults = new Counter({
    name: 'countersign_http_faults_total',
    help: 'Answers of 500 and above',
    labelNames,
    registers,
  });
  admissionGauges(admission, registers);
  const { store, nowMs } = deps;
  const burden = fresh(BURDEN_FRESH_MS, () =>
    store.reports.burden({ fromMs: nowMs() - BURDEN_PERIOD_MS, toMs: nowMs() }),
  );
  const sources = fresh(METRICS_FRESH_MS, () => sourcesText(deps, burden));

  const metricsRoute = route({
    method: 'get',
    path: '/metrics',
    id: 'metrics',
    summary: 'Numbers for Prometheus',
    scope: 'public',
    responses: { 200: 'text/plain' },
    handler: async () => {
      const texts = await Promise.all([registry.metrics(), sources()]);
      return { status: 200, body: texts.join('\n'), headers: { 'Content-Type': registry.contentType } };
    },
  });

  return {
    routes: [metricsRoute],
    observe({ method, route: path, status, ms }) {
      const labels = { method, route: path, status: String(status) };
      durations.observe(labels, ms / 1000);
      if (status >= 500) faults.inc(labels);
    },
  };
}

/** Of this process, as they are when somebody asks. */
function admissionGauges(admission: Pick<Admission, 'counts'>, registers: Registry[]): void {
  const gauge = (name: keyof AdmissionCounts, called: string, help: string) => {
    const one: Gauge = new Gauge({
      ...{ name: `countersign_${called}`, help, registers },
      collect: async () => one.set((await admission.counts())[name]),
    });
  };
  gauge('underWay', 'turns_under_way', 'Messages taken in by this process and not answered yet');
  gauge('limit', 'turns_limit', 'How many it would let be under way now');
  gauge(
    'refused',
    'turns_refused',
    'Messages and new conversations refused since its start, as too much was under way',
  );
}

type TakeGauge = (...gauge: Told) => void;

/** The numbers of the store and of Temporal as text. Made anew each time, so that no old number outlives an outage. */
async function sourcesText(deps: Deps, burden: () => Promise<Burden>): Promise<string> {
  const { store, gateway, nowMs, log } = deps;
  const registry = new Registry();
  const gauge: TakeGauge = (name, help, samples) => {
    // Without a sample it would say 0.
    if (samples.length === 0) return;
    const labelNames = Object.keys(samples[0]?.[0] ?? {});
    const one = new Gauge({ name: `countersign_${name}`, help, labelNames, registers: [registry] });
    for (const [labels, value] of samples) one.set(labels, value);
  };

  async function readStore(): Promise<void> {
    const [open, lost, actions, thrown] = await Promise.all([
      store.approvals.openStats(nowMs()),
      unreached(deps),
      store.actions.counts(),
      store.switches.thrown(),
    ]);
    gauge('approvals_open', 'Approvals that wait for people', [[{}, open.count]]);
    gauge('approvals_oldest_age_seconds', 'Age of the oldest open approval', [[{}, open.oldestAgeMs / 1000]]);
    const whys = UNREACHED.map((why) => [why, lost.filter((one) => one.why === why).length] as const);
    const unseen = 'Open approvals that no channel shows to anybody who may decide them; doctor names them';
    gauge('approvals_unreached', unseen, labelled('why', Object.fromEntries(whys)));
    const help = 'Actions by outcome; an unknown one, and a claim without a receipt, needs a person';
    gauge('actions', help, labelled('outcome', actions));
    const byScope = SWITCH_SCOPES.map((scope) => [scope, thrown.filter((one) => one.scope === scope).length] as const);
    gauge('switches_thrown', 'Switches that stop actions now', labelled('scope', Object.fromEntries(byScope)));
  }

  async function readTemporal(): Promise<void> {
    const { conversations, waitingActions, stuck } = await gateway.counts();
    gauge(
      'conversations',
      'Running conversations by phase; all but open ones are parked',
      labelled('phase', conversations),
    );
    gauge('batches_waiting', 'Batches of actions that wait for people or act', [[{}, waitingActions]]);
    if (stuck === undefined) return;
    gauge('workflows_stuck', 'Workflows whose Workflow Task fails again and again', [[{}, stuck]]);
  }

  const answers = async (part: string, read: Promise<unknown>): Promise<Samples[number]> => {
    const error: unknown = await read.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined) log.warn({ err: error, part }, 'the numbers of a part could not be read');
    return [{ part }, error === undefined ? 1 : 0];
  };
  gauge(
    'up',
    '1 where the part answers',
    await Promise.all([
      // The burden, which is kept for longer, only of a store that answers now.
      answers('store', Promise.all([readStore().then(() => readBurden(gauge, burden)), readRest(gauge, deps)])),
      answers('temporal', readTemporal()),
    ]),
  );
  return registry.metrics();
}

async function readBurden(gauge: TakeGauge, burden: () => Promise<Burden>): Promise<void> {
  for (const one of burdenGauges((await burden()).rules)) gauge(...one);
}

async function readRest(gauge: TakeGauge, deps: Deps): Promise<void> {
  await readLedger(gauge, deps);
  const { budgets } = await standing(deps, '');
  for (const one of budgetGauges(budgets)) gauge(...one);
  for (const one of maintenanceGauges(await standingOf(deps, MAX_COUNTED))) gauge(...one);
}

async function readLedger(gauge: TakeGauge, { store, ledger, nowMs }: Deps): Promise<void> {
  const { entries, size, madeMs, unpublished } = await store.checkpoints.stats();
  gauge('ledger_entries', 'Entries of the ledger', [[{}, entries]]);
  gauge('ledger_checkpoint_size', 'Entries that the last checkpoint covers', [[{}, size]]);
  const age: Samples = madeMs === null ? [] : [[{}, Math.max(0, (nowMs() - madeMs) / 1000)]];
  gauge('ledger_checkpoint_age_seconds', 'Age of the last checkpoint; none where there is none', age);
  gauge('ledger_checkpoints_unpublished', 'Checkpoints that wait to be published', [[{}, unpublished]]);
  const differs = ledger.disagreement() === undefined ? 0 : 1;
  gauge('ledger_disagrees', '1 where the ledger is not the one that was published; see doctor', [[{}, differs]]);
}

function labelled(name: string, counts: Readonly<Record<string, number>>): Samples {
  return Object.entries(counts).map(([value, count]) => [{ [name]: value }, count]);
}
