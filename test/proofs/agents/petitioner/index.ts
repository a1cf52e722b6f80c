// The agent of the proof `approvals`: whatever it does must be approved. May import countersign and this folder.
import { allow, ask, defineAgent, rule } from 'countersign';
import {
  file,
  fumble,
  getReport,
  look,
  transfer,
  transferNobody,
  transferSoon,
  transferTwo,
  transferUp,
} from './tools.ts';

// 8 s: long enough that people decide on a busy machine, short enough to wait for.
const SOON_MS = 8_000;
// 12 s before the lead may decide: what is tried before must come before.
const LEAD_AFTER_MS = 12_000;

export default defineAgent({
  name: 'petitioner',
  owner: 'otto',
  team: 'support',
  purpose: 'Wants approvals, by whatever means.',
  instructions: 'You are the agent of a proof.',
  models: ['model-of-the-proofs'],
  tools: [transfer, transferTwo, transferSoon, transferUp, transferNobody, getReport, file, fumble, look],
  systems: [{ kind: 'secrets', name: 'far', secrets: ['PROOF_FAR_SIDE_URL'] }],
  rules: [
    rule('look', look, () => allow()),
    rule('transfer', transfer, () => ask({ group: 'desk' })),
    rule('two', transferTwo, () => ask({ group: 'desk', quorum: 2 })),
    rule('soon', transferSoon, () => ask({ group: 'desk', withinMs: SOON_MS })),
    rule('up', transferUp, () => ask({ group: 'desk', escalation: [{ group: 'leads', afterMs: LEAD_AFTER_MS }] })),
    rule('nobody', transferNobody, () => ask({ group: 'idle' })),
    rule('file', file, () => ask({ group: 'desk' })),
    rule('fumble', fumble, () => ask({ group: 'desk' })),
  ],
});
