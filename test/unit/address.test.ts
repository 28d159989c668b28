import { isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../src/domain/address.ts';

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '168.63.129.15',
  '169.253.255.255',
  '169.255.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '192.0.1.1',
  '192.167.255.255',
  '192.169.0.1',
  '198.17.255.255',
  '198.20.0.1',
  '203.0.114.1',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2A00:1450:4001:81B::200E',
  '2001:4860:4860::8888',
  '::ffff:8.8.8.8',
  '::ffff:808:808',
  '64:ff9b::8.8.8.8',
];

const CLOSED = [
  ['this network', '0.0.0.0'],
  ['this network', '0.1.2.3'],
  ['private', '10.0.0.1'],
  ['private', '10.255.255.255'],
  ['private', '172.16.0.1'],
  ['private', '172.31.255.255'],
  ['private', '192.168.1.1'],
  ['carrier NAT', '100.64.0.1'],
  ['Alibaba metadata', '100.100.100.200'],
  ['carrier NAT', '100.127.255.255'],
  ['loopback', '127.0.0.1'],
  ['loopback', '127.255.255.254'],
  ['link-local', '169.254.0.1'],
  ['metadata', '169.254.169.254'],
  ['ECS metadata', '169.254.170.2'],
  ['Azure wire server', '168.63.129.16'],
  ['IETF and Oracle metadata', '192.0.0.192'],
  ['documentation', '192.0.2.1'],
  ['6to4 relay', '192.88.99.1'],
  ['benchmarks', '198.18.0.1'],
  ['benchmarks', '198.19.255.255'],
  ['documentation', '198.51.100.7'],
  ['documentation', '203.0.113.7'],
  ['multicast', '224.0.0.1'],
  ['multicast', '239.255.255.255'],
  ['reserved', '240.0.0.1'],
  ['broadcast', '255.255.255.255'],
  ['unspecified', '::'],
  ['loopback', '::1'],
  ['loopback', '0:0:0:0:0:0:0:1'],
  ['IPv4-compatible', '::127.0.0.1'],
  ['IPv4-compatible', '::8.8.8.8'],
  ['mapped loopback', '::ffff:127.0.0.1'],
  ['mapped loopback', '::ffff:7f00:1'],
  ['mapped metadata', '0:0:0:0:0:ffff:a9fe:a9fe'],
  ['mapped private', '::FFFF:10.0.0.1'],
  ['translated', '::ffff:0:127.0.0.1'],
  ['NAT64 loopback', '64:ff9b::127.0.0.1'],
  ['NAT64 metadata', '64:ff9b::a9fe:a9fe'],
  ['local NAT64', '64:ff9b:1::1'],
  ['discard', '100::1'],
  ['Teredo', '2001::1'],
  ['ORCHID', '2001:20::1'],
  ['documentation', '2001:db8::1'],
  ['documentation', '3fff::1'],
  ['6to4 loopback', '2002:7f00:1::1'],
  ['6to4', '2002:808:808::1'],
  ['segment routing', '5f00::1'],
  ['unique local', 'fc00::1'],
  ['unique local', 'fd12:3456:789a::1'],
  ['AWS metadata', 'fd00:ec2::254'],
  ['link-local', 'fe80::1'],
  ['link-local with a zone', 'fe80::1%eth0'],
  ['site-local', 'fec0::1'],
  ['multicast', 'ff02::1'],
  ['a name', 'localhost'],
  ['nothing', ''],
  ['octal', '0177.0.0.1'],
  ['short', '127.1'],
  ['a number', '2130706433'],
  ['hexadecimal', '0x7f.0.0.1'],
  ['too big', '256.1.1.1'],
  ['brackets', '[2606:4700::1111]'],
  ['a public one with a zone', '2606:4700::1%1'],
  ['a port', '8.8.8.8:80'],
  ['spaces', ' 8.8.8.8'],
  ['too many groups', '2606:4700:1:2:3:4:5:6:7'],
  ['two gaps', '2606::1::1'],
  ['an IPv4 address in the middle', '2606:8.8.8.8::1'],
] as const;

describe('isPublicAddress', () => {
  it.each(PUBLIC)('lets %s pass', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each(CLOSED)('keeps %s closed: %s', (_what, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it('takes for IPv6 what Node takes for it', () => {
    for (const text of [
      '2606::',
      '2606:4700::1.2.3.4',
      '2606:1:2:3:4:5:6:7',
      '2606:1:2:3:4:5:1.2.3.4',
      '2606:1:2:3:4:5:6::',
    ]) {
      expect([text, isPublicAddress(text)]).toEqual([text, isIPv6(text)]);
    }
    for (const text of ['2606:12345::1', '2606:1', ':2606::1', '2606::1:', '2606:1:2:3:4:5:6:1.2.3.4', '2606:::1']) {
      expect([text, isPublicAddress(text), isIPv6(text)]).toEqual([text, false, false]);
    }
  });
});
