-- One row per KeyEvent: what SREs and analysts filter by as typed columns, and the whole event beside them.
-- Text that an event does not have is '', a number it does not have is 0: Nullable costs a second file per column.
CREATE TABLE IF NOT EXISTS key_events
(
    -- Ascending within an insert and nearly so within a part: deltas are small.
    seq                 UInt64                                   CODEC(Delta, ZSTD(1)),
    id                  UUID                                     CODEC(ZSTD(1)),
    -- Event time. Microseconds, because DoubleDelta of real traffic is noise: Delta, then ZSTD.
    time                DateTime64(6, 'UTC')                     CODEC(Delta, ZSTD(1)),
    operation           LowCardinality(String),
    kind                LowCardinality(String),
    outcome             LowCardinality(String),
    error_code          LowCardinality(String),
    region              LowCardinality(String),
    -- Owner of the key; where the operation is about no key, the caller's account.
    account             LowCardinality(String),
    caller_account      LowCardinality(String),
    principal           String                                   CODEC(ZSTD(1)),
    principal_type      LowCardinality(String),
    access_key_id       String                                   CODEC(ZSTD(1)),
    session             String                                   CODEC(ZSTD(1)),
    subject             String                                   CODEC(ZSTD(1)),
    ip                  String                                   CODEC(ZSTD(1)),
    user_agent          LowCardinality(String),
    tls                 LowCardinality(String),
    via_service         LowCardinality(String),
    key_arn             String                                   CODEC(ZSTD(1)),
    key_spec            LowCardinality(String),
    key_version         UInt32                                   CODEC(T64, ZSTD(1)),
    key_alias           String                                   CODEC(ZSTD(1)),
    source_key_arn      String                                   CODEC(ZSTD(1)),
    -- The operation's own parameters as JSON text.
    request             String                                   CODEC(ZSTD(3)),
    encryption_context  Map(LowCardinality(String), String)      CODEC(ZSTD(1)),
    decision_effect     LowCardinality(String),
    decision_by         LowCardinality(String),
    decision_sid        LowCardinality(String),
    decision_policy_digest LowCardinality(String),
    decision_grant_id   String                                   CODEC(ZSTD(1)),
    -- Keyed fingerprints: random to everybody else, so no codec finds anything in them.
    ciphertext_in       String                                   CODEC(ZSTD(1)),
    ciphertext_out      String                                   CODEC(ZSTD(1)),
    -- Durations: T64 crops the bits that none of a block's values use.
    total_us            UInt64                                   CODEC(T64, ZSTD(1)),
    queue_us            UInt64                                   CODEC(T64, ZSTD(1)),
    crypto_us           UInt64                                   CODEC(T64, ZSTD(1)),
    commit_us           UInt64                                   CODEC(T64, ZSTD(1)),
    request_id          String                                   CODEC(ZSTD(1)),
    traceparent         String                                   CODEC(ZSTD(1)),
    change_types        Array(LowCardinality(String)),
    -- The canonical event. Read one at a time and rarely: worth the slower level.
    event               String                                   CODEC(ZSTD(3)),
    -- Where it was read: which log (offsets of another one mean something else), topic, partition, offset.
    origin              LowCardinality(String),
    topic               LowCardinality(String),
    k_partition         UInt32                                   CODEC(T64, ZSTD(1)),
    k_offset            UInt64                                   CODEC(Delta, ZSTD(1)),
    -- Wall time of the insert: minus time it is the delay until an event is visible.
    ingested_at         DateTime64(3, 'UTC') DEFAULT now64(3)    CODEC(Delta, ZSTD(1)),

    -- Evidence is cited and recovery asks by seq, support by request id: neither is in the sorting key.
    INDEX by_seq        seq        TYPE minmax            GRANULARITY 1,
    INDEX by_request_id request_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = MergeTree
-- Whole months are dropped when they expire, and a batch of one month is one part.
PARTITION BY toYYYYMM(time)
-- Few accounts first, then the hour before the many keys: "this key, this hour" is one short range, "this account, this day" is
-- 24 neighbouring ranges, and merging parts of one day rewrites only that day. seq makes the order total.
ORDER BY (account, toStartOfHour(time), key_arn, time, seq)
-- 13 months: a year of history plus the month in progress (PCI DSS 10.5.1 asks for twelve).
TTL toDateTime(time) + INTERVAL 13 MONTH
SETTINGS
    -- Expiry drops parts and never rewrites them.
    ttl_only_drop_parts = 1,
    -- 26.7 remembers no token on a plain MergeTree unless told to. This many inserts may pass before a repeat counts twice.
    non_replicated_deduplication_window = 10000,
    -- The sink's position is in this server: what it has acknowledged must survive a power cut.
    fsync_after_insert = 1,
    fsync_part_directory = 1;
