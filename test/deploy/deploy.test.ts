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

test('compose.yml is YAML whose services depend on each other', () => {
  const { services, volumes } = parse(read('compose.yml')) as {
    services: Record<string, { depends_on?: object; volumes: readonly string[] }>;
    volumes: object;
  };
  expect(Object.keys(services['firebreak']?.depends_on ?? {})).toEqual(['store']);
  expect(services['store']?.volumes).toEqual(['store:/var/lib/postgresql']);
  expect(volumes).toHaveProperty('store');
});
