/** The verbs that say a line of the report: `impact`, `summary`, `cause`, `fix`. Without a text they show it. */
import type { Account } from '../domain/incident.ts';
import { refuse } from '../domain/refusal.ts';
import { type Command, defineCommand } from './command.ts';
import { intend } from './intend.ts';

export const accountCommand = ({
  verb,
  summary,
  example,
  aliases,
}: {
  readonly verb: Account;
  readonly summary: string;
  readonly example: string;
  readonly aliases?: readonly string[];
}): Command =>
  defineCommand({
    verb,
    group: 'record',
    ...(aliases ? { aliases } : {}),
    summary,
    usage: `${verb} [<text>]`,
    examples: [example, verb],
    where: 'incident',
    permission: (words) => (words === '' ? 'read' : 'respond'),
    async run(request, app) {
      if (request.words !== '') {
        const wish = { kind: 'account', by: request.actor, account: verb, text: request.words } as const;
        return intend(app, request, wish, () => `Noted for the report (${verb}).`);
      }
      const known = await app.incident(request.incident ?? 0);
      if (!known) return refuse('INCIDENT_UNKNOWN', { found: request.incident ?? 0 });
      return { text: known.accounts[verb] ?? `Not said yet. For example: \`${request.command} ${example}\`` };
    },
  });
