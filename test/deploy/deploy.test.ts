/** What containers and services are made of is there; neither is started here. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PACKAGE_ROOT } from '../../src/version.ts';

const read = (name: string): string => readFileSync(join(PACKAGE_ROOT, name), 'utf8');

test('what the image takes from the build is there, and it holds all that the package needs', () => {
  const taken = [...read('Dockerfile').matchAll(/^COPY --from=build (.*) \S+$/gm)].flatMap((match) =>
    (match[1] ?? '').split(' ').map((path) => path.replace('/app/', '')),
  );
  expect(taken.filter((path) => !existsSync(join(PACKAGE_ROOT, path)))).toEqual([]);
  expect(taken).toEqual(
    expect.arrayContaining(['package.json', 'dist', 'src/store/migrations', 'runbooks', 'manifest.yml']),
  );
});

test('what the guide has people write into the clone goes into no commit and no image', () => {
  const written = ['.env', 'firebreak.yml', 'slack.env', '*.backup', '.firebreak'];
  const ignored = (name: string) =>
    read(name)
      .split('\n')
      .map((line) => line.replace(/\/$/, ''));
  expect(ignored('.gitignore')).toEqual(expect.arrayContaining(written));
  expect(ignored('.dockerignore')).toEqual(expect.arrayContaining(written));
});

test('the image runs as a user without rights', () => {
  const users = [...read('Dockerfile').matchAll(/^(?:USER|ENTRYPOINT) .*$/gm)].map(([line]) => line);
  expect(users).toEqual(['USER node', expect.stringMatching(/^ENTRYPOINT /)]);
});

test('compose.yml is YAML whose services depend on each other, keeps what has to be kept, and opens the port', () => {
  const { services, volumes } = parse(read('compose.yml')) as {
    services: Record<string, { depends_on?: object; ports?: readonly string[]; volumes: readonly string[] }>;
    volumes: object;
  };
  // What is kept on disk while the store is away lies in the data folder.
  expect(read('Dockerfile')).toContain('FIREBREAK_DATA_DIR=/data');
  expect(services['firebreak']?.volumes).toContain('data:/data');
  expect(volumes).toHaveProperty('data');
  const port = /127\.0\.0\.1:(\d+)\/healthz/.exec(read('Dockerfile'))?.[1] ?? '';
  expect(services['firebreak']?.ports).toEqual([`127.0.0.1:${port}:${port}`]);
  expect(read('docs/setup.md')).toContain(`http: { listen: "0.0.0.0:${port}" }`);
  expect(Object.keys(services['firebreak']?.depends_on ?? {})).toEqual(['store']);
  expect(services['store']?.volumes).toEqual(['store:/var/lib/postgresql']);
  expect(volumes).toHaveProperty('store');
});

test('the unit runs what the build makes, and has its store where the guide puts it for all verbs', () => {
  const unit = new Map(
    [...read('deploy/firebreak.service').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  const main = /\/opt\/firebreak\/(\S+)/.exec(unit.get('ExecStart') ?? '')?.[1] ?? 'none';
  expect(existsSync(join(PACKAGE_ROOT, main))).toBe(true);
  expect(unit.get('EnvironmentFile')).toBe(`${unit.get('WorkingDirectory') ?? ''}/.env`);
  const guide = read('docs/setup.md');
  expect(guide).toContain(`echo 'FIREBREAK_DATA_DIR=/var/lib/${unit.get('StateDirectory') ?? ''}' >> .env`);
  expect(guide).toContain(`sudo -u ${unit.get('User') ?? ''} node /opt/firebreak/${main}`);
  // Of two places one would be wrong some day.
  expect(unit.has('Environment')).toBe(false);
});

test('the lock file names every part of a package for some platform with its version: npm ci of npm 11 wants them', () => {
  type Locked = { readonly version?: string; readonly optionalDependencies?: Record<string, string> };
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
  const isLocked = (from: string, name: string): boolean => {
    const path = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
    if (packages[path]?.version !== undefined) return true;
    const above = from.lastIndexOf('node_modules/');
    return from !== '' && isLocked(from.slice(0, Math.max(0, above - 1)), name);
  };
  const wanted = Object.entries(packages).flatMap(([from, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).map((name) => ({ from, name })),
  );
  expect(wanted.length).toBeGreaterThan(10);
  expect(wanted.filter(({ from, name }) => !isLocked(from, name))).toEqual([]);
});
