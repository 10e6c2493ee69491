-- Reads feeds.§c
CREATE TABLE feed §((
  name TEXT NOT NULL,
  every INT DEFAULT 60,§b -- seconds§c
  label TEXT
)§);

/* Which§c are due. */
SELECT name, 'late§s' AS label
FROM feed
WHERE every > 10§k AND name = 'it''s§s'
ORDER BY name;
