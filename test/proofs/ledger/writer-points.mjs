// Preloaded into each writer of the part `writers`: numbers the moments of an append's life, of a checkpoint's, and of
// its note in the file, and kills the writer at the one that the proof has armed (see ../rig/reach.mjs). Each statement
// has a moment before and one after it; a commit also the one right after it was sent. Plain JavaScript.
import { writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { devNull } from 'node:os';
import { openPoints } from '../rig/reach.mjs';
import { statementOf } from './writer-statements.ts';

const points = openPoints();
if (points !== undefined) {
  wrapStatements(createRequire(import.meta.url)('pg').Client.prototype);
  const handle = await open(devNull);
  wrapFile(Object.getPrototypeOf(handle));
  await handle.close();
}

function wrapStatements(prototype) {
  const { query } = prototype;
  prototype.query = function (config, ...rest) {
    const call = () => query.call(this, config, ...rest);
    const text = (typeof config === 'string' ? config : (config?.text ?? '')).toLowerCase().trim();
    const step = statementOf(text);
    if (step === 'begin') this.proofWrites = 'nothing';
    if (step?.startsWith('insert')) this.proofWrites = step === 'insert the checkpoint' ? 'the checkpoint' : 'entries';
    if (text !== 'commit') return step === undefined ? call() : points.around(step, call);
    const operation = `commit ${this.proofWrites}`;
    points.reach(operation, 'before');
    const answered = call();
    points.reach(operation, 'sent');
    return answered.then((value) => {
      points.reach(operation, 'after');
      return value;
    });
  };
}

/** The note in the file of checkpoints: not there, cut off in its middle, or there and nobody knows. */
function wrapFile(prototype) {
  const { appendFile, sync } = prototype;
  prototype.appendFile = function (text, ...rest) {
    const written = () => appendFile.call(this, text, ...rest);
    if (!String(text).includes('\n\u2014 ')) return written();
    points.reach('write the note', 'before');
    points.reach('write the note', 'half', () => writeSync(this.fd, String(text).slice(0, text.length / 2)));
    return written();
  };
  prototype.sync = function () {
    return points.around('sync the note', () => sync.call(this));
  };
}
