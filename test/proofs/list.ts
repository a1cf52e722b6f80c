// The proofs, each a black-box run against real processes. To add one: a file beside this one, and a line here.
import { crash } from './crash/crash.ts';
import { firstTenMinutes } from './first-ten-minutes.ts';
import { freeze } from './freeze/freeze.ts';
import type { Proof } from './support.ts';
import { warrants } from './warrants/warrants.ts';

export const PROOFS: readonly Proof[] = [firstTenMinutes, crash, warrants, freeze];
