-- Requests to providers and what they cost; no text. Times, days as in the first version. Where OpenTelemetry's
-- conventions for GenAI have a name, the column has it without its dots: gen_ai.provider.name (here the endpoint's
-- name in the settings), gen_ai.request.model, gen_ai.usage.input_tokens (cached ones included),
-- gen_ai.usage.cache_read.input_tokens, gen_ai.usage.output_tokens. The conventions have no unit for money yet:
-- columns ending in micro_usd hold millionths of a US dollar.
CREATE TABLE remote_request (
    session INTEGER NOT NULL,
    receipt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    day INTEGER NOT NULL,
    provider_name TEXT NOT NULL,
    request_model TEXT NOT NULL,
    language TEXT NOT NULL,
    workspace TEXT NOT NULL,
    -- Set aside while it is open; 0 where the price is not known.
    reserved_micro_usd INTEGER NOT NULL,
    -- 'open', 'done', 'cancelled', or the cause of its failure.
    ended TEXT NOT NULL,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    cache_read_input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    -- Who counted the tokens: 'provider' or 'us'.
    counted TEXT NOT NULL DEFAULT 'us',
    latency_ms INTEGER,
    -- Absent while it is open, and where the price is not known: that is not 0.
    cost_micro_usd INTEGER,
    PRIMARY KEY (session, receipt)
) WITHOUT ROWID;

CREATE INDEX remote_request_by_day ON remote_request (day);

-- Asked at every request, and short: what has ended is not in it.
CREATE INDEX remote_request_open ON remote_request (at) WHERE ended = 'open';

-- The sums of the days whose requests were dropped.
CREATE TABLE remote_daily (
    day INTEGER NOT NULL,
    provider_name TEXT NOT NULL,
    request_model TEXT NOT NULL,
    language TEXT NOT NULL,
    workspace TEXT NOT NULL,
    ended TEXT NOT NULL,
    counted TEXT NOT NULL,
    n INTEGER NOT NULL,
    n_unpriced INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_read_input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL,
    cost_micro_usd INTEGER NOT NULL
);

CREATE INDEX remote_daily_by_day ON remote_daily (day);

CREATE VIEW remote_single AS SELECT
    day, provider_name, request_model, language, workspace, ended, counted,
    1 AS n,
    ended != 'open' AND cost_micro_usd IS NULL AS n_unpriced,
    input_tokens, cache_read_input_tokens, output_tokens,
    coalesce(latency_ms, 0) AS latency_ms,
    coalesce(cost_micro_usd, 0) AS cost_micro_usd
FROM remote_request;

CREATE VIEW remote_tally AS SELECT * FROM remote_single UNION ALL SELECT * FROM remote_daily;

-- Known costs of a day, kept with every request that ends, so that a budget is a sum of a month's few rows.
CREATE TABLE spent (
    day INTEGER NOT NULL,
    provider_name TEXT NOT NULL,
    cost_micro_usd INTEGER NOT NULL,
    PRIMARY KEY (day, provider_name)
) WITHOUT ROWID;

-- What the user was told of a budget (no name: of all providers together) in the period that began on that day.
CREATE TABLE budget_told (
    provider_name TEXT NOT NULL,
    period TEXT NOT NULL,
    first_day INTEGER NOT NULL,
    amount_micro_usd INTEGER NOT NULL,
    percent INTEGER NOT NULL,
    PRIMARY KEY (provider_name, period, first_day, amount_micro_usd, percent)
) WITHOUT ROWID;
