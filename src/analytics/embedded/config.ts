import { sha256Hex, type ClickHouseUsers } from './users.ts';

const MIB = 1024 * 1024;
const LOOPBACK = '<networks><ip>127.0.0.1</ip></networks>';

const ENGINES = ['MergeTree', 'ReplacingMergeTree', 'AggregatingMergeTree', 'Memory'];

const escapeXml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${String(character.codePointAt(0))};`);

const grants = (...queries: readonly string[]): string =>
  `<grants>${queries.map((query) => `<query>${escapeXml(query)}</query>`).join('')}</grants>`;

/** What `clickhouse local` is told by `--config-file`. Caches are cut to what a small machine can spare. */
export function serverConfig(usersXmlPath: string): string {
  return `<clickhouse>
  <user_directories><users_xml><path>${escapeXml(usersXmlPath)}</path></users_xml></user_directories>
  <access_control_improvements>
    <!-- Without it every user reads most of database system: settings, paths, other databases. -->
    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
  </access_control_improvements>
  <mark_cache_size>${String(64 * MIB)}</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_mark_cache_size>${String(16 * MIB)}</index_mark_cache_size>
  <mmap_cache_size>64</mmap_cache_size>
</clickhouse>
`;
}

/**
 * Who may do what. `default` is the user of the local session that keeps the server alive; it has no password, so it may do
 * nothing but open the listener, and `max_sessions_for_user` is 1: the local session holds the only one, and every request without
 * credentials is refused (USER_SESSION_LIMIT_EXCEEDED), `SYSTEM STOP LISTEN` included.
 */
export function usersConfig(users: ClickHouseUsers, database: string): string {
  return `<clickhouse>
  <profiles>
    <default/>
    <gate><max_sessions_for_user>1</max_sessions_for_user></gate>
    <reader>
      <readonly>1</readonly>
      <max_execution_time>60</max_execution_time>
      <constraints><max_execution_time><changeable_in_readonly/></max_execution_time></constraints>
    </reader>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password/>${LOOPBACK}<profile>gate</profile><quota>default</quota>
      ${grants('GRANT SYSTEM LISTEN ON *.*', 'GRANT SELECT ON system.one')}
    </default>
    <keyledger>
      <password_sha256_hex>${sha256Hex(users.keyledger.password)}</password_sha256_hex>
      ${LOOPBACK}<profile>default</profile><quota>default</quota>
      ${grants(
        `GRANT ALL ON ${database}.*`,
        // Of the engines only those of the migrations: others open files and connections.
        ...ENGINES.map((engine) => `GRANT TABLE ENGINE ON ${engine}`),
        'GRANT SELECT ON system.parts',
      )}
    </keyledger>
    <sre>
      <password_sha256_hex>${sha256Hex(users.sre.password)}</password_sha256_hex>
      ${LOOPBACK}<profile>reader</profile><quota>default</quota>
      ${grants(`GRANT SELECT ON ${database}.*`)}
    </sre>
  </users>
</clickhouse>
`;
}
