/** All that goes out over HTTP: where it may go is checked at the moment of connecting. */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { Agent, buildConnector, fetch, type RequestInit as Init } from 'undici';

/**
 * `fetch` for an address that the operator wrote. Loopback and private networks may be reached, since a webhook or a
 * health page is often there; what tells a machine its own credentials may not, by whatever name. No redirect is
 * followed: it is answered as it is, or an error when `redirect` says so. Refuses with the code ADDRESS_REFUSED as cause.
 */
export const outbound = (address: string | URL, init: RequestInit = {}): Promise<Response> =>
  ask(address, { redirect: 'manual', ...init });

/** Link-local, and where clouds answer who asks with credentials. */
const FORBIDDEN = new BlockList();
FORBIDDEN.addSubnet('169.254.0.0', 16, 'ipv4');
for (const address of ['100.100.100.200', '168.63.129.16', '192.0.0.192'])
  FORBIDDEN.addAddress(address, 'ipv4');
for (const [network, prefix] of [
  ['fe80::', 10],
  ['fd00:ec2::', 32],
  ['fd20:ce::', 32],
  ['fd00:c1::', 32],
  // The same as 169.254.0.0/16 through NAT64, and as it was written long ago.
  ['64:ff9b::a9fe:0', 112],
  ['::a9fe:0', 112],
] as const)
  FORBIDDEN.addSubnet(network, prefix, 'ipv6');

/** True for an address, v4 or v6, that nothing is sent to. */
export const isForbidden = (address: string): boolean =>
  FORBIDDEN.check(address.split('%', 1)[0] ?? '', isIP(address) === 6 ? 'ipv6' : 'ipv4');

type Found = (error: Error | null, addresses: string | LookupAddress[], family?: number) => void;

/** What is looked up is what is connected to: a name that answers otherwise a moment later leads nowhere else. */
export function checkedLookup(name: string, options: LookupOptions, found: Found): void {
  lookup(name, { ...options, all: true }, (error, addresses) => {
    const [first] = error ? [] : addresses;
    if (error) found(error, []);
    else if (first === undefined || addresses.some(({ address }) => isForbidden(address)))
      found(refused(), []);
    else if (options.all === true) found(null, addresses);
    else found(null, first.address, first.family);
  });
}

const connected = buildConnector({ lookup: checkedLookup });

/** Of an address in figures no name is looked up. */
const connect: buildConnector.connector = (options, done) => {
  const literal = options.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && isForbidden(literal)) done(refused(), null);
  else connected(options, done);
};

const refused = (): Error =>
  Object.assign(new Error('this address is never asked: clouds give credentials there'), {
    code: 'ADDRESS_REFUSED',
  });

const AGENT = new Agent({ connect });

/** The package's own `fetch`, as the agent is; Node brings the same with types of its own. */
function ask(address: string | URL, init: RequestInit): Promise<Response> {
  const asked: unknown = fetch(address, { ...(init as unknown as Init), dispatcher: AGENT });
  return asked as Promise<Response>;
}
