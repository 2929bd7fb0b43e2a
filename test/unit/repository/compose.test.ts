import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseConfig } from '../../../src/app/config.ts';

const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

const Service = z.looseObject({
  image: z.string(),
  build: z.string().optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])),
  ports: z.array(z.string()),
  volumes: z.array(z.string()),
  healthcheck: z.looseObject({ test: z.array(z.string()) }),
  security_opt: z.array(z.string()),
  cap_drop: z.array(z.string()).optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
});
const Compose = z.object({
  name: z.string(),
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.null()),
});

const source = read('docker-compose.yml');
const compose = Compose.parse(parse(source));
const services = Object.entries(compose.services);
const keyledger = compose.services['keyledger']!;

/** What Compose makes of `${NAME:-default}` when nothing is set. */
const settled = (value: string | number): string => String(value).replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');

describe.each(services)('docker-compose.yml: %s', (_, service) => {
  test('publishes its ports on this machine only', () => {
    expect(service.ports.filter((port) => !/^127\.0\.0\.1:\d+:\d+$/.test(port))).toEqual([]);
  });

  test('names the version it runs', () => {
    expect(service.image).toMatch(/^[\w./-]+:(?!latest$)[\w.-]+$/);
  });

  test('says whether it is healthy, and gains no privileges', () => {
    expect(service.healthcheck.test[0]).toBe('CMD');
    expect(service.security_opt).toContain('no-new-privileges:true');
  });

  test('keeps its data in a volume that is declared', () => {
    const names = service.volumes.map((volume) => volume.split(':')[0]);
    expect(names.filter((name) => name === undefined || !(name in compose.volumes))).toEqual([]);
    expect(names).not.toEqual([]);
  });
});

describe('docker-compose.yml', () => {
  test('brings up Kafka, ClickHouse and Keyledger, the last from its own Dockerfile and after the others are healthy', () => {
    expect(Object.keys(compose.services).toSorted()).toEqual(['clickhouse', 'kafka', 'keyledger']);
    expect(keyledger.build).toBe('.');
    expect(keyledger.depends_on).toEqual({
      kafka: { condition: 'service_healthy' },
      clickhouse: { condition: 'service_healthy' },
    });
  });

  test('gives Keyledger a root file system it cannot write, no capabilities, and only /tmp beside its volume', () => {
    expect(keyledger).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    expect(keyledger.tmpfs?.map((mount) => mount.split(':')[0])).toEqual(['/tmp']);
    expect(keyledger.volumes).toEqual([`keyledger-data:${String(keyledger.environment['KEYLEDGER_DATA'])}`]);
  });

  test('has no secret that is not marked CHANGEME', () => {
    const secrets = services.flatMap(([, { environment }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|SECRET/.test(name)),
    );
    expect(secrets.length).toBeGreaterThan(0);
    expect(secrets.filter(([, value]) => !settled(value).endsWith('CHANGEME'))).toEqual([]);
  });

  test('sets nothing for Keyledger that it does not know, and what it sets is accepted', () => {
    const environment = Object.fromEntries(
      Object.entries(keyledger.environment).map(([name, value]) => [name, settled(value)]),
    );
    const config = parseConfig(environment);
    expect(config).toMatchObject({
      host: '0.0.0.0',
      apiPort: 7600,
      consolePort: 7601,
      kafkaBrokers: ['kafka:19092'],
      webhook: undefined,
    });
    expect(config.clickHouse).toEqual({ url: 'http://clickhouse:8123', user: 'keyledger', password: 'CHANGEME' });

    const known = read('src/app/config.ts');
    expect(Object.keys(environment).filter((name) => !known.includes(`  ${name}:`))).toEqual([]);
  });

  test('asks the health of Keyledger on the port that Keyledger serves it on', () => {
    expect(keyledger.healthcheck.test.join(' ')).toContain(
      `:${String(keyledger.environment['KEYLEDGER_CONSOLE_PORT'])}/healthz`,
    );
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');
  const stages = dockerfile.split(/^FROM /m).slice(1);

  test('builds in stages on a pinned line of Node, and runs as somebody other than root', () => {
    expect(stages.length).toBeGreaterThan(1);
    for (const stage of stages) expect(stage).toMatch(/^node:20-bookworm-slim\b/);
    expect(stages.at(-1)).toMatch(/^USER node$/m);
  });

  test('runs no install script of any package', () => {
    const installs = [...dockerfile.matchAll(/npm ci.*/g)].map(([line]) => line);
    expect(installs.filter((line) => !line.includes('--ignore-scripts'))).toEqual([]);
  });

  test('copies nothing into the image that .dockerignore keeps out', () => {
    const allowed = new Set([...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, name]) => name));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) => names!.split(' '));
    expect(new Set(copied)).toEqual(allowed);
    expect(read('.dockerignore')).toMatch(/^\*$/m);
  });
});
