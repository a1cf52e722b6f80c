// The peer langgraph; bench/peers/README.md says in which form.
import type { Subject } from '../measure.ts';
import { peer } from './peer.ts';

export const langgraph: Subject = { ...peer('langgraph'), isBar: true };
