-- What the first step kept was read by nobody: there was nobody to tell.
DROP TABLE outbox;

-- Who outside is told what happens.
CREATE TABLE webhook (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT    NOT NULL UNIQUE,
    workspace    TEXT    NOT NULL,
    url          TEXT    NOT NULL,
    secret       TEXT    NOT NULL,
    topics       TEXT    NOT NULL,          -- names with commas between them; * is all
    created_at   INTEGER NOT NULL,
    disabled_at  INTEGER,
    disabled_why TEXT,
    deleted      INTEGER NOT NULL DEFAULT 0 -- 1: gone for everybody but the sweep, which takes the rows away
) STRICT;

CREATE INDEX webhook_of_workspace ON webhook (workspace) WHERE deleted = 0;

-- The outbox: an event of the log on its way to a webhook, made in the event's transaction.
CREATE TABLE delivery (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook      INTEGER NOT NULL REFERENCES webhook (id),
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    seq          INTEGER NOT NULL,
    topic        TEXT    NOT NULL,
    at           INTEGER NOT NULL,           -- the event's
    tries        INTEGER NOT NULL DEFAULT 0,
    next_at      INTEGER NOT NULL,           -- when it is due; while taken, when the lease runs out
    taken_by     TEXT,                       -- the node that has it
    takes        INTEGER NOT NULL DEFAULT 0, -- the last lease
    done_at      INTEGER,                    -- delivered or given up
    dead         INTEGER NOT NULL DEFAULT 0, -- 1: given up
    status       INTEGER,
    error        TEXT
) STRICT;

-- Also the order within a conversation.
CREATE UNIQUE INDEX delivery_event ON delivery (webhook, conversation, seq);
CREATE INDEX delivery_of_webhook ON delivery (webhook, id);
CREATE INDEX delivery_due ON delivery (webhook, next_at) WHERE done_at IS NULL;
CREATE INDEX delivery_taken ON delivery (webhook, next_at) WHERE taken_by IS NOT NULL;
CREATE INDEX delivery_oldest ON delivery (webhook, at) WHERE done_at IS NULL;
CREATE INDEX delivery_dead ON delivery (webhook) WHERE dead = 1;
CREATE INDEX delivery_done ON delivery (done_at) WHERE done_at IS NOT NULL;
