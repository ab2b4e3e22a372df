-- Texts of many conversations, at most one of each. One is written when its conversation has come to where the writer
-- believed it to be (which need not be looked up where that is sure), nobody else is there, and its key is free. In one
-- order, so that no two nodes wait for each other. Answers which were, in one row; in none when none was.
WITH given AS (
    SELECT *
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::boolean[], $7::text[],
                $8::boolean[])
        AS g (conversation, after, scope, key, at, hidden, body, sure)
), won AS (
    INSERT INTO log (conversation, seq, at, hidden, scope, key, body)
    SELECT conversation, after + 1, at, hidden, scope, key, body
    FROM given g
    -- A value, not EXISTS: that could be planned as a table of the whole log.
    WHERE g.sure OR (SELECT p.seq FROM log p WHERE p.conversation = g.conversation AND p.seq = g.after) IS NOT NULL
    ORDER BY conversation
    ON CONFLICT DO NOTHING
    RETURNING conversation, seq
), noted AS (
    INSERT INTO unsearched (conversations, firsts, lasts)
    SELECT array_agg(conversation), array_agg(seq), array_agg(seq) FROM won HAVING count(*) > 0
    RETURNING conversations
)
SELECT conversations FROM noted
