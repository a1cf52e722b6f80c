// Messages, stacks and details of failures as payloads that are marked, so that the codec encrypts them and knows what it may
// leave out. Plain JavaScript: the SDK loads it by path, and the bundle of the Workflows takes it in. May import
// @temporalio/common.
const { DefaultFailureConverter } = require('@temporalio/common');

/** Of the metadata. The codec takes it off what it encrypts. */
exports.WORDS_OF_FAILURE = 'words-of-failure';

class MarkingFailureConverter extends DefaultFailureConverter {
  errorToFailure(error, payloadConverter, context) {
    const failure = super.errorToFailure(error, payloadConverter, context);
    // With its causes, since one that Temporal has told of is handed on as it came.
    for (let one = failure; one; one = one.cause) for (const words of wordsOf(one)) mark(words);
    return failure;
  }
}

function* wordsOf({ encodedAttributes, applicationFailureInfo, canceledFailureInfo, timeoutFailureInfo }) {
  if (encodedAttributes) yield encodedAttributes;
  yield* applicationFailureInfo?.details?.payloads ?? [];
  yield* canceledFailureInfo?.details?.payloads ?? [];
  yield* timeoutFailureInfo?.lastHeartbeatDetails?.payloads ?? [];
}

function mark(payload) {
  payload.metadata = { ...payload.metadata, [exports.WORDS_OF_FAILURE]: new Uint8Array() };
}

exports.failureConverter = new MarkingFailureConverter({ encodeCommonAttributes: true });
