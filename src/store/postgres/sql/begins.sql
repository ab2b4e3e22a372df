-- Conversations that begin, each unless its visitor has an open one; then nothing of it is written. What is given is joined
-- by hashes; see changes.sql.
WITH given AS (
    SELECT *
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::bigint[], $7::text[], $8::boolean[],
        $9::boolean[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],
        $16::bigint[], $17::text[], $18::text[], $19::text[]
    ) AS g (
        name, workspace, visitor, visitor_name, verified, created_at, state, live,
        served, assignee, assigned_at, deadline, since, last_at, closed_at,
        seq, snapshot, folder, agent
    )
), entry AS (
    SELECT * FROM unnest($20::text[], $21::bigint[], $22::bigint[], $23::boolean[], $24::text[])
        AS e (of, seq, at, hidden, body)
), thing AS (
    SELECT *
    FROM unnest($25::text[], $26::text[], $27::text[], $28::text[], $29::text[], $30::text[], $31::bigint[])
        WITH ORDINALITY AS t (of, name, kind, title, fields, external, at, nth)
), telling AS (
    SELECT *
    FROM unnest($32::text[], $33::bigint[], $34::text[], $35::bigint[], $36::text[])
        WITH ORDINALITY AS t (of, seq, topic, at, item, nth)
), won AS (
    INSERT INTO conversation (
        name, workspace, visitor, visitor_name, verified, created_at, state, live, served, assignee, assigned_at,
        deadline, since, last_at, closed_at, snap_seq, snapshot
    )
    SELECT
        name, workspace, visitor, visitor_name, verified, created_at, state, live, served, assignee, assigned_at,
        deadline, since, last_at, closed_at, seq, snapshot
    FROM given
    ORDER BY workspace, visitor
    ON CONFLICT DO NOTHING
    RETURNING id, name, workspace, snap_seq
), logged AS (
    INSERT INTO log (conversation, seq, at, hidden, body)
    SELECT w.id, e.seq, e.at, e.hidden, e.body
    FROM entry e
    JOIN won w ON w.name = e.of
    ORDER BY w.id, e.seq
), made AS (
    INSERT INTO item (name, workspace, conversation, kind, title, fields, external, at)
    SELECT t.name, w.workspace, w.id, t.kind, t.title, t.fields, t.external, t.at
    FROM thing t
    JOIN won w ON w.name = t.of
    ORDER BY t.nth
    ON CONFLICT (name) DO NOTHING
    RETURNING name
), told AS (
    INSERT INTO delivery (webhook, conversation, seq, topic, at, next_at)
    SELECT r.id, w.id, t.seq, t.topic, t.at, t.at
    FROM telling t
    JOIN won w ON w.name = t.of
    JOIN webhook r ON r.workspace = w.workspace AND r.workspace = ANY ($2)
        AND r.deleted_at IS NULL AND r.disabled_at IS NULL
        AND (r.topics = '*' OR t.topic = ANY (string_to_array(r.topics, ',')))
    WHERE t.item IS NULL OR t.item IN (SELECT name FROM made)
    ORDER BY t.nth, r.id
), noted AS (
    INSERT INTO unsearched (conversations, firsts, lasts)
    SELECT array_agg(id), array_agg(1::bigint), array_agg(snap_seq) FROM won HAVING count(*) > 0
), counted AS (
    INSERT INTO folder (workspace, name, agent, count, version)
    SELECT g.workspace, g.folder, g.agent, count(*), 1
    FROM given g
    JOIN won w ON w.name = g.name
    WHERE g.folder IS NOT NULL
    GROUP BY g.workspace, g.folder, g.agent
    ORDER BY 1, 2, 3
    ON CONFLICT (workspace, name, agent) DO UPDATE
    SET count = folder.count + excluded.count, version = folder.version + 1
    RETURNING workspace, name, agent, count, version
)
SELECT w.name, c.workspace, c.name, c.agent, c.count, c.version
FROM won w
JOIN given g ON g.name = w.name
LEFT JOIN counted c ON c.workspace = g.workspace AND c.name = g.folder AND c.agent = g.agent
