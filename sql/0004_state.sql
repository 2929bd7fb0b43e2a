-- The current state of each key, from the compacted topic. Read with FINAL: the row with the highest seq is the truth.
CREATE TABLE IF NOT EXISTS key_state
(
    seq                  UInt64,
    arn                  String,
    key_id               String,
    account              LowCardinality(String),
    region               LowCardinality(String),
    spec                 LowCardinality(String),
    usage                LowCardinality(String),
    origin               LowCardinality(String),
    state                LowCardinality(String),
    description          String,
    multi_region         Bool,
    policy_digest        String,
    tags                 Map(String, String),
    aliases              Array(String),
    version              UInt32,
    -- 0 and the epoch mean: not set.
    rotation_period_days UInt32,
    next_rotation_at     DateTime64(6, 'UTC'),
    last_rotated_at      DateTime64(6, 'UTC'),
    delete_at            DateTime64(6, 'UTC'),
    created_at           DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(seq)
-- No PARTITION BY: versions of one key must meet, and there are few keys. No TTL: a deleted key is still an answer.
ORDER BY (account, arn)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- What detectors claim. The id is derived from the cause, so a replay writes the same row, which then replaces itself.
CREATE TABLE IF NOT EXISTS findings
(
    id               String,
    detector         LowCardinality(String),
    detector_version UInt32,
    severity         LowCardinality(String),
    title            String,
    time             DateTime64(6, 'UTC')    CODEC(Delta, ZSTD(1)),
    account          LowCardinality(String),
    region           LowCardinality(String),
    key_arn          String,
    principal        String,
    techniques       Array(LowCardinality(String)),
    explanation      String,
    observed         Float64,
    expected         Float64,
    probability      Float64,
    window_start     DateTime64(6, 'UTC'),
    window_end       DateTime64(6, 'UTC'),
    seqs             Array(UInt64),
    finding          String                  CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
-- A finding's time never changes, so repeats of it always meet in one month.
PARTITION BY toYYYYMM(time)
-- Listed by account and time; the id makes a row unique.
ORDER BY (account, time, id)
-- Findings explain alerts and audits long after the raw events are gone.
TTL toDateTime(time) + INTERVAL 5 YEAR
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;

-- What people receive. Each update is a version; read with FINAL: the last one is the alert as it stands.
CREATE TABLE IF NOT EXISTS alerts
(
    id          String,
    version     UInt32,
    status      LowCardinality(String),
    severity    LowCardinality(String),
    route       LowCardinality(String),
    title       String,
    account     LowCardinality(String),
    region      LowCardinality(String),
    key_arn     String,
    principal   String,
    detectors   Array(LowCardinality(String)),
    techniques  Array(LowCardinality(String)),
    first_seen  DateTime64(6, 'UTC'),
    last_seen   DateTime64(6, 'UTC'),
    findings_count UInt64,
    findings    Array(String),
    explanation String,
    seqs        Array(UInt64),
    alert       String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(version)
-- No PARTITION BY: versions of one alert may be months apart and must meet.
ORDER BY (account, id)
-- As findings. A closed alert expires by when it was last seen.
TTL toDateTime(last_seen) + INTERVAL 5 YEAR
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
