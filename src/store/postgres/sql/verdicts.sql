-- How things stand for appends that were not written, or of which nobody knows: the conversation, its head, what the
-- key made, and what stands where the append would have stood.
SELECT
    g.nth, c.id, (SELECT max(seq) FROM log WHERE conversation = c.id), k.seq, k.body, n.body
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
    WITH ORDINALITY AS g (name, after, scope, key, nth)
LEFT JOIN conversation c ON c.name = g.name
LEFT JOIN log k ON k.conversation = c.id AND k.scope = g.scope AND k.key = g.key AND k.key IS NOT NULL
LEFT JOIN log n ON n.conversation = c.id AND n.seq = g.after + 1
