-- Who outside is told what happens.
CREATE TABLE webhook (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text COLLATE "C" NOT NULL UNIQUE,
    workspace    text COLLATE "C" NOT NULL,
    url          text   NOT NULL,
    secret       text   NOT NULL,
    topics       text COLLATE "C" NOT NULL, -- names with commas between them; * is all
    created_at   bigint NOT NULL,
    disabled_at  bigint,
    disabled_why text,
    deleted_at   timestamptz                -- gone for everybody but the sweep, which takes the rows away
);

CREATE INDEX webhook_of_workspace ON webhook (workspace, id) WHERE deleted_at IS NULL;

-- The outbox: an event of the log on its way to a webhook, made in the event's transaction. Claims, verdicts and ends
-- are written in place, and rows go when they are over: vacuum is to look often.
CREATE TABLE delivery (
    id           bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook      bigint  NOT NULL,
    conversation bigint  NOT NULL,
    seq          bigint  NOT NULL,
    topic        text COLLATE "C" NOT NULL,
    at           bigint  NOT NULL,               -- the event's
    tries        integer NOT NULL DEFAULT 0,
    next_at      bigint  NOT NULL,               -- when it is due; while taken, when the lease runs out
    taken_by     text COLLATE "C",               -- the node that has it
    takes        bigint  NOT NULL DEFAULT 0,     -- the last lease
    done_at      bigint,                         -- delivered or given up
    dead         boolean NOT NULL DEFAULT false, -- given up
    status       integer,
    error        text
) WITH (autovacuum_vacuum_scale_factor = 0.02);

-- Also the order within a conversation.
CREATE UNIQUE INDEX delivery_event ON delivery (webhook, conversation, seq);
CREATE INDEX delivery_of_webhook ON delivery (webhook, id);
CREATE INDEX delivery_due ON delivery (webhook, next_at, id) WHERE done_at IS NULL;
CREATE INDEX delivery_taken ON delivery (webhook, next_at) WHERE taken_by IS NOT NULL;
CREATE INDEX delivery_oldest ON delivery (webhook, at) WHERE done_at IS NULL;
CREATE INDEX delivery_dead ON delivery (webhook) WHERE dead;
CREATE INDEX delivery_done ON delivery (done_at) WHERE done_at IS NOT NULL;

-- A program of before writes into this table, which nobody reads. While such programs run beside newer ones, what they
-- write goes the new way, and the table stays empty. When it happened is not told here: it is now, but for moments.
DELETE FROM outbox;

CREATE FUNCTION tell_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moment bigint := extract(epoch FROM clock_timestamp()) * 1000;
BEGIN
    INSERT INTO delivery (webhook, conversation, seq, topic, at, next_at)
    SELECT w.id, c.id, NEW.seq, NEW.topic, moment, moment
    FROM conversation c
    JOIN webhook w ON w.workspace = c.workspace AND w.deleted_at IS NULL AND w.disabled_at IS NULL
        AND (w.topics = '*' OR NEW.topic = ANY (string_to_array(w.topics, ',')))
    WHERE c.id = NEW.conversation;
    RETURN NULL;
END $$;

CREATE TRIGGER tell_webhooks BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION tell_webhooks();
