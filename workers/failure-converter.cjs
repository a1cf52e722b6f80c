// Messages and stacks of failures as payloads, so that the codec encrypts them; marked with the details, so that it knows what
// it may leave out. Plain JavaScript: the SDK loads it by path, and the bundle of the Workflows takes it in. May import @temporalio/common.
const { DefaultFailureConverter } = require('@temporalio/common');

/** Of the metadata. The codec takes it off what it encrypts. */
exports.WORDS_OF_FAILURE = 'words-of-failure';

class MarkingFailureConverter extends DefaultFailureConverter {
  errorToFailure(error, payloadConverter, context) {
    const failure = super.errorToFailure(error, payloadConverter, context);
    for (const words of [failure.encodedAttributes, ...detailsOf(failure)]) mark(words);
    return failure;
  }
}

function mark(payload) {
  if (payload?.metadata) payload.metadata = { ...payload.metadata, [exports.WORDS_OF_FAILURE]: new Uint8Array() };
}

const detailsOf = ({ applicationFailureInfo, canceledFailureInfo, timeoutFailureInfo }) =>
  [applicationFailureInfo?.details, canceledFailureInfo?.details, timeoutFailureInfo?.lastHeartbeatDetails].flatMap(
    (details) => details?.payloads ?? [],
  );

exports.failureConverter = new MarkingFailureConverter({ encodeCommonAttributes: true });
