/** What was exported before is there until the new export is whole. */
import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openSink } from '../../src/cli/export.ts';
import { type Folder, temporaryFolder } from './support.ts';

let folder: Folder;
let out: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  out = await folder.write('postmortem.md', 'the old one');
});
afterEach(() => folder.remove());

const LONG = 'x'.repeat(100_000);

test('the file is written whole, and then takes its name', async () => {
  const { write, end } = await openSink(out);
  await write(LONG);
  expect(await readFile(out, 'utf8')).toBe('the old one');
  await end();
  expect(await readFile(out, 'utf8')).toBe(LONG);
  expect(await readdir(folder.path)).toEqual(['postmortem.md']);
});

test('an export that fails leaves the old file, and nothing beside it', async () => {
  const { write, discard } = await openSink(out);
  await write(LONG);
  await discard();
  expect(await readFile(out, 'utf8')).toBe('the old one');
  expect(await readdir(folder.path)).toEqual(['postmortem.md']);
});

test('what is no file, such as a device, is written to as it is', async () => {
  const { write, end } = await openSink('/dev/null');
  await write(LONG);
  await end();
  expect((await stat('/dev/null')).isFile()).toBe(false);
});

test('the rights of the old file stay', async () => {
  await chmod(out, 0o600);
  const { end } = await openSink(out);
  await end();
  expect((await stat(out)).mode & 0o777).toBe(0o600);
});

test('a folder that is not there is an error at once', async () => {
  await expect(openSink(join(folder.path, 'nowhere', 'x.md'))).rejects.toThrow('ENOENT');
});
