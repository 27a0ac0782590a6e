/** The report of a very long incident: how long it takes and how much memory, against its rows as plain text. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '../src/store/embedded.ts';
import { migrate } from '../src/store/migrate.ts';
import { openStore, type Store } from '../src/store/store.ts';
import { startChild } from './child.ts';
import type { Bench, Figure, Goal } from './figure.ts';

const SIZES = [1000, 10_000, 100_000] as const;
const FORMATS = ['md', 'json'] as const;

export interface Written {
  readonly seconds: number;
  /** The largest that the process ever was. */
  readonly peakMb: number;
}

type What = 'plain' | (typeof FORMATS)[number];

export interface Wanted {
  readonly what: What;
  readonly url: string;
  readonly file: string;
}

export const longExport: Bench = {
  name: 'export',
  title: 'The export of a long incident',
  about: `The timeline of one incident, a tenth of it corrections, read from the store and written to a file by a process of its own. The
peak is the memory of that whole process, Node included. Compared to a process that writes the same rows as plain text. In
time linear in their number: ten times the entries may take ten times the seconds, and half of that more.`,
  async measure() {
    const folder = await mkdtemp(join(tmpdir(), 'firebreak-bench-'));
    const server = await startEmbedded({ dataDir: folder, temporary: true });
    try {
      const written = new Map<string, Written>();
      for (const size of SIZES) {
        const database = `entries_${size}`;
        await server.ensureDatabase(database);
        await fill(server.url(database), size);
        for (const what of ['plain', ...FORMATS] as const)
          written.set(`${what} ${size}`, await write(what, server.url(database), folder));
      }
      return figuresOf((what, size) => written.get(`${what} ${size}`) as Written);
    } finally {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function fill(url: string, entries: number): Promise<void> {
  const store = openStore(url, undefined, 0);
  await migrate(store);
  await insertEntries(store, entries);
  await store.close();
}

/** Notes with something to escape, in no order of time; each tenth entry corrects one before it. */
async function insertEntries(store: Store, entries: number): Promise<void> {
  await store.query(
    `insert into incidents (kind, title, severity, status, status_since, declared_by, declared_at)
     values ('incident', 'a very long incident', 'sev1', 'resolved', now(), 'U01', now())`,
  );
  await store.query(
    `insert into timeline (incident_id, seq, at, recorded_at, kind, actor, content_digest, hash)
     select 1, n, timestamptz '2026-06-03T10:00Z' + (n * 7919 % $1) * interval '1 second', timestamptz '2026-06-05T00:00Z',
            case when n % 10 = 0 then 'correction' else 'note' end, 'U0' || n % 7, md5(n::text), md5(n::text)
       from generate_series(1, $1::integer) as n`,
    [entries],
  );
  await store.query(
    `insert into timeline_contents (incident_id, seq, salt, content)
     select 1, n, md5(n::text),
            case when n % 10 = 0
                 then jsonb_build_object('text', 'corrected ' || n || repeat(' | \`a\` <b>', 15),
                                         'details', jsonb_build_object('of', n - 5, 'what', 'text'))
                 else jsonb_build_object('text', 'entry ' || n || repeat(' | \`a\` <b>', 15)) end
       from generate_series(1, $1::integer) as n`,
    [entries],
  );
  await store.query('analyze');
}

/** In a process of its own, so that nothing before it has grown the memory already. */
async function write(what: What, url: string, folder: string): Promise<Written> {
  const child = startChild('export-child');
  try {
    return await child.ask<Written>('write', { what, url, file: join(folder, what) } satisfies Wanted);
  } finally {
    await child.close();
  }
}

type Find = (what: What, size: number) => Written;

const figuresOf = (find: Find): readonly Figure[] =>
  FORMATS.flatMap((format) => [
    ...SIZES.flatMap((size) => figuresAt(size, format, find(format, size), find('plain', size))),
    linear(format, find),
  ]);

function figuresAt(
  size: number,
  format: string,
  { seconds, peakMb }: Written,
  plain: Written,
): readonly Figure[] {
  const name = `${size.toLocaleString('en-US')} entries as ${format}`;
  const what = 'for the same rows as plain text';
  const goals: readonly Goal[] = size === SIZES.at(-1) ? [{ of: 'value', is: 'at most', limit: 256 }] : [];
  return [
    { name: `export of ${name}`, value: seconds, unit: 's', against: { value: plain.seconds, what } },
    {
      name: `peak memory of the export of ${name}`,
      value: peakMb,
      unit: 'MB',
      against: { value: plain.peakMb, what },
      goals,
    },
  ];
}

function linear(format: What, find: Find): Figure {
  const [, some, many] = SIZES;
  return {
    name: `export of ${many.toLocaleString('en-US')} entries as ${format}, by their number`,
    value: find(format, many).seconds,
    unit: 's',
    against: {
      value: (find(format, some).seconds * many) / some,
      what: `for ${many / some} times ${some.toLocaleString('en-US')}`,
    },
    goals: [{ of: 'ratio', is: 'at most', limit: 1.5 }],
  };
}
