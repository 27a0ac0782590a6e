/** Code that cannot be told as SQL is opaque, with the reason; and it reaches nothing while it is captured. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Capture, captureProject } from '../../src/capture/project.ts';

const FILES: Readonly<Record<string, string>> = {
  '1_reads': "const rows = await knex('parcels'); if (rows.length > 0) await knex.raw('drop table parcels');",
  '2_asks_back':
    "const [row] = await knex('parcels').insert({ id: 1 }).returning('id'); await knex.raw(row ? 'select 1' : 'drop table parcels');",
  '3_asks_within':
    "await knex.raw('with gone as (delete from parcels returning id) insert into kept select id from gone');",
  '4_breaks': "throw new Error('no such tenant');",
  '5_catches': "try { await knex('parcels').first(); } catch { await knex.raw('drop table parcels'); }",
  '6_connects':
    "const { Client } = require('pg'); const c = new Client({ host: '127.0.0.1', port: PORT }); await c.connect();",
  '7_fetches':
    "await fetch('http://127.0.0.1:PORT/').catch(() => undefined); await knex.raw('drop table parcels');",
  '8_ends': 'process.exit(0);',
  '9_empty': '',
};

describe('capture of code', () => {
  let project: string;
  let capture: Capture;
  let connected = 0;
  beforeAll(async () => {
    const server = createServer((socket) => {
      connected += 1;
      socket.destroy();
    });
    await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
    const port = String((server.address() as AddressInfo).port);
    project = await mkdtemp(join(tmpdir(), 'firebreak-opaque-'));
    const dir = join(project, 'migrations');
    await mkdir(dir);
    await symlink(join(import.meta.dirname, '../../node_modules'), join(project, 'node_modules'));
    for (const [name, down] of Object.entries(FILES)) {
      const text = `exports.up = (knex) => knex.raw('create table t_${name[0]} ()');
exports.down = async (knex) => { ${down.replace('PORT', port)} };`;
      await writeFile(join(dir, `${name}.js`), text);
    }
    capture = await captureProject('knex', dir);
    await new Promise((closed) => server.close(closed));
  });
  afterAll(() => rm(project, { recursive: true }));

  const down = (name: string) => capture.migrations.find((it) => it.name === `${name}.js`)?.down;
  const reasonOf = (name: string) =>
    capture.opaque.filter((line) => line.startsWith(`${name}.js`)).join('; ');

  it.each([
    ['1_reads', 'it asks the database'],
    ['2_asks_back', 'it asks the database'],
    ['4_breaks', 'no such tenant'],
    ['5_catches', 'it asks the database'],
    ['6_connects', 'it opens a connection of its own'],
    ['7_fetches', 'it opens a connection of its own'],
    ['8_ends', 'it ended the process'],
  ])('%s: %s', (name, reason) => {
    expect(down(name)).toBe('opaque');
    expect(reasonOf(name)).toContain(reason);
  });

  it('what a statement gives to itself is no question', () => {
    expect(down('3_asks_within')).toContain('delete from parcels returning id');
  });

  it('an empty down is none', () => {
    expect(capture.migrations.find((it) => it.name === '9_empty.js')).not.toHaveProperty('down');
  });

  it('reaches no server', () => {
    expect(connected).toBe(0);
  });
});
