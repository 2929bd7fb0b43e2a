-- Views for people and dashboards. They keep counts beside every ratio, because ratios cannot be added up and counts can:
-- sum(success) / sum(total) over any span, never avg(success_rate).
CREATE VIEW IF NOT EXISTS slo_success_rate AS
SELECT
    sli_1m.bucket    AS bucket,
    sli_1m.account   AS account,
    sli_1m.region    AS region,
    sli_1m.operation AS operation,
    sli_1m.key_arn   AS key_arn,
    sum(sli_1m.total)     AS total,
    sum(sli_1m.success)   AS success,
    sum(sli_1m.denied)    AS denied,
    sum(sli_1m.throttled) AS throttled,
    sum(sli_1m.invalid)   AS invalid,
    sum(sli_1m.failed)    AS failed,
    -- Of everything asked.
    success / total AS success_rate,
    -- Of what was ours to answer: a refusal by policy and a mistake of the caller are correct answers.
    if(success + failed + throttled = 0, 1, success / (success + failed + throttled)) AS availability
FROM sli_1m
GROUP BY bucket, account, region, operation, key_arn;

-- Milliseconds, of successful operations. Quantiles cannot be averaged: over longer spans merge latency_us of sli_1m or sli_1h.
CREATE VIEW IF NOT EXISTS slo_latency AS
SELECT
    sli_1m.bucket    AS bucket,
    sli_1m.account   AS account,
    sli_1m.region    AS region,
    sli_1m.operation AS operation,
    sli_1m.key_arn   AS key_arn,
    sum(sli_1m.success) AS success,
    quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(sli_1m.latency_us) AS quantiles_us,
    quantiles_us[1] / 1000 AS p50_ms,
    quantiles_us[2] / 1000 AS p95_ms,
    quantiles_us[3] / 1000 AS p99_ms,
    max(sli_1m.max_us) / 1000 AS max_ms
FROM sli_1m
GROUP BY bucket, account, region, operation, key_arn
HAVING success > 0;

-- Who was throttled, on which key, and how much of what they asked.
CREATE VIEW IF NOT EXISTS slo_throttles AS
SELECT
    sli_1m.bucket    AS bucket,
    sli_1m.account   AS account,
    sli_1m.region    AS region,
    sli_1m.operation AS operation,
    sli_1m.key_arn   AS key_arn,
    sli_1m.principal AS principal,
    sum(sli_1m.total)     AS total,
    sum(sli_1m.throttled) AS throttled,
    throttled / total     AS throttle_rate
FROM sli_1m
GROUP BY bucket, account, region, operation, key_arn, principal
HAVING throttled > 0;
