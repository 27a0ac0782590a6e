import type { Incident } from '../../src/domain/incident.ts';
import { saveIncident } from '../../src/store/incidents.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { anIncident } from '../slack/support.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { CONFIG, type Ended, type Folder, firebreak, temporaryFolder } from './support.ts';

let database: TestDatabase;
let store: Store;
let folder: Folder;
let config: string;
const stats = (...args: readonly string[]): Promise<Ended> =>
  firebreak(['stats', '--config', config, ...args], { DATABASE_URL: database.url });

const time = (at: string) => ({ at: new Date(at), by: 'U0', recordedAt: new Date(at), earlier: [] });
let id = 0;
const save = (minutes: number, change: Partial<Incident> = {}) => {
  const milestones = {
    impact_started: time('2026-06-03T10:00:00Z'),
    detected: time(`2026-06-03T10:${String(minutes).padStart(2, '0')}:00Z`),
  };
  id += 1;
  return saveIncident(store, anIncident({ id, status: 'resolved', milestones, ...change }));
};

beforeAll(async () => {
  database = await createTestDatabase();
  store = openStore(database.url);
  folder = await temporaryFolder();
  config = await folder.write('firebreak.yml', CONFIG);
  await save(10, { severity: 'sev1', service: 'shop' });
  await save(20);
  await save(30, { private: true });
  await save(1, { kind: 'drill' });
});
afterAll(async () => {
  await store.close();
  await database.drop();
  await folder.remove();
});

const JUNE = ['--from', '2026-06-01', '--to', '2026-06-30'] as const;

describe('figures in a terminal', () => {
  it('are a table with the formula beside each time, and say what is left out', async () => {
    const { code, out, err } = await stats(...JUNE);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(
      '2 incidents whose impact began from 2026-06-01T00:00:00.000Z until before 2026-07-01',
    );
    expect(out).toContain(
      'Not counted: 1 drill, 0 duplicates, 0 cancelled; private ones only with --private.',
    );
    expect(out).toMatch(/time to detect +detected - impact_started +15 min +19 min +2 +0\n/);
    expect(out).toMatch(/time to resolve +resolved - impact_started +not recorded +not recorded +0 +2\n/);
    expect(out).toMatch(
      /Severity sev1: 1 incident\n[\s\S]*Severity sev2: 1 incident\n[\s\S]*Service shop: 1/,
    );
  });

  it('are facts for machines, with the private ones on demand', async () => {
    const { out } = await stats(...JUNE, '--json', '--private', '--severity', 'sev2');
    expect(JSON.parse(out)).toMatchObject({
      incidents: 2,
      private: true,
      times: [
        { name: 'time to detect', count: 2, not_recorded: 0, median_s: 1500, p90_s: 1740 },
        {},
        {},
        { median_s: null },
      ],
      left_out: { drills: 1 },
      by_severity: [{ name: 'sev2' }],
      by_service: [{ name: null }],
    });
  });

  it.each([
    [['--from', '2026-06-30', '--to', '2026-06-01'], /--from has to be before --to/],
    [['--since', '30d', '--to', '2026-06-01'], /exclude each other/],
    [['--since', 'soon'], /soon is not like 30d/],
    [['--from', '2026-02-30'], /not a day/],
  ])('refuse %j as wrong usage', async (args, reason) => {
    const { code, err } = await stats(...args);
    expect(code).toBe(2);
    expect(err).toMatch(reason);
  });
});
