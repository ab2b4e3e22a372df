-- Appends that change more than a log, at most one of each conversation, with all that hangs on them. The first event
-- of each is the fence: who writes it has the rest to itself. Locks are taken in one order everywhere: rows of
-- conversations and places of logs by conversation, sizes of folders last. What is given is joined by hashes: one by one
-- that would grow with the square of the batch. Rows of tables are named by the keys they have, which no join may replace.
WITH given AS (
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) AS g (conversation, after, scope, key)
), entry AS (
    SELECT *
    FROM unnest($5::bigint[], $6::bigint[], $7::bigint[], $8::boolean[], $9::text[])
        AS e (conversation, seq, at, hidden, body)
), fold AS (
    SELECT *
    FROM unnest(
        $10::bigint[], $11::text[], $12::boolean[], $13::boolean[], $14::text[], $15::bigint[], $16::bigint[],
        $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::text[], $22::text[], $23::text[]
    ) AS f (
        conversation, state, live, served, assignee, assigned_at, deadline,
        since, last_at, closed_at, seq, snapshot, folder, agent
    )
), thing AS (
    SELECT *
    FROM unnest(
        $24::bigint[], $25::text[], $26::text[], $27::text[], $28::text[], $29::text[], $30::bigint[]
    ) WITH ORDINALITY AS t (conversation, name, kind, title, fields, external, at, nth)
), telling AS (
    SELECT *
    FROM unnest($31::bigint[], $32::bigint[], $33::text[], $34::bigint[], $35::text[])
        WITH ORDINALITY AS t (conversation, seq, topic, at, item, nth)
), held AS MATERIALIZED (
    SELECT
        id, workspace,
        CASE
            WHEN state IN ('waiting', 'offline', 'unassigned') AND live THEN 'unassigned'
            WHEN state = 'assigned' THEN 'mine'
            WHEN state = 'closed' AND live THEN 'closed'
        END AS folder,
        CASE WHEN state = 'assigned' THEN assignee ELSE '' END AS agent
    FROM conversation
    WHERE id = ANY ($1)
    ORDER BY id
    FOR NO KEY UPDATE
), won AS (
    INSERT INTO log (conversation, seq, at, hidden, scope, key, body)
    SELECT g.conversation, e.seq, e.at, e.hidden, g.scope, g.key, e.body
    FROM held h
    JOIN given g ON g.conversation = h.id
    JOIN entry e ON e.conversation = g.conversation AND e.seq = g.after + 1
    -- A value, not EXISTS: that could be planned as a table of the whole log.
    WHERE (SELECT p.seq FROM log p WHERE p.conversation = g.conversation AND p.seq = g.after) IS NOT NULL
    ORDER BY g.conversation
    ON CONFLICT DO NOTHING
    RETURNING conversation, seq
), rest AS (
    INSERT INTO log (conversation, seq, at, hidden, body)
    SELECT e.conversation, e.seq, e.at, e.hidden, e.body
    FROM won w
    JOIN entry e ON e.conversation = w.conversation AND e.seq > w.seq
    ORDER BY e.conversation, e.seq
), kept AS (
    UPDATE conversation c
    SET state = f.state, live = f.live, served = f.served, assignee = f.assignee, assigned_at = f.assigned_at,
        deadline = f.deadline, since = f.since, last_at = f.last_at, closed_at = f.closed_at, snap_seq = f.seq,
        snapshot = f.snapshot
    FROM won w
    JOIN fold f ON f.conversation = w.conversation
    WHERE c.id = w.conversation AND c.id = ANY ($1)
), made AS (
    INSERT INTO item (name, workspace, conversation, kind, title, fields, external, at)
    SELECT t.name, h.workspace, t.conversation, t.kind, t.title, t.fields, t.external, t.at
    FROM thing t
    JOIN won w ON w.conversation = t.conversation
    JOIN held h ON h.id = t.conversation
    ORDER BY t.nth
    ON CONFLICT (name) DO NOTHING
    RETURNING name
), handed AS (
    UPDATE item i
    SET external = t.external
    FROM thing t
    JOIN won w ON w.conversation = t.conversation
    WHERE i.name = t.name AND i.name = ANY ($25) AND i.conversation = t.conversation AND t.external IS NOT NULL
), told AS (
    INSERT INTO delivery (webhook, conversation, seq, topic, at, next_at)
    SELECT r.id, t.conversation, t.seq, t.topic, t.at, t.at
    FROM telling t
    JOIN won w ON w.conversation = t.conversation
    JOIN held h ON h.id = t.conversation
    JOIN webhook r ON r.workspace = h.workspace AND r.workspace = ANY (ARRAY(SELECT DISTINCT workspace FROM held))
        AND r.deleted_at IS NULL AND r.disabled_at IS NULL
        AND (r.topics = '*' OR t.topic = ANY (string_to_array(r.topics, ',')))
    WHERE t.item IS NULL OR t.item IN (SELECT name FROM made)
    ORDER BY t.nth, r.id
), noted AS (
    INSERT INTO unsearched (conversations, firsts, lasts)
    SELECT array_agg(w.conversation), array_agg(w.seq), array_agg(e.last)
    FROM won w
    JOIN (SELECT conversation, max(seq) AS last FROM entry GROUP BY conversation) e
        ON e.conversation = w.conversation
    HAVING count(*) > 0
), move AS (
    SELECT w.conversation, h.workspace, m.folder, m.agent, m.by
    FROM won w
    JOIN held h ON h.id = w.conversation
    JOIN fold f ON f.conversation = w.conversation
    CROSS JOIN LATERAL (VALUES (h.folder, h.agent, -1), (f.folder, f.agent, 1)) AS m (folder, agent, by)
    WHERE (h.folder, h.agent) IS DISTINCT FROM (f.folder, f.agent) AND m.folder IS NOT NULL
), counted AS (
    INSERT INTO folder (workspace, name, agent, count, version)
    SELECT workspace, folder, agent, sum(by), 1 FROM move GROUP BY workspace, folder, agent ORDER BY 1, 2, 3
    ON CONFLICT (workspace, name, agent) DO UPDATE
    SET count = folder.count + excluded.count, version = folder.version + 1
    RETURNING workspace, name, agent, count, version
)
SELECT w.conversation, c.workspace, c.name, c.agent, c.count, c.version
FROM won w
LEFT JOIN (
    move m JOIN counted c ON c.workspace = m.workspace AND c.name = m.folder AND c.agent = m.agent
) ON m.conversation = w.conversation
ORDER BY w.conversation, m.by
