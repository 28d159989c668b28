/** Networks that no caller's URL may lead to: the machine itself, its neighbours, its cloud's metadata, and what is no host. */
const CLOSED_V4: readonly (readonly [network: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Azure's wire server looks public and is not.
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Inside 2000::/3, which is all that is handed out of IPv6; everything else is closed. */
const CLOSED_V6: readonly (readonly [network: string, bits: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

type Bytes = readonly number[];

const V4 = CLOSED_V4.map(([network, bits]) => ({ network: parseV4(network)!, bits }));
const V6 = CLOSED_V6.map(([network, bits]) => ({ network: parseV6(network)!, bits }));
const GLOBAL = { network: parseV6('2000::')!, bits: 3 };
/** Addresses that carry an IPv4 address in their last four bytes, and are worth what it is worth. */
const CARRIERS = ['::ffff:0:0', '64:ff9b::'].map((network) => ({ network: parseV6(network)!, bits: 96 }));

/**
 * Whether an IP address (v4 or v6, as text, without brackets) belongs to a host on the open internet. Anything that is
 * no plain address is not, nor is one with a zone.
 */
export function isPublicAddress(address: string): boolean {
  const v4 = parseV4(address);
  if (v4 !== undefined) return isPublicV4(v4);
  const v6 = parseV6(address);
  if (v6 === undefined) return false;
  if (CARRIERS.some((carrier) => within(v6, carrier))) return isPublicV4(v6.slice(12));
  return within(v6, GLOBAL) && !V6.some((closed) => within(v6, closed));
}

function isPublicV4(bytes: Bytes): boolean {
  return !V4.some((closed) => within(bytes, closed));
}

function within(bytes: Bytes, { network, bits }: { readonly network: Bytes; readonly bits: number }): boolean {
  for (let at = 0; at * 8 < bits; at++) {
    const mask = (0xff << Math.max(0, 8 - (bits - at * 8))) & 0xff;
    if (((bytes[at]! ^ network[at]!) & mask) !== 0) return false;
  }
  return true;
}

/** Four decimal numbers. Octal, hexadecimal and shortened forms mean different hosts to different readers: they are none. */
function parseV4(text: string): Bytes | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const parts = match.slice(1);
  if (parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith('0')))) return undefined;
  return parts.map(Number);
}

function parseV6(text: string): Bytes | undefined {
  if (!/^[0-9a-f:.]{2,45}$/i.test(text)) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, index) => parseGroups(half, index === halves.length - 1));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const rest = tail ?? [];
  const missing = 16 - head.length - rest.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...rest];
}

/** Groups of four hexadecimal digits; the very last may be an IPv4 address. */
function parseGroups(text: string, isEnd: boolean): Bytes | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    const v4 = isEnd && index === groups.length - 1 ? parseV4(group) : undefined;
    if (v4 !== undefined) bytes.push(...v4);
    else if (/^[0-9a-f]{1,4}$/i.test(group))
      bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}
