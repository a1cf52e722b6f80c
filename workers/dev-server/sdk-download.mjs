// Let the Temporal SDK download a server, in a process of its own: it can be stopped at a time limit, and it leaves the
// SDK's one Runtime alone. Plain JavaScript, so that no loader is needed. Prints nothing; the file appears in FOLDER.
//
//   node sdk-download.mjs KIND VERSION FOLDER
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [kind, version, downloadDir] = process.argv.slice(2);
const executable = { type: 'cached-download', version, downloadDir };
// The SDK downloads by starting the server once, in memory and on a free port.
const environment =
  kind === 'dev-server'
    ? await TestWorkflowEnvironment.createLocal({ server: { executable } })
    : await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
await environment.teardown();
