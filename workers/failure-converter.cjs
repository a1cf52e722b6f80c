// Messages and stacks of failures as payloads, so that the codec encrypts them; marked, so that it knows what it may leave
// out. Plain JavaScript: the SDK loads it by path, and the bundle of the Workflows takes it in. May import @temporalio/common.
const { DefaultFailureConverter } = require('@temporalio/common');

/** Of the metadata. The codec takes it off what it encrypts. */
exports.WORDS_OF_FAILURE = 'words-of-failure';

class MarkingFailureConverter extends DefaultFailureConverter {
  errorToFailure(error, payloadConverter, context) {
    const failure = super.errorToFailure(error, payloadConverter, context);
    const { encodedAttributes: words } = failure;
    if (words?.metadata) words.metadata = { ...words.metadata, [exports.WORDS_OF_FAILURE]: new Uint8Array() };
    return failure;
  }
}

exports.failureConverter = new MarkingFailureConverter({ encodeCommonAttributes: true });
