// Run one helper program to its end, with a time limit and without our secrets. May import nothing of ours.
import { execFile } from 'node:child_process';

/** Variables that a fetching or serving program may need: paths, proxies, certificates, its own configuration. */
const PASSED_ON = [
  /^(?:path|home|tmpdir|lang|lc_.*|tz|user|logname|shell|xdg_.*|ld_library_path|dyld_.*)$/i,
  /^(?:.*_proxy|ssl_cert_.*|requests_ca_bundle|curl_ca_bundle|netrc)$/i,
  /^(?:pip_.*|uv_.*|python.*|pyenv_.*|virtual_env)$/i,
];

/** The environment for programs that are not ours: an allowlist, so that no model key or database password leaks. */
export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => PASSED_ON.some((names) => names.test(name))));
}

// 4 MB of output: pip's longest complaint is some kilobytes.
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
// 300 characters: the last line or two of what a program said, enough to search for.
const SHOWN_OUTPUT_CHARS = 300;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly limitMs: number;
  readonly cwd?: string;
}

/** What the program printed. Rejects with a reason fit for people: not found, too slow, or its own last words. */
export function runCommand({ file, args, env, limitMs, cwd }: Command): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      env: withoutSecrets(env),
      timeout: limitMs,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_OUTPUT_BYTES,
      ...(cwd === undefined ? {} : { cwd }),
    } as const;
    execFile(file, [...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if (error.code === 'ENOENT') return reject(new Error(`${file} is not there`));
      if (error.killed === true) return reject(new Error(`${file} did not end within ${limitMs / 1000} s`));
      const words = (stderr.trim() || stdout.trim() || error.message)
        .slice(-SHOWN_OUTPUT_CHARS)
        .replaceAll(/\s+/g, ' ');
      return reject(new Error(`${file} failed: ${words}`));
    });
  });
}
