import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clockFinding } from '../../src/doctor/clocks.ts';
import { diskFinding, examineFolder, examineHttp } from '../../src/doctor/machine.ts';
import { startReceiver } from '../support/receiver.ts';
import { notWell } from './support.ts';

describe('the doctor of the machine', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firebreak-doctor-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('writes into the data folder, and leaves nothing there', async () => {
    const findings = await examineFolder(folder);
    expect(findings.map(({ name }) => name)).toEqual(['data folder', 'disk']);
    expect(findings[0]).toMatchObject({ status: 'ok', found: `${folder} can be written to.` });
    expect(await readdir(folder)).toEqual([]);
  });

  it('makes no folder that is not there yet', async () => {
    const [finding] = await examineFolder(join(folder, 'some', 'where'));
    expect(finding).toMatchObject({ status: 'ok', found: expect.stringContaining('can be made') as string });
    expect(await readdir(folder)).toEqual([]);
  });

  // Of a folder without the right to write root learns nothing: these refuse root too.
  it.each(['/proc/firebreak', '/dev/null/firebreak'])(
    'tells of %s, where nothing can be written',
    async (where) => {
      expect(notWell(await examineFolder(where))).toEqual(['fail data folder']);
    },
  );

  it('tells of a file in its place', async () => {
    const file = join(folder, 'taken');
    await writeFile(file, '');
    expect(notWell(await examineFolder(file))).toEqual(['fail data folder']);
    await rm(file);
  });

  it.each([
    [5 * 1024 ** 3, 'ok'],
    [500 * 1024 ** 2, 'warn'],
    [99 * 1024 ** 2, 'fail'],
  ])('of %i bytes that are free it says %s', (free, status) => {
    expect(diskFinding(free, '/x')).toMatchObject({ status });
  });

  it('tells a port that is free, held by a bot, or held by something else', async () => {
    const at = (port: number, host = '127.0.0.1') =>
      examineHttp({ listen: { host, port }, tokens: ['x'], secrets: {} });
    const bot = await startReceiver(
      {},
      { pages: { '/readyz': () => Promise.resolve({ status: 503, body: { database: 'x', queue: 'x' } }) } },
    );
    const port = Number(new URL(bot.url).port);
    expect(await at(port)).toMatchObject({
      status: 'ok',
      found: `A bot that runs answers at 127.0.0.1:${port}.`,
    });
    await bot.stop();
    expect(await at(port)).toMatchObject({ status: 'ok', found: `127.0.0.1:${port} is free.` });
    const other = createServer((_, response) => void response.end('{}'));
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    expect(await at((other.address() as AddressInfo).port)).toMatchObject({ status: 'fail' });
    other.close();
    expect(await at(3080, '192.0.2.1')).toMatchObject({ status: 'fail' });
  });

  it('says that nothing can be sent where no token is set', async () => {
    const finding = await examineHttp({ listen: { host: '127.0.0.1', port: 0 }, tokens: [], secrets: {} });
    expect(finding.found).toContain('FIREBREAK_TOKEN is not set');
  });

  it('takes what the way to a clock and its grain may explain for no difference', () => {
    const reading = (theirs: number, asked = 0, answered = 0) => ({ theirs, asked, answered });
    const status = (...of: Parameters<typeof reading>) =>
      clockFinding('clock', "Slack's", reading(...of)).status;
    expect(status(900)).toBe('ok');
    expect(status(1100)).toBe('warn');
    expect(status(1100, -4000, 4000)).toBe('ok');
    expect(status(-31_000)).toBe('fail');
    expect(clockFinding('clock', "Slack's", { ...reading(1100), grainMs: 1000 }).status).toBe('warn');
    expect(clockFinding('clock', "Slack's", reading(-5000)).found).toBe(
      "This machine's clock is 5 s ahead of Slack's.",
    );
  });
});
