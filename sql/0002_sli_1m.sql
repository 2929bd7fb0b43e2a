-- sli_1m: what happened per minute, account, region, operation, key and principal. Filled by the insert into key_events itself.
CREATE TABLE IF NOT EXISTS sli_1m
(
    -- Start of the minute, of event time: a late event lands in its own minute.
    bucket       DateTime('UTC')                                        CODEC(Delta, ZSTD(1)),
    account      LowCardinality(String),
    region       LowCardinality(String),
    operation    LowCardinality(String),
    key_arn      String                                                 CODEC(ZSTD(1)),
    principal    String                                                 CODEC(ZSTD(1)),
    -- Partition of the topic. A key's events share one, so this adds no rows; and as each partition has one writer, its sum can be
    -- compared with its raw rows while others go on writing.
    k_partition  UInt32                                                 CODEC(T64, ZSTD(1)),
    -- Outcomes apart, so that the owner of an SLO decides what is bad.
    total        SimpleAggregateFunction(sum, UInt64)                   CODEC(T64, ZSTD(1)),
    success      SimpleAggregateFunction(sum, UInt64)                   CODEC(T64, ZSTD(1)),
    denied       SimpleAggregateFunction(sum, UInt64)                   CODEC(T64, ZSTD(1)),
    throttled    SimpleAggregateFunction(sum, UInt64)                   CODEC(T64, ZSTD(1)),
    invalid      SimpleAggregateFunction(sum, UInt64)                   CODEC(T64, ZSTD(1)),
    failed       SimpleAggregateFunction(sum, UInt64)                   CODEC(T64, ZSTD(1)),
    -- DDSketch: every quantile within 1 % of the true value, whatever the distribution. Successful operations only, because
    -- refusals are quick and would flatter it.
    latency_us   AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), UInt64) CODEC(ZSTD(1)),
    max_us       SimpleAggregateFunction(max, UInt64)                   CODEC(T64, ZSTD(1)),
    -- Distinct callers' addresses, and distinct ciphertexts decrypted: success minus these is what a cache would have saved.
    source_ips   AggregateFunction(uniq, String)                        CODEC(ZSTD(1)),
    ciphertexts  AggregateFunction(uniq, String)                        CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
-- As key_events: a batch that stays within a month there is one part here too, so one token covers both.
PARTITION BY toYYYYMM(bucket)
-- Low cardinality first. The time comes before key and principal, as every question names a span and few name a key.
ORDER BY (account, region, operation, bucket, key_arn, principal, k_partition)
-- As long as the raw rows: the two are compared with each other.
TTL bucket + INTERVAL 13 MONTH
SETTINGS
    ttl_only_drop_parts = 1,
    -- A repeated batch is recognised here by itself: it may have reached the raw table and not this one.
    non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1,
    fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS sli_1m_mv TO sli_1m AS
SELECT
    toStartOfMinute(key_events.time) AS bucket,
    account,
    region,
    operation,
    key_arn,
    principal,
    k_partition,
    count()                                                                AS total,
    countIf(outcome = 'success')                                           AS success,
    countIf(outcome = 'denied')                                            AS denied,
    countIf(outcome = 'throttled')                                         AS throttled,
    countIf(outcome = 'invalid')                                           AS invalid,
    countIf(outcome = 'failed')                                            AS failed,
    quantilesDDStateIf(0.01, 0.5, 0.95, 0.99)(total_us, outcome = 'success') AS latency_us,
    maxIf(total_us, outcome = 'success')                                   AS max_us,
    uniqStateIf(ip, ip != '')                                              AS source_ips,
    uniqStateIf(ciphertext_in, outcome = 'success' AND ciphertext_in != '') AS ciphertexts
FROM key_events
GROUP BY bucket, account, region, operation, key_arn, principal, k_partition;
