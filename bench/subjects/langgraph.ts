// The peer langgraph: see bench/peers/README.md.
import type { Subject } from '../measure.ts';
import { startPeer } from './peer.ts';

export const langgraph: Subject = { name: 'langgraph', start: (at) => startPeer('langgraph', at) };
