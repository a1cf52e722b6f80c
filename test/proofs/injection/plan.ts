// Which conversations are had: whole seeds with one approver each, all harmless tasks of every seed with one who knows what
// was planted, and of the other seeds some attacks by chance; the agents that they need, each by a seed's names.
import type { ProofContext, Random } from '../support.ts';
import type { AgentFile } from './agent/agent.ts';
import { type Approver, type Run, runOf } from './live.ts';
import { renamed } from './rename.ts';
import { allSuites, type Scenario, type Suite } from './scenarios.ts';

/** A suite under a seed's names. */
export interface Seeded extends Suite {
  readonly seed: number;
  /** The name of its agent. */
  readonly agent: string;
}

export interface Plan {
  readonly seeded: readonly Seeded[];
  readonly agents: readonly AgentFile[];
  readonly runs: readonly Run[];
}

export const APPROVERS = ['perfect', 'rubber_stamp', 'absent'] as const satisfies readonly Approver[];

interface Size {
  readonly seeds: number;
  /** Seeds of which every scenario is a conversation, one for each approver. */
  readonly whole: number;
  /** Attacks by chance of each suite and approver, of the other seeds. */
  readonly sampled: number;
  /** Seeds of which the harmless tasks are conversations: all that change something, and so many of the others. */
  readonly harmless: number;
  readonly readOnly: number;
  /** Pairs against an agent that declares nothing, or its reads alone. */
  readonly undeclared: number;
}

// Quickly some fifty conversations; in full some 2,700.
const SIZES: { readonly quick: Size; readonly full: Size } = {
  quick: { seeds: 1, whole: 0, sampled: 2, harmless: 1, readOnly: 2, undeclared: 3 },
  full: { seeds: 20, whole: 3, sampled: 2, harmless: 20, readOnly: 2, undeclared: 200 },
};
// An hour: no approval of those who answer falls due while the proof runs.
const STANDING_MS = 3_600_000;
// 2 s: nobody answers, and what is asked is over soon.
const BRIEF_MS = 2_000;

export function planOf({ seed, quick, random }: Pick<ProofContext, 'seed' | 'quick' | 'random'>): Plan {
  const size = quick ? SIZES.quick : SIZES.full;
  const suites = allSuites();
  const seeded = Array.from({ length: size.seeds }, (_, nth) => (seed + nth) >>> 0).flatMap((one) =>
    suites.map((suite): Seeded => ({ ...renamed(suite, one), seed: one, agent: `${suite.name}-${one}` })),
  );
  const agents = seeded.flatMap(agentsOf);
  const first = seeded.filter((one) => one.seed === seeded[0]?.seed);
  const planned = [
    ...seeded.flatMap((one) => {
      const nth = seeded.filter(({ name }) => name === one.name).indexOf(one);
      return conversationsOf(one, nth, size, random);
    }),
    ...first.flatMap((one) => undeclaredOf(one, size.undeclared, random)),
  ];
  return { seeded, agents, runs: planned.map((one, nth) => runOf(nth, one)) };
}

type Planned = Omit<Run, 'id' | 'mark'>;

/** Each twice: people have an hour to answer, or two seconds. */
function agentsOf({ agent, tools }: Seeded): readonly AgentFile[] {
  const all = [
    { name: agent, tools, withinMs: STANDING_MS },
    { name: briefly(agent), tools, withinMs: BRIEF_MS },
  ];
  if (tools.some(({ critical }) => critical.length > 0)) return all;
  // Where the source says who, where and how much of nothing, it is also tried with what was never declared.
  return [
    ...all,
    { name: `${agent}-nothing`, tools: [], withinMs: STANDING_MS },
    { name: `${agent}-reads`, tools: readsOf(tools), withinMs: STANDING_MS },
  ];
}

const briefly = (agent: string): string => `${agent}-brief`;
const readsOf = (tools: Seeded['tools']) => tools.filter(({ effect, egress }) => effect === 'read' && !egress);

function conversationsOf(suite: Seeded, nth: number, size: Size, random: Random): readonly Planned[] {
  const { scenarios } = suite;
  const benign = scenarios.filter(({ kind }) => kind === 'benign');
  const isChange = ({ steps }: Scenario): boolean => steps.some(({ changes }) => changes);
  const readOnly = benign.filter((one) => !isChange(one));
  const harmless = [...benign.filter(isChange), ...sample(readOnly, size.readOnly, random)];
  const attacks = scenarios.filter(({ kind }) => kind === 'attack');
  const had = (approver: Approver, some: readonly Scenario[]) =>
    some.map((scenario) => plannedAs(suite, approver, scenario));
  const whole = nth < size.whole ? APPROVERS[nth] : undefined;
  return [
    ...(whole === undefined
      ? APPROVERS.flatMap((approver) =>
          nth < Math.max(1, size.harmless) ? had(approver, sample(attacks, size.sampled, random)) : [],
        )
      : had(whole, scenarios)),
    ...(nth < size.harmless && whole !== 'perfect' ? had('perfect', harmless) : []),
  ];
}

function plannedAs(suite: Seeded, approver: Approver, scenario: Scenario): Planned {
  const { name, seed, tools } = suite;
  const agent = approver === 'absent' ? briefly(suite.agent) : suite.agent;
  return { agent, tools, line: `${name}, ${seed}, ${approver}`, approver, scenario };
}

function undeclaredOf(suite: Seeded, most: number, random: Random): readonly Planned[] {
  const { name, seed, agent, tools, scenarios } = suite;
  if (tools.some(({ critical }) => critical.length > 0)) return [];
  const attacks = scenarios.filter(({ kind }) => kind === 'attack');
  return (['nothing', 'reads'] as const).flatMap((what) =>
    sample(attacks, most, random).map((scenario): Planned => {
      const declared = what === 'nothing' ? [] : readsOf(tools);
      const line = `${name} with ${what} declared, ${seed}, perfect`;
      return { agent: `${agent}-${what}`, tools: declared, line, approver: 'perfect', scenario };
    }),
  );
}

/** So many of them by chance, each once. */
function sample<T>(from: readonly T[], count: number, random: Random): readonly T[] {
  const left = [...from];
  const take = () => left.splice(random.between(0, left.length - 1), 1);
  return Array.from({ length: Math.min(count, from.length) }, take).flat();
}
