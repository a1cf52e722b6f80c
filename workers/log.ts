// The process's log, and the SDK's through it. Lines are JSON; nothing secret is handed to it.
import { type LogLevel, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { type Logger, pino } from 'pino';

/** A logger to standard output, or to a file where the terminal belongs to a person. */
export function createLog(level: string, file?: string): Logger {
  return file === undefined ? pino({ level }) : pino({ level }, pino.destination({ dest: file, mkdir: true }));
}

/**
 * Hand the Temporal SDK's lines to the log. Once per process, before any connection. Returns what ends the SDK's runtime,
 * which keeps a process alive that never connected; idempotent.
 */
export function installRuntime(log: Logger): () => Promise<void> {
  const write = (level: LogLevel, message: string, meta?: Record<string, unknown>) => {
    log[PINO_LEVEL[level]]({ ...meta }, message);
  };
  const runtime = Runtime.install({
    logger: {
      log: write,
      trace: (message, meta) => write('TRACE', message, meta),
      debug: (message, meta) => write('DEBUG', message, meta),
      info: (message, meta) => write('INFO', message, meta),
      warn: (message, meta) => write('WARN', message, meta),
      error: (message, meta) => write('ERROR', message, meta),
    },
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } },
  });
  return () => runtime.shutdown();
}

const PINO_LEVEL = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
