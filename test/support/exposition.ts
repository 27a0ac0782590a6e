/** A strict reader of Prometheus' text format, version 0.0.4: throws at whatever the format does not allow. */

/** Values by the name with its labels, sorted: `name{a="b"}`. */
export type Series = ReadonlyMap<string, number>;

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`;
const HELP = new RegExp(String.raw`^# HELP (${NAME}) ((?:[^\\]|\\[\\n])+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge)$`);
const SAMPLE = new RegExp(
  String.raw`^(${NAME})(?:\{(${LABEL}(?:,${LABEL})*)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$`,
);

/** Each metric is one group: HELP, TYPE, and at least one sample; none comes twice. */
export function parseExposition(text: string): Series {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const series = new Map<string, number>();
  const metrics = new Set<string>();
  const lines = text.slice(0, -1).split('\n');
  for (let at = 0; at < lines.length; ) {
    const [, name = ''] = matched(HELP, lines[at++]);
    const [, typed, type] = matched(TYPE, lines[at++]);
    if (typed !== name || metrics.has(name)) throw new Error(`HELP and TYPE of ${name} are not one group`);
    if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`${name} is a ${type ?? ''}`);
    metrics.add(name);
    const first = at;
    while (at < lines.length && !lines[at]?.startsWith('#')) readSample(name, lines[at++], series);
    if (at === first) throw new Error(`${name} has no sample`);
  }
  return series;
}

function readSample(name: string, line: string | undefined, series: Map<string, number>): void {
  const [, of, labels = '', value = ''] = matched(SAMPLE, line);
  if (of !== name) throw new Error(`${of ?? ''} stands among the samples of ${name}`);
  const pairs = labels.match(new RegExp(LABEL, 'g')) ?? [];
  const names = pairs.map((pair) => pair.split('=')[0]);
  if (new Set(names).size < names.length) throw new Error(`a label comes twice: ${labels}`);
  const key = pairs.length === 0 ? name : `${name}{${[...pairs].sort().join(',')}}`;
  if (series.has(key)) throw new Error(`${key} comes twice`);
  series.set(key, Number(value.replace('Inf', 'Infinity')));
}

function matched(form: RegExp, line: string | undefined): RegExpExecArray {
  const found = form.exec(line ?? '');
  if (!found) throw new Error(`not the text format: ${line ?? 'the end'}`);
  return found;
}
