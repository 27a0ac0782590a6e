/** `ack`: acknowledges the page that I got, for who has no button at hand. */
import type { App } from '../src/app/app.ts';
import { defineCommand, type Request } from '../src/app/command.ts';
import { FIREBREAK } from '../src/app/visibility.ts';
import type { Incident, Page } from '../src/domain/incident.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'ack',
  group: 'people',
  aliases: ['acknowledge'],
  summary: 'acknowledge the page that you got',
  usage: 'ack [<incident>]',
  examples: ['ack', 'ack inc-1'],
  where: 'anywhere',
  // Who was paged may say so, whatever else they may do.
  permission: 'paged',
  async run(request, app) {
    const { actor: by, cause } = request;
    const incident = await pagedIn(request, app);
    const page = incident && pageOf(incident, by);
    if (!incident || !page) return refuse('PAGE_NOT_YOURS');
    const wish = { kind: 'answer-page', by, page: page.number, answer: 'acknowledged' } as const;
    const done = await app.act(incident.id, wish, cause);
    return done.ok ? { text: `Acknowledged. inc-${incident.id} knows that you are coming.` } : done;
  },
});

/** The newest that waits for an answer; else the newest, which says what became of it. */
const pageOf = ({ pages }: Incident, by: string): Page | undefined =>
  pages.findLast(({ user, answer }) => user === by && answer === undefined) ??
  pages.findLast(({ user }) => user === by);

/** The one that was named; else that of the channel when they were paged in it, else the newest where they are awaited. */
async function pagedIn({ incident: here, actor, words }: Request, app: App): Promise<Incident | undefined> {
  const named = /^(?:inc-|#)?(\d{1,9})$/i.exec(words)?.[1];
  if (named !== undefined) return app.incident(Number(named));
  const known = here === undefined ? undefined : await app.incident(here);
  if (known && pageOf(known, actor)) return known;
  // Who is paged for a private incident is not in its channel yet, and knows of it all the same.
  const open = await app.incidents({ state: 'open', person: actor }, FIREBREAK);
  const paged = open.filter((each) => pageOf(each, actor));
  return paged.find((each) => pageOf(each, actor)?.answer === undefined) ?? paged[0];
}
