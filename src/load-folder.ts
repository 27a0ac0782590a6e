/** Loads a folder that grows by one file a thing: each file's default export, its name the file's name. */
import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { FirebreakError } from './errors.ts';

/** By file name, from sources and from what they are built to. Throws MODULE_MISNAMED. */
export async function loadFolder<Item>(
  folder: URL,
  nameOf: (item: Item) => string,
): Promise<readonly Item[]> {
  const files = (await readdir(folder)).filter(isModule).sort();
  const items: Item[] = [];
  // One after the other: Jest's module loader does not bear imports of one graph side by side.
  for (const file of files) {
    const { default: item } = (await import(new URL(file, folder).href)) as { default?: Item };
    if (item === undefined || nameOf(item) !== basename(file, extname(file))) {
      throw new FirebreakError('MODULE_MISNAMED', { found: `${basename(folder.pathname)}/${file}` });
    }
    items.push(item);
  }
  return items;
}

/** What is in it, without loading any of it. */
export const namesIn = (folder: URL): readonly string[] =>
  readdirSync(folder)
    .filter(isModule)
    .map((file) => basename(file, extname(file)))
    .sort();

const isModule = (file: string): boolean => /(?<!\.d)\.[jt]s$/.test(file);
