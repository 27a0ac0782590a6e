/** Loads a folder whose every file is one default export named after its file. */
import { readdir } from 'node:fs/promises';
import { extname } from 'node:path';
import { FirebreakError } from '../errors.ts';

/** The default exports of a folder, by file name; works for sources and for what they are built to. */
export async function loadFolder<Item extends { readonly name: string }>(folder: URL): Promise<Item[]> {
  const files = (await readdir(folder)).filter(isModule).sort();
  const items: Item[] = [];
  // One after the other: Jest's module loader does not bear imports of one graph side by side.
  for (const file of files) items.push(await loadFile<Item>(folder, file));
  return items;
}

const isModule = (file: string): boolean =>
  (extname(file) === '.ts' && !file.endsWith('.d.ts')) || extname(file) === '.js';

async function loadFile<Item extends { readonly name: string }>(folder: URL, file: string): Promise<Item> {
  const module = (await import(new URL(file, folder).href)) as { default: Item };
  const found = module.default.name;
  if (found !== file.slice(0, -extname(file).length)) {
    throw new FirebreakError('CHECK_NAME_MISMATCH', { file, found });
  }
  return module.default;
}
