// The floor beside the peers: the same agent and HTTP with nothing recorded.
import type { Subject } from '../measure.ts';
import { peer } from './peer.ts';

// One round: it is no engine, and says only what is to be taken off all others.
export const none: Subject = { ...peer('none'), rounds: [0] };
