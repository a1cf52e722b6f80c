// Preloaded into each role process of a proof: numbers the moments at which the process may be struck, and kills or
// freezes it at the one that the proof has armed (see reach.mjs). The moments come from wrapping the clients by which a
// process changes anything outside itself: one before and one after each such call. The product knows nothing of it. Plain
// JavaScript.
import { createRequire } from 'node:module';
import { openPoints, role } from './reach.mjs';

const opened = openPoints();
if (opened !== undefined) install(opened);

function install(points) {
  const load = createRequire(import.meta.url);
  wrapStore(points, load('pg').Client.prototype);
  wrapApiCalls(points, createRequire(load.resolve('@temporalio/client'))('@grpc/grpc-js').Client.prototype);
  const loadOfWorker = createRequire(load.resolve('@temporalio/worker'));
  wrapWorker(points, loadOfWorker('@temporalio/core-bridge').native, loadOfWorker('@temporalio/proto').coresdk);
  wrapFetch(points);
}

// Minting a token and giving it back write too, inside functions.
const WRITES =
  /^\s*(?:insert\s+into|update|delete\s+from|select(?=\s+countersign_access\.(?:mint|give_back)))\s+([\w".]+)/i;

// Written by a clock of its own, whatever a conversation does: a moment that one run in eight reaches tells nothing of it.
// The actor looks for notes all the time; what it tells then is a moment of its own.
const BY_THE_CLOCK = ['checkpoints', ...(role === 'actor' ? ['notes'] : [])];

/** Each commit of a transaction that wrote, named by the first table that it wrote, and each write outside of one. */
function wrapStore(points, prototype) {
  const { query } = prototype;
  prototype.query = function (config, ...rest) {
    const call = () => query.call(this, config, ...rest);
    const text = typeof config === 'string' ? config : (config?.text ?? '');
    const word = /^\s*(\w+)/.exec(text)?.[1]?.toLowerCase();
    if (word === 'begin' || word === 'start') this.proofWrote = '';
    const named = WRITES.exec(text)?.[1]?.replaceAll('"', '').replace('countersign.', '');
    const table = BY_THE_CLOCK.includes(named) ? undefined : named;
    const inTransaction = this.proofWrote !== undefined;
    if (table !== undefined && inTransaction) this.proofWrote ||= table;
    if (table !== undefined && !inTransaction) return points.around(`store|write ${table}`, call);
    if (word !== 'commit' && word !== 'rollback') return call();
    if (word === 'rollback' && /\bto\b/i.test(text)) return call();
    const wrote = this.proofWrote;
    this.proofWrote = undefined;
    return word === 'commit' && wrote ? points.around(`store|commit ${wrote}`, call) : call();
  };
}

const READS = /^(?:Get|List|Describe|Query|Poll|Count|Check)/;

/** Calls of the Temporal client that change something. */
function wrapApiCalls(points, prototype) {
  const { makeUnaryRequest } = prototype;
  prototype.makeUnaryRequest = function (path, ...rest) {
    const method = path.split('/').at(-1);
    const callback = rest.at(-1);
    if (READS.test(method) || typeof callback !== 'function') return makeUnaryRequest.call(this, path, ...rest);
    const operation = `temporal|${method}`;
    points.reach(operation, 'before');
    const answered = (error, value) => {
      if (!error) points.reach(operation, 'after');
      callback(error, value);
    };
    return makeUnaryRequest.call(this, path, ...rest.slice(0, -1), answered);
  };
}

// Handed to the process's own SDK, or an answer to a look: neither changes anything outside the process.
const INNER = new Set(['scheduleLocalActivity', 'respondToQuery']);

/** What a Worker reports: steps of Workflows, named by what they command, and ends of Activities. */
function wrapWorker(points, native, { workflow_completion: completions }) {
  const { workerCompleteWorkflowActivation: step, workerCompleteActivityTask: end } = native;
  native.workerCompleteWorkflowActivation = (worker, bytes) => {
    const call = () => step(worker, bytes);
    const { successful } = completions.WorkflowActivationCompletion.decodeDelimited(bytes);
    const commands = [...new Set((successful?.commands ?? []).map((one) => one.variant))];
    const outer = commands.filter((variant) => !INNER.has(variant));
    if (commands.length > 0 && outer.length === 0) return call();
    return points.around(`temporal|step ${outer.join(' ') || 'nothing new'}`, call);
  };
  // The workflows role's Activities are local: their ends go to its own SDK, and reach the server with the next step.
  if (role === 'workflows') return;
  native.workerCompleteActivityTask = (worker, bytes) =>
    points.around('temporal|end of an Activity', () => end(worker, bytes));
}

/** HTTP requests that may change something: effects at the far side, and questions to the model. */
function wrapFetch(points) {
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    const method = (init?.method ?? input.method ?? 'GET').toUpperCase();
    const call = () => fetch(input, init);
    if (method === 'GET' || method === 'HEAD') return call();
    return points.around(`http|${method} ${new URL(input.url ?? input).pathname}`, call);
  };
}
