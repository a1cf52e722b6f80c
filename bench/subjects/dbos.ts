// The peer dbos: see bench/peers/README.md.
import type { Subject } from '../measure.ts';
import { startPeer } from './peer.ts';

export const dbos: Subject = { name: 'dbos', start: (at) => startPeer('dbos', at) };
