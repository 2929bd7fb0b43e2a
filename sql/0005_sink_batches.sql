-- Where the sink stands, in the same server as its rows. An intent is written before the rows of its batch are sent and fixes the
-- batch's bounds; after a crash the last intent is finished first. A mark (done) says that this has happened.
CREATE TABLE IF NOT EXISTS sink_batches
(
    origin       LowCardinality(String),
    topic        LowCardinality(String),
    k_partition  UInt32,
    stage        Enum8('intent' = 1, 'done' = 2),
    -- Where to resume. Bounds are by seq, as offsets start again when a topic is made anew.
    first_offset UInt64,
    last_offset  UInt64,
    -- Highest seq before this batch and in it: a seq that is not higher is a repeat.
    seq_before   UInt64,
    last_seq     UInt64,
    row_count    UInt32,
    -- The life of the server in which the batch was sent (server_life).
    server       UUID,
    at           DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(seq_before)
-- seq_before grows from batch to batch; of two rows that share it the later insert counts.
-- No PARTITION BY and no TTL: one row per origin, topic, partition and stage is kept, however old.
ORDER BY (origin, topic, k_partition, stage)
SETTINGS
    -- Two sinks that both believe they own a partition (a rebalance) write intents under one token for one seq_before: the
    -- first wins, and both send its batch. Deduplication is what makes that a compare-and-set.
    non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1,
    fsync_part_directory = 1;

-- Which life of the server this is. Memory forgets with the process: an empty table is a new life, and the first row names it.
-- It matters because ClickHouse notes an insert's token a moment before it publishes the rows: killed in between, it remembers
-- a token whose rows do not exist and drops every repeat. Within one life tokens can be trusted; across lives only rows.
CREATE TABLE IF NOT EXISTS server_life
(
    id UUID
)
ENGINE = Memory;
