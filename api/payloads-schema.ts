// Payloads as Temporal's UI and command line send them to a codec server: bytes as base64. May import zod.
import { z } from 'zod';

// 500: a page of the UI's event list has 100 events.
const MAX_PAYLOADS = 500;

const Payload = z.object({
  metadata: z.record(z.string(), z.base64()).optional(),
  data: z.base64().optional(),
});

export const Payloads = z.object({ payloads: z.array(Payload).max(MAX_PAYLOADS) }).meta({ id: 'Payloads' });
export type WirePayload = z.output<typeof Payload>;
