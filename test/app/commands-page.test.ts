import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, defineCommand } from '../../src/app/command.ts';
import { renderCommandsPage } from '../../src/app/commands-page.ts';
import { loadCommands } from '../../src/app/load-commands.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';

const verb = (change: Partial<Command>): Command =>
  defineCommand({
    verb: 'note',
    group: 'record',
    summary: 'write a line',
    usage: 'note <text>',
    examples: ['note it is slow'],
    where: 'incident',
    permission: 'respond',
    run: () => Promise.resolve({ text: '' }),
    ...change,
  });

describe('docs/commands.md', () => {
  it('is what the verbs say; `npm run docs` writes it', async () => {
    const found = await readFile(join(PACKAGE_ROOT, 'docs', 'commands.md'), 'utf8');
    expect(found).toBe(renderCommandsPage(await loadCommands(), '/incident'));
  });

  it('shows of a verb all that its definition says, under the name of the slash command', () => {
    const page = renderCommandsPage([verb({ aliases: ['jot'], where: 'anywhere' })], '/outage');
    for (const part of ['## Record', '### /outage note', '/outage note <text>', 'Write a line.', '`jot`'])
      expect(page).toContain(part);
    expect(page).toContain('- Where: anywhere\n- Who: Needs `respond`; who has it');
    expect(page).toContain('```\n/outage note it is slow\n```');
    expect(page).not.toContain('/incident');
  });

  it('leads from the tables to the sections', () => {
    const page = renderCommandsPage([verb({})], '/my_outage-1');
    expect(page).toContain('| [`note`](#my_outage-1-note) * | write a line |');
  });

  it('is Markdown whatever the words hold', () => {
    const page = renderCommandsPage([verb({ summary: 'a | b, <c> and *d*, but `<e>`' })], '/incident');
    expect(page).toContain('| a \\| b, \\<c\\> and \\*d\\*, but `<e>` |');
    expect(page).toContain('A | b, \\<c\\> and \\*d\\*, but `<e>`.');
    const cells = page.split('\n').filter((line) => line.startsWith('|'));
    for (const line of cells) expect(line.replaceAll('\\|', '').split('|')).toHaveLength(4);
  });
});
