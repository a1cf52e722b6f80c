// Puts deals on record as the workflows role does: proposed as its own functions propose, ruled on by its own `decide` over
// a real store, with the rules in a process of their own; then some are aged, erased or altered, as the database's owner
// can.
import type pg from 'pg';
import { createDecide } from '../../../activities/workflows/decide.ts';
import { declaredBy, identityOf } from '../../../activities/workflows/propose.ts';
import type { Evidence, Proposal, RuledAction } from '../../../domain/action.ts';
import { callablesOf, type LoadedAgent } from '../../../domain/agent.ts';
import type { Entry, Fact } from '../../../domain/entry.ts';
import { ruledStep } from '../../../domain/ids.ts';
import type { Principal } from '../../../domain/principal.ts';
import type { Store } from '../../../store/ports.ts';
import { canonicalJson } from '../../../trust/digest.ts';
import { createSigner, createVerifier, generateSigningKey } from '../../../trust/signing.ts';
import { loadAgents } from '../../../workers/load-agents.ts';
import { startRules } from '../../../workers/rules/rules.ts';
import { noRuns } from '../../support/no-runs.ts';
import { type Deal, isAgain } from './deals.ts';

// 100: as many at a time, in one transaction; the rules' process is asked one after the other.
const AT_ONCE = 100;
const AGENT = 'teller';
const TENANT = 'default';

/** Resolves to how what was ruled differs from what should have been, in words. */
export async function recordAll(
  { store, sql }: { readonly store: Store; readonly sql: pg.Client },
  agentsFolder: string,
  deals: readonly Deal[],
  isRight: (deal: Deal, ruled: RuledAction) => boolean,
): Promise<readonly string[]> {
  const loaded = await loadAgents(agentsFolder);
  const silent = () => undefined;
  const rules = startRules(loaded, { warn: silent, error: silent });
  const wrong: string[] = [];
  try {
    await rules.ready;
    const signer = createSigner('workflows', generateSigningKey());
    const verifier = createVerifier({ api: [], workflows: [signer.publicKey] });
    const { agents, directory } = loaded;
    const agent = agents.get(AGENT);
    if (agent === undefined) throw new Error(`there must be an agent ${AGENT}`);
    const rule = async (deal: Deal): Promise<readonly Entry[]> => {
      const workflowState = async () => 'running' as const;
      const nowMs = () => deal.nowMs;
      const at = { workflowState, runs: noRuns, nowMs };
      const decide = createDecide({ store, agents, directory, rules, signer, verifier, ...at });
      const proposal = proposalOf(agent, deal);
      await begin(sql, proposal);
      const [ruled] = await decide([{ proposal, evidence: evidenceOf(deal), approval: null }]);
      if (ruled === undefined) throw new Error('there must be one ruling for one proposal');
      if (!isRight(deal, ruled)) wrong.push(`${deal.actionId} was ruled ${JSON.stringify(ruled.verdict)}`);
      return entriesOf(deal, ruled);
    };
    // What is asked for again comes once the first of it is there.
    for (const those of [deals.filter((one) => !isAgain(one)), deals.filter(isAgain)])
      for (let at = 0; at < those.length; at += AT_ONCE)
        await store.record((await Promise.all(those.slice(at, at + AT_ONCE).map(rule))).flat());
  } finally {
    await rules.stop();
  }
  await befall(sql, deals);
  return wrong;
}

/** A step counts only where its procedure was started; the start is no part of the corpus, so it is in the read model. */
async function begin(sql: pg.Client, { proposedBy, ...step }: Proposal): Promise<void> {
  if (proposedBy === undefined) return;
  const { actionId: id, procedure: tool } = proposedBy;
  const start = JSON.stringify({ ...step, actionId: id, tool, effect: 'start' });
  const verdict = JSON.stringify({ kind: 'allow', ruleId: 'default', ruleVersion: '1', reason: '' });
  await sql.query(
    `insert into countersign.actions (id, conversation_id, proposal, verdict, stage, created_ms, updated_ms)
     values ($1, $2, $3, $4, 'ruled', 0, 0) on conflict do nothing`,
    [id, step.conversationId, start, verdict],
  );
}

const personOf = (id: string): Principal => ({ id, name: id, tenant: TENANT });

function proposalOf(loaded: LoadedAgent, deal: Deal): Proposal {
  const { actionId, conversationId, procedure, isOldTool } = deal;
  const tool = callablesOf(loaded.agent).find(({ name }) => name === deal.tool);
  if (tool === undefined) throw new Error(`there must be a tool ${deal.tool}`);
  const input = inputOf(deal);
  const principal = personOf(deal.by);
  const { origin } = deal;
  return {
    ...identityOf(tool, { actionId, args: canonicalJson(input), principal }, actionId),
    ...{ conversationId, turn: isAgain(deal) ? 2 : 1, agent: AGENT, tenant: TENANT, callId: 'call-0' },
    ...(procedure === null ? {} : { proposedBy: { procedure, actionId: `${conversationId}:1:0` } }),
    ...declaredBy(loaded, tool, input, principal),
    ...(isOldTool ? { toolVersion: '0' } : {}),
    provenance: {
      context: origin === 'untrusted' ? 'untrusted' : 'clean',
      values: deal.tool === 'transfer' ? [{ path: 'to', name: 'to', origin }] : [],
    },
  };
}

function inputOf({ tool, to, cents, currency }: Deal): Readonly<Record<string, string | number>> {
  switch (tool) {
    case 'transfer':
      return { to, cents, currency };
    case 'read_account':
      return { id: to };
    case 'send_letter':
      return { to, text: 'Dear you' };
    default:
      return tool satisfies never;
  }
}

const evidenceOf = ({ account, isOwn, by, nowMs }: Deal): Evidence | null =>
  account === null
    ? null
    : { asOfMs: nowMs, version: '1', subject: isOwn ? by : 'somebody', record: { state: account } };

function entriesOf({ recordedMs, fate }: Deal, { proposal, verdict, evidence, given, signed }: RuledAction) {
  const { actionId, conversationId, digest } = proposal;
  const entry = (step: string, fact: Fact): Entry => ({
    ...{ subject: actionId, step, conversationId, atMs: recordedMs, fact },
  });
  const besides = given === undefined || fate === 'old' ? {} : { given };
  return [
    entry('proposed', { kind: 'proposed', proposal }),
    entry(ruledStep(verdict, signed), { kind: 'ruled', digest, verdict, evidence, ...besides, signed }),
  ];
}

/** What happens to records: people are forgotten, and somebody changes a text. */
async function befall(sql: pg.Client, deals: readonly Deal[]): Promise<void> {
  const of = (fate: Deal['fate']) => deals.filter((one) => one.fate === fate).map(({ actionId }) => actionId);
  const erase = 'delete from countersign.ledger_seals where seq in (select seq from countersign.ledger';
  for (const [fate, kind] of [
    ['ruling_erased', 'ruled'],
    ['proposal_erased', 'proposed'],
  ] as const)
    await sql.query(`${erase} where kind = $1 and subject = any($2))`, [kind, of(fate)]);
  const trigger = 'trigger ledger_is_append_only';
  await sql.query(`alter table countersign.ledger disable ${trigger}`);
  await sql.query(`update countersign.ledger set entry = entry || ' ' where kind = 'ruled' and subject = any($1)`, [
    of('altered'),
  ]);
  await sql.query(`alter table countersign.ledger enable always ${trigger}`);
  await sql.query('analyze');
}
