-- How things stand for appends that were not written, or of which nobody knows: the conversation, its head, what the
-- key made, and what stands where the append would have stood.
SELECT
    g.nth, c.id, (SELECT max(seq) FROM log WHERE conversation = c.id), k.seq, k.body, n.body
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
    WITH ORDINALITY AS g (name, after, scope, key, nth)
LEFT JOIN LATERAL (SELECT id FROM conversation WHERE name = g.name LIMIT 1) c ON true
LEFT JOIN LATERAL (
    SELECT seq, body FROM log WHERE conversation = c.id AND scope = g.scope AND key = g.key AND key IS NOT NULL LIMIT 1
) k ON true
LEFT JOIN LATERAL (SELECT body FROM log WHERE conversation = c.id AND seq = g.after + 1 LIMIT 1) n ON true
