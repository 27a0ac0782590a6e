/** A load balancer in front of bots that Slack reaches over HTTP. */
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Balancer {
  readonly url: string;
  /** The address of an instance. */
  add(url: string): void;
  close(): Promise<void>;
}

/** One after the other; one that takes no connection is passed over, one that is frozen is not noticed. */
export async function openBalancer(): Promise<Balancer> {
  const urls: string[] = [];
  let turn = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => pass(0));
    // Each goes round by itself: many at once would else pass over those that take them.
    const first = turn++;
    const pass = (tried: number): void => {
      const url = urls[(first + tried) % urls.length];
      if (url === undefined || tried === urls.length) return void response.writeHead(502).end();
      const { method = 'POST', headers } = request;
      const onward = forward(`${url}/slack/events`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => (response.destroyed ? undefined : pass(tried + 1)));
      response.on('close', () => onward.destroy());
      onward.end(Buffer.concat(chunks));
    };
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events`,
    add: (url) => void urls.push(url),
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}
