-- Generated from the migrations and compared with them by a test. Do not edit.

CREATE TABLE alerts
(
    `id` String,
    `version` UInt32,
    `status` LowCardinality(String),
    `severity` LowCardinality(String),
    `route` LowCardinality(String),
    `title` String,
    `account` LowCardinality(String),
    `region` LowCardinality(String),
    `key_arn` String,
    `principal` String,
    `detectors` Array(LowCardinality(String)),
    `techniques` Array(LowCardinality(String)),
    `first_seen` DateTime64(6, 'UTC'),
    `last_seen` DateTime64(6, 'UTC'),
    `findings_count` UInt64,
    `findings` Array(String),
    `explanation` String,
    `seqs` Array(UInt64),
    `alert` String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (account, id)
TTL toDateTime(last_seen) + toIntervalYear(5)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192;

CREATE TABLE findings
(
    `id` String,
    `detector` LowCardinality(String),
    `detector_version` UInt32,
    `severity` LowCardinality(String),
    `title` String,
    `time` DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `account` LowCardinality(String),
    `region` LowCardinality(String),
    `key_arn` String,
    `principal` String,
    `techniques` Array(LowCardinality(String)),
    `explanation` String,
    `observed` Float64,
    `expected` Float64,
    `probability` Float64,
    `window_start` DateTime64(6, 'UTC'),
    `window_end` DateTime64(6, 'UTC'),
    `seqs` Array(UInt64),
    `finding` String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (account, time, id)
TTL toDateTime(time) + toIntervalYear(5)
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192;

CREATE TABLE key_events
(
    `seq` UInt64 CODEC(Delta(8), ZSTD(1)),
    `id` UUID CODEC(ZSTD(1)),
    `time` DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `operation` LowCardinality(String),
    `kind` LowCardinality(String),
    `outcome` LowCardinality(String),
    `error_code` LowCardinality(String),
    `region` LowCardinality(String),
    `account` LowCardinality(String),
    `caller_account` LowCardinality(String),
    `principal` String CODEC(ZSTD(1)),
    `principal_type` LowCardinality(String),
    `access_key_id` String CODEC(ZSTD(1)),
    `session` String CODEC(ZSTD(1)),
    `subject` String CODEC(ZSTD(1)),
    `ip` String CODEC(ZSTD(1)),
    `user_agent` LowCardinality(String),
    `tls` LowCardinality(String),
    `via_service` LowCardinality(String),
    `key_arn` String CODEC(ZSTD(1)),
    `key_spec` LowCardinality(String),
    `key_version` UInt32 CODEC(T64, ZSTD(1)),
    `key_alias` String CODEC(ZSTD(1)),
    `source_key_arn` String CODEC(ZSTD(1)),
    `request` String CODEC(ZSTD(3)),
    `encryption_context` Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    `decision_effect` LowCardinality(String),
    `decision_by` LowCardinality(String),
    `decision_sid` LowCardinality(String),
    `decision_policy_digest` LowCardinality(String),
    `decision_grant_id` String CODEC(ZSTD(1)),
    `ciphertext_in` String CODEC(ZSTD(1)),
    `ciphertext_out` String CODEC(ZSTD(1)),
    `total_us` UInt64 CODEC(T64, ZSTD(1)),
    `queue_us` UInt64 CODEC(T64, ZSTD(1)),
    `crypto_us` UInt64 CODEC(T64, ZSTD(1)),
    `commit_us` UInt64 CODEC(T64, ZSTD(1)),
    `request_id` String CODEC(ZSTD(1)),
    `traceparent` String CODEC(ZSTD(1)),
    `change_types` Array(LowCardinality(String)),
    `event` String CODEC(ZSTD(3)),
    `origin` LowCardinality(String),
    `topic` LowCardinality(String),
    `k_partition` UInt32 CODEC(T64, ZSTD(1)),
    `k_offset` UInt64 CODEC(Delta(8), ZSTD(1)),
    `ingested_at` DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1)),
    INDEX by_seq seq TYPE minmax GRANULARITY 1,
    INDEX by_request_id request_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (account, toStartOfHour(time), key_arn, time, seq)
TTL toDateTime(time) + toIntervalMonth(13)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192;

CREATE TABLE key_state
(
    `seq` UInt64,
    `arn` String,
    `key_id` String,
    `account` LowCardinality(String),
    `region` LowCardinality(String),
    `spec` LowCardinality(String),
    `usage` LowCardinality(String),
    `origin` LowCardinality(String),
    `state` LowCardinality(String),
    `description` String,
    `multi_region` Bool,
    `policy_digest` String,
    `tags` Map(String, String),
    `aliases` Array(String),
    `version` UInt32,
    `rotation_period_days` UInt32,
    `next_rotation_at` DateTime64(6, 'UTC'),
    `last_rotated_at` DateTime64(6, 'UTC'),
    `delete_at` DateTime64(6, 'UTC'),
    `created_at` DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY (account, arn)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192;

CREATE TABLE schema_migrations
(
    `version` UInt32,
    `name` String,
    `sha256` String,
    `applied_at` DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192;

CREATE TABLE server_life
(
    `id` UUID
)
ENGINE = Memory;

CREATE TABLE sink_batches
(
    `origin` LowCardinality(String),
    `topic` LowCardinality(String),
    `k_partition` UInt32,
    `stage` Enum8('intent' = 1, 'done' = 2),
    `first_offset` UInt64,
    `last_offset` UInt64,
    `seq_before` UInt64,
    `last_seq` UInt64,
    `row_count` UInt32,
    `server` UUID,
    `at` DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(seq_before)
ORDER BY (origin, topic, k_partition, stage)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192;

CREATE TABLE sli_1h
(
    `bucket` DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    `account` LowCardinality(String),
    `region` LowCardinality(String),
    `operation` LowCardinality(String),
    `key_arn` String CODEC(ZSTD(1)),
    `principal` String CODEC(ZSTD(1)),
    `k_partition` UInt32 CODEC(T64, ZSTD(1)),
    `total` SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    `success` SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    `denied` SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    `throttled` SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    `invalid` SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    `failed` SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    `latency_us` AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), UInt64) CODEC(ZSTD(1)),
    `max_us` SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    `source_ips` AggregateFunction(uniq, String) CODEC(ZSTD(1)),
    `ciphertexts` AggregateFunction(uniq, String) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (account, region, operation, bucket, key_arn, principal, k_partition)
TTL bucket + toIntervalYear(5)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192;

CREATE MATERIALIZED VIEW sli_1h_mv TO sli_1h
(
    `bucket` DateTime('UTC'),
    `account` LowCardinality(String),
    `region` LowCardinality(String),
    `operation` LowCardinality(String),
    `key_arn` String,
    `principal` String,
    `k_partition` UInt32,
    `total` UInt64,
    `success` UInt64,
    `denied` UInt64,
    `throttled` UInt64,
    `invalid` UInt64,
    `failed` UInt64,
    `latency_us` AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), UInt64),
    `max_us` UInt64,
    `source_ips` AggregateFunction(uniq, String),
    `ciphertexts` AggregateFunction(uniq, String)
)
AS SELECT
    toStartOfHour(key_events.time) AS bucket,
    account,
    region,
    operation,
    key_arn,
    principal,
    k_partition,
    count() AS total,
    countIf(outcome = 'success') AS success,
    countIf(outcome = 'denied') AS denied,
    countIf(outcome = 'throttled') AS throttled,
    countIf(outcome = 'invalid') AS invalid,
    countIf(outcome = 'failed') AS failed,
    quantilesDDStateIf(0.01, 0.5, 0.95, 0.99)(total_us, outcome = 'success') AS latency_us,
    maxIf(total_us, outcome = 'success') AS max_us,
    uniqStateIf(ip, ip != '') AS source_ips,
    uniqStateIf(ciphertext_in, (outcome = 'success') AND (ciphertext_in != '')) AS ciphertexts
FROM key_events
GROUP BY
    bucket,
    account,
    region,
    operation,
    key_arn,
    principal,
    k_partition;

CREATE TABLE sli_1m
(
    `bucket` DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    `account` LowCardinality(String),
    `region` LowCardinality(String),
    `operation` LowCardinality(String),
    `key_arn` String CODEC(ZSTD(1)),
    `principal` String CODEC(ZSTD(1)),
    `k_partition` UInt32 CODEC(T64, ZSTD(1)),
    `total` SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    `success` SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    `denied` SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    `throttled` SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    `invalid` SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    `failed` SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    `latency_us` AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), UInt64) CODEC(ZSTD(1)),
    `max_us` SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    `source_ips` AggregateFunction(uniq, String) CODEC(ZSTD(1)),
    `ciphertexts` AggregateFunction(uniq, String) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (account, region, operation, bucket, key_arn, principal, k_partition)
TTL bucket + toIntervalMonth(13)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192;

CREATE MATERIALIZED VIEW sli_1m_mv TO sli_1m
(
    `bucket` DateTime('UTC'),
    `account` LowCardinality(String),
    `region` LowCardinality(String),
    `operation` LowCardinality(String),
    `key_arn` String,
    `principal` String,
    `k_partition` UInt32,
    `total` UInt64,
    `success` UInt64,
    `denied` UInt64,
    `throttled` UInt64,
    `invalid` UInt64,
    `failed` UInt64,
    `latency_us` AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), UInt64),
    `max_us` UInt64,
    `source_ips` AggregateFunction(uniq, String),
    `ciphertexts` AggregateFunction(uniq, String)
)
AS SELECT
    toStartOfMinute(key_events.time) AS bucket,
    account,
    region,
    operation,
    key_arn,
    principal,
    k_partition,
    count() AS total,
    countIf(outcome = 'success') AS success,
    countIf(outcome = 'denied') AS denied,
    countIf(outcome = 'throttled') AS throttled,
    countIf(outcome = 'invalid') AS invalid,
    countIf(outcome = 'failed') AS failed,
    quantilesDDStateIf(0.01, 0.5, 0.95, 0.99)(total_us, outcome = 'success') AS latency_us,
    maxIf(total_us, outcome = 'success') AS max_us,
    uniqStateIf(ip, ip != '') AS source_ips,
    uniqStateIf(ciphertext_in, (outcome = 'success') AND (ciphertext_in != '')) AS ciphertexts
FROM key_events
GROUP BY
    bucket,
    account,
    region,
    operation,
    key_arn,
    principal,
    k_partition;

CREATE VIEW slo_latency
(
    `bucket` DateTime('UTC'),
    `account` LowCardinality(String),
    `region` LowCardinality(String),
    `operation` LowCardinality(String),
    `key_arn` String,
    `success` UInt64,
    `quantiles_us` Array(Float64),
    `p50_ms` Float64,
    `p95_ms` Float64,
    `p99_ms` Float64,
    `max_ms` Float64
)
AS SELECT
    sli_1m.bucket AS bucket,
    sli_1m.account AS account,
    sli_1m.region AS region,
    sli_1m.operation AS operation,
    sli_1m.key_arn AS key_arn,
    sum(sli_1m.success) AS success,
    quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(sli_1m.latency_us) AS quantiles_us,
    (quantiles_us[1]) / 1000 AS p50_ms,
    (quantiles_us[2]) / 1000 AS p95_ms,
    (quantiles_us[3]) / 1000 AS p99_ms,
    max(sli_1m.max_us) / 1000 AS max_ms
FROM sli_1m
GROUP BY
    bucket,
    account,
    region,
    operation,
    key_arn
HAVING success > 0;

CREATE VIEW slo_success_rate
(
    `bucket` DateTime('UTC'),
    `account` LowCardinality(String),
    `region` LowCardinality(String),
    `operation` LowCardinality(String),
    `key_arn` String,
    `total` UInt64,
    `success` UInt64,
    `denied` UInt64,
    `throttled` UInt64,
    `invalid` UInt64,
    `failed` UInt64,
    `success_rate` Float64,
    `availability` Float64
)
AS SELECT
    sli_1m.bucket AS bucket,
    sli_1m.account AS account,
    sli_1m.region AS region,
    sli_1m.operation AS operation,
    sli_1m.key_arn AS key_arn,
    sum(sli_1m.total) AS total,
    sum(sli_1m.success) AS success,
    sum(sli_1m.denied) AS denied,
    sum(sli_1m.throttled) AS throttled,
    sum(sli_1m.invalid) AS invalid,
    sum(sli_1m.failed) AS failed,
    success / total AS success_rate,
    if(((success + failed) + throttled) = 0, 1, success / ((success + failed) + throttled)) AS availability
FROM sli_1m
GROUP BY
    bucket,
    account,
    region,
    operation,
    key_arn;

CREATE VIEW slo_throttles
(
    `bucket` DateTime('UTC'),
    `account` LowCardinality(String),
    `region` LowCardinality(String),
    `operation` LowCardinality(String),
    `key_arn` String,
    `principal` String,
    `total` UInt64,
    `throttled` UInt64,
    `throttle_rate` Float64
)
AS SELECT
    sli_1m.bucket AS bucket,
    sli_1m.account AS account,
    sli_1m.region AS region,
    sli_1m.operation AS operation,
    sli_1m.key_arn AS key_arn,
    sli_1m.principal AS principal,
    sum(sli_1m.total) AS total,
    sum(sli_1m.throttled) AS throttled,
    throttled / total AS throttle_rate
FROM sli_1m
GROUP BY
    bucket,
    account,
    region,
    operation,
    key_arn,
    principal
HAVING throttled > 0;
