import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { serverConfig, usersConfig } from '../../../src/analytics/embedded/config.ts';

const USERS = { keyledger: { password: 'p'.repeat(32) }, sre: { password: 'q'.repeat(32) } };

test('users stand there by the hash of their password', () => {
  const xml = usersConfig(USERS, 'keyledger');
  for (const { password } of Object.values(USERS)) {
    expect(xml).toContain(createHash('sha256').update(password).digest('hex'));
    expect(xml).not.toContain(password);
  }
});

test('the user without a password holds one session and no data', () => {
  const [, user = ''] = /<default>\s+<password\/>([\s\S]*?)<\/default>/.exec(usersConfig(USERS, 'keyledger')) ?? [];
  expect(user).toContain('<profile>gate</profile>');
  expect(user.match(/<query>.*?<\/query>/g)).toEqual([
    '<query>GRANT SYSTEM LISTEN ON *.*</query>',
    '<query>GRANT SELECT ON system.one</query>',
  ]);
});

test('a path with characters of XML stays one path', () => {
  expect(serverConfig('/data/<a>&"b"/users.xml')).toContain('<path>/data/&#60;a&#62;&#38;&#34;b&#34;/users.xml</path>');
});
