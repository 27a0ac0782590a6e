/** The report of a very long incident: how long it takes and how much memory, against its rows as plain text. */
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbedded } from '../src/store/embedded.ts';
import { migrate } from '../src/store/migrate.ts';
import { openStore, type Store } from '../src/store/store.ts';
import type { Bench, Figure } from './figure.ts';

const ENTRIES = 100_000;

export interface Written {
  readonly seconds: number;
  /** By how much the process grew at most, and the size of what it wrote. */
  readonly peakMb: number;
  readonly sizeMb: number;
}

export const longExport: Bench = {
  name: 'export',
  async measure() {
    const folder = await mkdtemp(join(tmpdir(), 'firebreak-bench-'));
    const server = await startEmbedded({ dataDir: folder });
    try {
      await server.ensureDatabase('firebreak');
      const url = server.url('firebreak');
      const store = openStore(url, undefined, 0);
      await migrate(store);
      await fill(store);
      await store.close();
      return figuresOf({
        plain: await written('plain', url, folder),
        md: await written('md', url, folder),
        json: await written('json', url, folder),
      });
    } finally {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Notes with something to escape, in no order of time; each tenth entry corrects one before it. */
async function fill(store: Store): Promise<void> {
  await store.query(
    `insert into incidents (kind, title, severity, status, status_since, declared_by, declared_at)
     values ('incident', 'a very long incident', 'sev1', 'resolved', now(), 'U01', now())`,
  );
  await store.query(
    `insert into timeline (incident_id, seq, at, recorded_at, kind, actor, content_digest, hash)
     select 1, n, timestamptz '2026-06-03T10:00Z' + (n * 7919 % $1) * interval '1 second', timestamptz '2026-06-05T00:00Z',
            case when n % 10 = 0 then 'correction' else 'note' end, 'U0' || n % 7, md5(n::text), md5(n::text)
       from generate_series(1, $1::integer) as n`,
    [ENTRIES],
  );
  await store.query(
    `insert into timeline_contents (incident_id, seq, salt, content)
     select 1, n, md5(n::text),
            case when n % 10 = 0
                 then jsonb_build_object('text', 'corrected ' || n || repeat(' | \`a\` <b>', 15),
                                         'details', jsonb_build_object('of', n - 5, 'what', 'text'))
                 else jsonb_build_object('text', 'entry ' || n || repeat(' | \`a\` <b>', 15)) end
       from generate_series(1, $1::integer) as n`,
    [ENTRIES],
  );
  await store.query('analyze');
}

/** In a process of its own, so that nothing before it has grown the memory already. */
async function written(what: 'plain' | 'md' | 'json', url: string, folder: string): Promise<Written> {
  const self = fileURLToPath(import.meta.url);
  const child = fork(self.replace(/export\.[jt]s$/, `export-child${extname(self)}`), [
    what,
    url,
    join(folder, what),
  ]);
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Written));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the writing process ended with ${code}`)));
  });
}

const figuresOf = ({
  plain,
  ...documents
}: Readonly<Record<'plain' | 'md' | 'json', Written>>): readonly Figure[] =>
  Object.entries(documents).flatMap(([format, { seconds, peakMb, sizeMb }]): readonly Figure[] => [
    {
      name: `export of ${ENTRIES} entries as ${format}`,
      value: seconds,
      unit: 's',
      against: { value: tenth(plain.seconds), what: 'for the same rows as plain text' },
    },
    {
      name: `its peak growth of memory, for ${Math.round(sizeMb)} MB`,
      value: peakMb,
      unit: 'MB',
      against: { value: tenth(plain.peakMb), what: 'for the same rows as plain text' },
    },
  ]);

const tenth = (value: number): number => Math.round(value * 10) / 10;
