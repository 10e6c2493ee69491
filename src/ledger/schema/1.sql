-- Times are milliseconds since 1970, days are days since then, both UTC. No text of a document, no path.

CREATE TABLE suggestion (
    session INTEGER NOT NULL,
    request INTEGER NOT NULL,
    at INTEGER NOT NULL,
    day INTEGER NOT NULL,
    workspace TEXT NOT NULL,
    language TEXT NOT NULL,
    source TEXT NOT NULL,
    engine TEXT NOT NULL,
    -- What was known before it was shown.
    chance REAL NOT NULL,
    estimate REAL NOT NULL,
    n_chars INTEGER NOT NULL,
    n_lines INTEGER NOT NULL,
    place TEXT NOT NULL,
    at_line_end INTEGER NOT NULL,
    in_word INTEGER NOT NULL,
    n_rejections INTEGER NOT NULL,
    acceptance REAL,
    -- What became of it; absent while that is not known.
    ended INTEGER,
    ending TEXT,
    n_taken INTEGER,
    n_typed INTEGER,
    visible_ms INTEGER,
    -- The share of it that was there 30 seconds after an accept.
    kept REAL,
    PRIMARY KEY (session, request)
) WITHOUT ROWID;

CREATE INDEX suggestion_by_day ON suggestion (day);

-- The sums of the days whose suggestions were dropped.
CREATE TABLE daily (
    day INTEGER NOT NULL,
    workspace TEXT NOT NULL,
    language TEXT NOT NULL,
    source TEXT NOT NULL,
    engine TEXT NOT NULL,
    n_shown INTEGER NOT NULL,
    n_accepted INTEGER NOT NULL,
    n_partial INTEGER NOT NULL,
    n_typed_through INTEGER NOT NULL,
    n_rejected INTEGER NOT NULL,
    n_ignored INTEGER NOT NULL,
    n_unseen INTEGER NOT NULL,
    chars_saved INTEGER NOT NULL,
    n_looked_for INTEGER NOT NULL,
    n_kept INTEGER NOT NULL,
    share_kept REAL NOT NULL
);

CREATE INDEX daily_by_day ON daily (day);

CREATE VIEW single AS SELECT
    day, workspace, language, source, engine,
    1 AS n_shown,
    coalesce(ending = 'accepted', 0) AS n_accepted,
    coalesce(ending = 'partial', 0) AS n_partial,
    coalesce(ending = 'typed_through', 0) AS n_typed_through,
    coalesce(ending = 'rejected', 0) AS n_rejected,
    coalesce(ending = 'ignored', 0) AS n_ignored,
    coalesce(ending = 'unseen', 0) AS n_unseen,
    CASE WHEN ending IN ('accepted', 'partial') THEN n_taken - n_typed ELSE 0 END AS chars_saved,
    kept IS NOT NULL AS n_looked_for,
    coalesce(kept >= 0.67, 0) AS n_kept,
    coalesce(kept, 0.0) AS share_kept
FROM suggestion;

CREATE VIEW tally AS SELECT * FROM single UNION ALL SELECT * FROM daily;

CREATE TABLE latency (
    day INTEGER NOT NULL,
    source TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (day, source, bucket)
) WITHOUT ROWID;

CREATE TABLE total (
    day INTEGER NOT NULL,
    name TEXT NOT NULL,
    n REAL NOT NULL,
    PRIMARY KEY (day, name)
) WITHOUT ROWID;

-- One row: what was learned, under which version of the estimate, from outcomes since when.
CREATE TABLE restraint (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    since INTEGER NOT NULL,
    state TEXT NOT NULL
);
