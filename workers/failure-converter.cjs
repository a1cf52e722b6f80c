// Messages and stacks of failures as payloads, so that the codec encrypts them. Plain JavaScript: the SDK loads it by path,
// and the bundle of the Workflows takes it in. May import @temporalio/common.
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
