// The peer none: see bench/peers/README.md.
import type { Subject } from '../measure.ts';
import { startPeer } from './peer.ts';

export const none: Subject = { name: 'none', start: (at) => startPeer('none', at) };
