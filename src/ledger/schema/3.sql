-- What agents asked of models on the user's behalf, and what that cost; no text. Times, days, names of columns and money
-- as in the second version. A row is a request that our meter saw, or (number 0) what an agent says of a whole
-- hand-off, or (no hand-off) the sum of a day long past.
CREATE TABLE agent_request (
    handoff TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    day INTEGER NOT NULL,
    agent_name TEXT NOT NULL,
    -- Empty where there was none.
    skill TEXT NOT NULL,
    workspace TEXT NOT NULL,
    request_model TEXT NOT NULL,
    -- 'done', 'cancelled' or 'failed'.
    ended TEXT NOT NULL,
    -- Who counted the tokens: 'provider', 'us', or 'agent', which leaves some out.
    counted TEXT NOT NULL,
    n INTEGER NOT NULL,
    n_unpriced INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_read_input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL,
    cost_micro_usd INTEGER NOT NULL,
    PRIMARY KEY (handoff, number)
) WITHOUT ROWID;

CREATE INDEX agent_request_by_day ON agent_request (day);
