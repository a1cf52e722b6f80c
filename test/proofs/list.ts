// The proofs, each a black-box run against real processes. To add one: a file beside this one, and a line here.
import { approvals } from './approvals/approvals.ts';
import { clock } from './clock/clock.ts';
import { crash } from './crash/crash.ts';
import { drift } from './drift/drift.ts';
import { erase } from './erase/erase.ts';
import { firstTenMinutes } from './first-ten-minutes.ts';
import { flat } from './flat/flat.ts';
import { freeze } from './freeze/freeze.ts';
import { injection } from './injection/injection.ts';
import { killInTool } from './kill-in-tool.ts';
import { ledger } from './ledger/ledger.ts';
import { memory } from './memory/memory.ts';
import { overload } from './overload/overload.ts';
import { parked } from './parked/parked.ts';
import { race } from './race/race.ts';
import { retail } from './retail/retail.ts';
import { secrets } from './secrets/secrets.ts';
import { server } from './server/server.ts';
import { soak } from './soak/soak.ts';
import type { Proof } from './support.ts';
import { ttl } from './ttl/ttl.ts';
import { warrants } from './warrants/warrants.ts';
import { whatIf } from './what-if/what-if.ts';
import { wire } from './wire/wire.ts';

export const PROOFS: readonly Proof[] = [
  firstTenMinutes,
  warrants,
  approvals,
  crash,
  killInTool,
  freeze,
  wire,
  server,
  clock,
  ledger,
  secrets,
  erase,
  parked,
  overload,
  memory,
  ttl,
  whatIf,
  drift,
  injection,
  retail,
  race,
  flat,
  soak,
];
