// The floor beside the peers: the same agent and HTTP with nothing recorded.
import { peer } from './peer.ts';

export const none = peer('none');
