import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createSockets, openAll } from '../src/closing.ts';

describe('opening one after the other', () => {
  const closed: string[] = [];
  beforeEach(() => closed.splice(0));
  const close = (name: string, fails = false) => {
    closed.push(name);
    return fails ? Promise.reject(new Error(`${name} would not close`)) : Promise.resolve();
  };

  it('closes in reverse, all of it, and throws the first error at the end', async () => {
    const open = await openAll((onClose) => {
      onClose(() => close('first'));
      onClose(() => close('second', true));
      onClose(() => {
        throw new Error(`third threw, ${closed.push('third')}`);
      });
      onClose(() => close('fourth'));
      return Promise.resolve({ url: 'x' });
    });
    await expect(open.close()).rejects.toThrow('third threw');
    expect(closed).toEqual(['fourth', 'third', 'second', 'first']);
    await open.close();
    expect(closed).toHaveLength(4);
  });

  it('tells why it did not open, whatever closing says', async () => {
    const failed = openAll((onClose) => {
      onClose(() => close('first'));
      onClose(() => close('second', true));
      return Promise.reject(new Error('no token'));
    });
    await expect(failed).rejects.toThrow('no token');
    expect(closed).toEqual(['second', 'first']);
  });
});

it('writes what is written in one turn in one go', async () => {
  const server = createServer((peer) => peer.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = createSockets();
  const socket = sockets.open();
  try {
    socket.connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    const written = new Promise((done) => socket.write('one', done));
    // Held, together with what follows.
    expect(socket.writableCorked).toBe(1);
    await written;
    expect(socket.writableCorked).toBe(0);
  } finally {
    await sockets.ended(new Promise((ended) => socket.end(ended)));
    server.close();
  }
});
