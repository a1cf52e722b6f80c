import assert from 'node:assert/strict';
import { test } from 'node:test';
import protos from '@temporalio/proto';
import { pauseMs } from '../../workers/retries.ts';

// As Temporal 1.32 answers an Update-with-Start that comes while a run ends to go on in the next one.
const CLOSING =
  'CAgSKFVwZGF0ZS13aXRoLVN0YXJ0IGNvdWxkIG5vdCBiZSBleGVjdXRlZC4a2QIKT3R5cGUuZ29vZ2xlYXBpcy5jb20vdGVtcG9yYWwuYXBpLmVycm9yZGV0YWlscy52MS5NdWx0aU9wZXJhdGlvbkV4ZWN1dGlvbkZhaWx1cmUShQIKaAgKEhZPcGVyYXRpb24gd2FzIGFib3J0ZWQuGkwKSnR5cGUuZ29vZ2xlYXBpcy5jb20vdGVtcG9yYWwuYXBpLmZhaWx1cmUudjEuTXVsdGlPcGVyYXRpb25FeGVjdXRpb25BYm9ydGVkCpgBCAgSQXdvcmtmbG93IG9wZXJhdGlvbiBjYW4gbm90IGJlIGFwcGxpZWQgYmVjYXVzZSB3b3JrZmxvdyBpcyBjbG9zaW5nGlEKSXR5cGUuZ29vZ2xlYXBpcy5jb20vdGVtcG9yYWwuYXBpLmVycm9yZGV0YWlscy52MS5SZXNvdXJjZUV4aGF1c3RlZEZhaWx1cmUSBAgFEAE=';

type Status = Parameters<typeof pauseMs>[0];

const status = (code: number, ...details: readonly (Uint8Array | string)[]): Status =>
  ({ code, details: 'said', metadata: { get: () => details } }) as unknown as Status;

/** A refusal of one operation alone, for that cause. */
function exhausted(cause: number): Status {
  const value = protos.temporal.api.errordetails.v1.ResourceExhaustedFailure.encode({ cause }).finish();
  const type = 'type.googleapis.com/temporal.api.errordetails.v1.ResourceExhaustedFailure';
  return status(8, protos.google.rpc.Status.encode({ code: 8, details: [{ type_url: type, value }] }).finish());
}

test('what a Workflow turns away that goes on in a new run is sent again at once, and not after a second', () => {
  assert.equal(pauseMs(status(8, Buffer.from(CLOSING, 'base64'))), 30);
  assert.equal(pauseMs(exhausted(5)), 30);
});

test('what a limit of the server turns away waits as long as the client would have it', () => {
  for (const cause of [0, 1, 2, 3, 4]) assert.equal(pauseMs(exhausted(cause)), 1_000);
  for (const unread of [status(8), status(8, 'text'), status(8, Buffer.from('ff', 'hex'))])
    assert.equal(pauseMs(unread), 1_000);
  assert.equal(pauseMs(status(14)), 100);
});
