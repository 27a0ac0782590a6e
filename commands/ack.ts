/** `ack`: acknowledges the page that I got, for who has no button at hand. */
import type { App } from '../src/app/app.ts';
import { defineCommand, type Request } from '../src/app/command.ts';
import { FIREBREAK } from '../src/app/visibility.ts';
import type { Incident } from '../src/domain/incident.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'ack',
  group: 'people',
  aliases: ['acknowledge'],
  summary: 'acknowledge the page that you got',
  usage: 'ack',
  examples: ['ack'],
  where: 'anywhere',
  // Who was paged may say so, whatever else they may do.
  permission: 'read',
  async run(request, app) {
    const { actor: by, inboxKey } = request;
    const incident = await pagedIn(request, app);
    const page = incident?.pages.findLast(({ user }) => user === by);
    if (!incident || !page) return refuse('PAGE_NOT_YOURS');
    const wish = { kind: 'answer-page', by, page: page.number, answer: 'acknowledged' } as const;
    const done = await app.act(incident.id, wish, { inboxKey });
    return done.ok ? { text: `Acknowledged. inc-${incident.id} knows that you are coming.` } : done;
  },
});

/** The incident of the channel, else the newest open one in which they were paged. */
async function pagedIn({ incident, actor }: Request, app: App): Promise<Incident | undefined> {
  if (incident !== undefined) return app.incident(incident);
  // Who is paged for a private incident is not in its channel yet, and knows of it all the same.
  const open = await app.incidents({ state: 'open', person: actor }, FIREBREAK);
  return open.find(({ pages }) => pages.some(({ user }) => user === actor));
}
