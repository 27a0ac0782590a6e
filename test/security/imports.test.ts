/** What the bot can reach by its imports, from its composition root. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { PACKAGE_ROOT } from '../../src/version.ts';

/** The file, and all that it imports, also later and of its own. */
function reachedFrom(file: string, known: Set<string>): void {
  if (known.has(file)) return;
  known.add(file);
  for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles)
    if (fileName.startsWith('.')) reachedFrom(resolve(file, '..', fileName), known);
}

const reached = (...from: readonly string[]): readonly string[] => {
  const known = new Set<string>();
  for (const file of from) reachedFrom(join(PACKAGE_ROOT, file), known);
  return [...known].map((file) => relative(PACKAGE_ROOT, file));
};

/** What is found on disk, and in no import. */
const found = [
  'commands',
  'src/runbooks/steps',
  'src/databases/checks',
  'src/databases/history',
  'src/alerts/sources',
]
  .flatMap((folder) => readdirSync(join(PACKAGE_ROOT, folder)).map((name) => join(folder, name)))
  .filter((file) => file.endsWith('.ts'));

test('the bot reaches nothing that loads the code of a project; the command line, where the project lives, does', () => {
  const ofBot = reached('src/main.ts', ...found);
  expect(ofBot.length).toBeGreaterThan(200);
  const loads = (file: string): boolean => file.startsWith('src/capture/');
  expect(ofBot.filter(loads)).toEqual([]);
  expect(reached('src/cli/main.ts').filter(loads)).not.toEqual([]);
});
