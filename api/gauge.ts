// The shape of a number for Prometheus. May import nothing.

export type Labels = Readonly<Record<string, string>>;
export type Samples = readonly (readonly [labels: Labels, value: number])[];
/** Without `countersign_` before its name. */
export type Gauge = readonly [name: string, help: string, samples: Samples];
