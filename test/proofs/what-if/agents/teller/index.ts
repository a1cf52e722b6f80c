// The agent whose rules the proof edits. May import countersign and this folder.
import { defineAgent } from 'countersign';
import { rules } from './rules.ts';
import { readAccount, sendLetter, transfer } from './tools.ts';

export default defineAgent({
  name: 'teller',
  owner: 'olga',
  team: 'support',
  purpose: 'Moves money and writes letters, on record only.',
  instructions: 'You are the agent of a proof.',
  tools: [transfer, readAccount, sendLetter],
  rules,
});
