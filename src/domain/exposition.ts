/** Metrics as Prometheus reads them: the text format, version 0.0.4. */

export interface Metric {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*`, with its unit; of a counter it ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8';

/** Each metric with its HELP and TYPE; one without samples is left out. */
export const exposition = (metrics: readonly Metric[]): string =>
  metrics
    .filter(({ samples }) => samples.length > 0)
    .map((metric) => `${head(metric)}${metric.samples.map((sample) => line(metric, sample)).join('')}`)
    .join('');

/** One gauge without labels; undefined: it is not known, and left out. */
export const gauge = (name: string, help: string, value: number | undefined): Metric => ({
  name,
  help,
  type: 'gauge',
  samples: value === undefined ? [] : [{ value }],
});

/** One gauge with a sample for each value of one label. */
export const gauges = (
  name: string,
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
): Metric => ({
  name,
  help,
  type: 'gauge',
  samples: Object.entries(values).map(([of, value]) => ({ labels: { [label]: of }, value })),
});

const head = ({ name, help, type }: Metric): string =>
  `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;

const line = ({ name }: Metric, { labels = {}, value }: Sample): string =>
  `${name}${labelled(labels)} ${valueText(value)}\n`;

function labelled(labels: NonNullable<Sample['labels']>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** JavaScript writes infinity in a word of its own. */
const valueText = (value: number): string =>
  Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
