-- Who is present on which incarnation of a node, as it told last; stands until then if it tells no more.
CREATE TABLE roster (
    node    text COLLATE "C" PRIMARY KEY,
    until   bigint NOT NULL,
    body    bytea  NOT NULL
);

-- When an agent was removed last. Stays when they come back: older tokens stay without worth.
ALTER TABLE agent ADD COLUMN removed_at bigint;

-- Of those who were removed before this was noted, nobody knows when: at the latest now.
UPDATE agent SET removed_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint WHERE removed;

-- In which workspaces somebody waits.
CREATE INDEX conversation_waited_in ON conversation (workspace) WHERE deadline IS NOT NULL;
