/**
 * Brings dist/ up to date with the sources, file by file and without checking types. Tests that start the program as
 * a process of its own start what is built, as people do: from source each start takes a second of processor more.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
/** The program, and what the tests start beside it; the page of the sandbox is built by Vite. */
const FOLDERS = ['src', 'commands', 'sandbox', 'chaos', 'test/jobs', 'test/support'];
const IS_BUILT = /^(?!sandbox\/web\/).*(?<!\.test)\.ts$/;

export async function build() {
  const sources = (await filesIn(ROOT)).filter((name) => IS_BUILT.test(name));
  const stale = [];
  for (const source of sources) {
    if ((await changedAt(outputOf(source))) < (await changedAt(join(ROOT, source)))) stale.push(source);
  }
  if (stale.length > 0) await transpile(stale);
  await removeAllBut(new Set(sources.map(outputOf)));
}

const outputOf = (source) => join(ROOT, 'dist', source.replace(/\.ts$/, '.js'));

async function filesIn(root) {
  const found = FOLDERS.map(async (folder) => {
    const names = await readdir(join(root, folder), { recursive: true }).catch(() => []);
    return names.map((name) => join(folder, name));
  });
  return (await Promise.all(found)).flat();
}

const changedAt = (path) =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

async function transpile(sources) {
  const { default: ts } = await import('typescript');
  const config = ts.getParsedCommandLineOfConfigFile(join(ROOT, 'tsconfig.build.json'), {}, ts.sys);
  const compilerOptions = { ...config.options, sourceMap: false, module: ts.ModuleKind.ESNext };
  for (const source of sources) {
    const output = outputOf(source);
    const code = ts.transpileModule(await readFile(join(ROOT, source), 'utf8'), { compilerOptions });
    await mkdir(dirname(output), { recursive: true });
    // Another run of the tests may be starting it.
    const mode = code.outputText.startsWith('#!') ? 0o755 : 0o644;
    await writeFile(`${output}.${process.pid}`, code.outputText, { mode });
    await rename(`${output}.${process.pid}`, output);
  }
}

/** A verb or a check is found by its file: what is left of a removed one would be found too. */
async function removeAllBut(outputs) {
  for (const name of await filesIn(join(ROOT, 'dist'))) {
    const path = join(ROOT, 'dist', name);
    if (name.endsWith('.js') && !name.startsWith(join('sandbox', 'web')) && !outputs.has(path))
      await rm(path);
  }
}
