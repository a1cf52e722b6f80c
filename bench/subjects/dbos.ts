// The peer dbos; bench/peers/README.md says in which form.
import type { Subject } from '../measure.ts';
import { peer } from './peer.ts';

export const dbos: Subject = { ...peer('dbos'), isBar: true };
