-- A store as version 1 of its shape left it: written by the program of that day, dumped by hand.
PRAGMA application_id = 1431521362;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE migration (
            version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL
        ) STRICT;
INSERT INTO migration VALUES(1,'first','d8f8713422ed56e4bb1167aa1c137d212e22f81f5d34487ab236820924c68cae',1795641636912);
CREATE TABLE hub (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    epoch   TEXT    NOT NULL,
    indexed INTEGER NOT NULL DEFAULT 0, -- rows of the log up to here stand in place and used_key
    probed  INTEGER NOT NULL DEFAULT 0  -- when somebody last asked whether writing works
) STRICT;
INSERT INTO hub VALUES(1,'e_aZ02HokYKdk1t0lSDhGB',17,1795641637013);
CREATE TABLE log (
    pos          INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    hidden       INTEGER NOT NULL, -- 1: visitors are not shown it
    scope        TEXT,             -- with key, on the first event of a keyed command
    key          TEXT,
    body         TEXT    NOT NULL
) STRICT;
INSERT INTO log VALUES(1,1,1,0,NULL,NULL,'{"seq":1,"at":1795641637027,"by":{"kind":"visitor"},"type":"started","visitor":{"id":"v_T83ZJD1PcKOdoDao_Hli"},"playbook":{"id":"pb_demo","version":1},"page":{"url":"http://127.0.0.1:28371/demo"},"locale":null}');
INSERT INTO log VALUES(2,1,2,0,NULL,NULL,'{"seq":2,"at":1795641637027,"by":{"kind":"bot"},"type":"card","card":"hello","ask":{"kind":"choice","options":[{"id":"talk","label":"Talk to someone"},{"id":"look","label":"Just looking"}]},"text":"Hi! What brings you here?","rich":[{"p":["Hi! What brings you here?"]}]}');
INSERT INTO log VALUES(3,1,3,0,'v','a1','{"seq":3,"at":1795641637029,"by":{"kind":"visitor"},"type":"answer","card":"hello","option":"talk","label":"Talk to someone","key":"a1"}');
INSERT INTO log VALUES(4,1,4,0,NULL,NULL,'{"seq":4,"at":1795641637029,"by":{"kind":"bot"},"type":"message","text":"One moment, we are finding somebody for you.","rich":[{"p":[{"b":["One moment"]},", we are finding somebody for you."]}]}');
INSERT INTO log VALUES(5,1,5,0,NULL,NULL,'{"seq":5,"at":1795641637029,"by":{"kind":"system"},"type":"waiting","wait_ms":60000,"deadline":1795641697029,"card":"live"}');
INSERT INTO log VALUES(6,1,6,0,NULL,NULL,'{"seq":6,"at":1795641637030,"by":{"kind":"agent","id":"jane","name":"Jane"},"type":"assigned","to":{"id":"jane","name":"Jane"},"from":null}');
INSERT INTO log VALUES(7,1,7,0,'v','k1','{"seq":7,"at":1795641637032,"by":{"kind":"visitor"},"type":"message","key":"k1","text":"Is it open on Sundays?"}');
INSERT INTO log VALUES(8,1,8,0,'a:jane','k1','{"seq":8,"at":1795641637032,"by":{"kind":"agent","id":"jane","name":"Jane"},"type":"message","key":"k1","text":"From ten to four."}');
INSERT INTO log VALUES(9,1,9,1,'i','l1','{"seq":9,"at":1795641637033,"by":{"kind":"agent","id":"jane","name":"Jane"},"type":"item","item":"i_xUBKCT4TzqCXsNeSF9fS","kind":"lead","title":"A lead"}');
INSERT INTO log VALUES(10,1,10,0,NULL,NULL,'{"seq":10,"at":1795641637034,"by":{"kind":"visitor"},"type":"rated","score":5,"comment":"quick"}');
INSERT INTO log VALUES(11,1,11,0,NULL,NULL,'{"seq":11,"at":1795641637035,"by":{"kind":"agent","id":"jane","name":"Jane"},"type":"closed","reason":"agent"}');
INSERT INTO log VALUES(12,2,1,0,NULL,NULL,'{"seq":1,"at":1795641637037,"by":{"kind":"visitor"},"type":"started","visitor":{"id":"v_0ZVmRr3FLi7A3DeQJmCN"},"playbook":{"id":"pb_demo","version":1},"page":null,"locale":null}');
INSERT INTO log VALUES(13,2,2,0,NULL,NULL,'{"seq":2,"at":1795641637037,"by":{"kind":"bot"},"type":"card","card":"hello","ask":{"kind":"choice","options":[{"id":"talk","label":"Talk to someone"},{"id":"look","label":"Just looking"}]},"text":"Hi! What brings you here?","rich":[{"p":["Hi! What brings you here?"]}]}');
INSERT INTO log VALUES(14,2,3,0,'v','a1','{"seq":3,"at":1795641637038,"by":{"kind":"visitor"},"type":"answer","card":"hello","option":"talk","label":"Talk to someone","key":"a1"}');
INSERT INTO log VALUES(15,2,4,0,NULL,NULL,'{"seq":4,"at":1795641637038,"by":{"kind":"bot"},"type":"message","text":"One moment, we are finding somebody for you.","rich":[{"p":[{"b":["One moment"]},", we are finding somebody for you."]}]}');
INSERT INTO log VALUES(16,2,5,0,NULL,NULL,'{"seq":5,"at":1795641637038,"by":{"kind":"system"},"type":"waiting","wait_ms":60000,"deadline":1795641697038,"card":"live"}');
INSERT INTO log VALUES(17,2,6,0,NULL,NULL,'{"seq":6,"at":1795641637039,"by":{"kind":"agent","id":"jane","name":"Jane"},"type":"assigned","to":{"id":"jane","name":"Jane"},"from":null}');
CREATE TABLE place (
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    hidden       INTEGER NOT NULL,
    pos          INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO place VALUES(1,1,0,1);
INSERT INTO place VALUES(1,2,0,2);
INSERT INTO place VALUES(1,3,0,3);
INSERT INTO place VALUES(1,4,0,4);
INSERT INTO place VALUES(1,5,0,5);
INSERT INTO place VALUES(1,6,0,6);
INSERT INTO place VALUES(1,7,0,7);
INSERT INTO place VALUES(1,8,0,8);
INSERT INTO place VALUES(1,9,1,9);
INSERT INTO place VALUES(1,10,0,10);
INSERT INTO place VALUES(1,11,0,11);
INSERT INTO place VALUES(2,1,0,12);
INSERT INTO place VALUES(2,2,0,13);
INSERT INTO place VALUES(2,3,0,14);
INSERT INTO place VALUES(2,4,0,15);
INSERT INTO place VALUES(2,5,0,16);
INSERT INTO place VALUES(2,6,0,17);
CREATE TABLE used_key (
    conversation INTEGER NOT NULL,
    scope        TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    pos          INTEGER NOT NULL,
    PRIMARY KEY (conversation, scope, key)
) STRICT, WITHOUT ROWID;
INSERT INTO used_key VALUES(1,'a:jane','k1',8);
INSERT INTO used_key VALUES(1,'i','l1',9);
INSERT INTO used_key VALUES(1,'v','a1',3);
INSERT INTO used_key VALUES(1,'v','k1',7);
INSERT INTO used_key VALUES(2,'v','a1',14);
CREATE TABLE conversation (
    id           INTEGER PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,
    workspace    TEXT    NOT NULL,
    visitor      TEXT    NOT NULL, -- with the next two: overrides the fold's, since adoption is no event
    visitor_name TEXT,
    verified     INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    live         INTEGER NOT NULL,
    served       INTEGER NOT NULL,
    assignee     TEXT,
    assigned_at  INTEGER,
    deadline     INTEGER,
    since        INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    last_at      INTEGER NOT NULL, -- as of snap_seq
    closed_at    INTEGER,
    snap_seq     INTEGER NOT NULL,
    snapshot     TEXT    NOT NULL
) STRICT;
INSERT INTO conversation VALUES(1,'c_NAIJyRmjs0pK5k4x2oi5','default','v_T83ZJD1PcKOdoDao_Hli',NULL,0,'closed',1,1,NULL,NULL,NULL,1795641637029,1795641637027,1795641637035,1795641637035,11,'{"id":"c_NAIJyRmjs0pK5k4x2oi5","workspace":"default","seq":11,"last_at":1795641637035,"state":{"is":"closed","at":1795641637035,"reason":"agent"},"visitor":{"id":"v_T83ZJD1PcKOdoDao_Hli"},"playbook":{"id":"pb_demo","version":1},"page":{"url":"http://127.0.0.1:28371/demo"},"locale":null,"created_at":1795641637027,"asking":null,"live":true,"served":true,"missed":null,"since":1795641637029,"details":{"deal":{},"person":{},"organization":{}},"claimed":[],"items":[{"item":"i_xUBKCT4TzqCXsNeSF9fS","kind":"lead","title":"A lead","at":1795641637033}],"preview":"From ten to four.","visitor_texts":[7],"rated":5}');
INSERT INTO conversation VALUES(2,'c_OBvtClOrW2lXiZmEH2I-','default','v_0ZVmRr3FLi7A3DeQJmCN',NULL,0,'assigned',1,1,'jane',1795641637039,NULL,1795641637038,1795641637037,1795641637039,NULL,6,'{"id":"c_OBvtClOrW2lXiZmEH2I-","workspace":"default","seq":6,"last_at":1795641637039,"state":{"is":"assigned","to":{"id":"jane","name":"Jane"},"at":1795641637039},"visitor":{"id":"v_0ZVmRr3FLi7A3DeQJmCN"},"playbook":{"id":"pb_demo","version":1},"page":null,"locale":null,"created_at":1795641637037,"asking":null,"live":true,"served":true,"missed":null,"since":1795641637038,"details":{"deal":{},"person":{},"organization":{}},"claimed":[],"items":[],"preview":"One moment, we are finding somebody for you.","visitor_texts":[],"rated":null}');
CREATE TABLE beside (
    conversation INTEGER PRIMARY KEY REFERENCES conversation (id),
    body         TEXT NOT NULL
) STRICT;
CREATE TABLE folder (
    workspace TEXT    NOT NULL,
    name      TEXT    NOT NULL, -- unassigned, mine, closed
    agent     TEXT    NOT NULL, -- '' but for mine
    count     INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    PRIMARY KEY (workspace, name, agent)
) STRICT, WITHOUT ROWID;
INSERT INTO folder VALUES('default','closed','',1,1);
INSERT INTO folder VALUES('default','mine','jane',1,3);
INSERT INTO folder VALUES('default','unassigned','',0,4);
CREATE TABLE item (
    id           INTEGER PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,
    workspace    TEXT    NOT NULL,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    kind         TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    fields       TEXT    NOT NULL,
    external     TEXT,
    at           INTEGER NOT NULL
) STRICT;
INSERT INTO item VALUES(1,'i_xUBKCT4TzqCXsNeSF9fS','default',1,'lead','A lead','{}',NULL,1795641637033);
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    topic        TEXT    NOT NULL,
    pos          INTEGER NOT NULL,
    delivered_at INTEGER
) STRICT;
INSERT INTO outbox VALUES(1,1,'conversation.started',1,NULL);
INSERT INTO outbox VALUES(2,1,'conversation.assigned',6,NULL);
INSERT INTO outbox VALUES(3,1,'item.created',9,NULL);
INSERT INTO outbox VALUES(4,1,'conversation.closed',11,NULL);
INSERT INTO outbox VALUES(5,2,'conversation.started',12,NULL);
INSERT INTO outbox VALUES(6,2,'conversation.assigned',17,NULL);
CREATE TABLE agent (
    workspace     TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    avatar        TEXT,
    admin         INTEGER NOT NULL,
    online        INTEGER NOT NULL,
    notify        TEXT    NOT NULL,
    last_hello_at INTEGER NOT NULL,
    removed       INTEGER NOT NULL,
    PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;
INSERT INTO agent VALUES('default','bob','Bob',NULL,0,0,'{"unassigned":true,"assigned":true,"message":true}',1795641637020,1);
INSERT INTO agent VALUES('default','jane','Jane',NULL,0,1,'{"unassigned":true,"assigned":true,"message":true}',1795641637017,0);
INSERT INTO agent VALUES('default','root','Root',NULL,1,0,'{"unassigned":true,"assigned":true,"message":true}',1795641637023,0);
CREATE TABLE playbook (
    id           TEXT    PRIMARY KEY,
    workspace    TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    installed_at INTEGER,
    last_seen_at INTEGER,
    deleted      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO playbook VALUES('pb_demo','default','Demo',1,1795641637025,1795641637025,0);
CREATE TABLE playbook_version (
    playbook TEXT    NOT NULL REFERENCES playbook (id),
    version  INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    PRIMARY KEY (playbook, version)
) STRICT;
INSERT INTO playbook_version VALUES('pb_demo',1,'{"id":"pb_demo","name":"Demo","active":true,"locale":"en","origins":[],"appearance":{"color":"#3b5bdb","icon":"chat","bot_name":"Usher","avatar":null},"open_after_ms":null,"typing_preview":false,"abandoned_lead":true,"start":"hello","cards":{"bye":{"kind":"disqualify","text":"Enjoy your visit.","create":[]},"done":{"kind":"qualify","text":"Thank you!","create":[{"kind":"lead"},{"kind":"activity","subject":"Write back"}]},"email":{"kind":"capture","text":"Where can we write to you?","field":"email","required":true,"next":"done"},"hello":{"kind":"choice","text":"Hi! What brings you here?","options":[{"id":"talk","label":"Talk to someone","next":"live"},{"id":"look","label":"Just looking","next":"bye"}]},"live":{"kind":"live_chat","online_message":"**One moment**, we are finding somebody for you.","wait_ms":60000,"offline_message":"Nobody is free right now.","offline":"email"}}}');
CREATE TABLE renamed (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    name         TEXT    NOT NULL
) STRICT;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('outbox',6);
CREATE UNIQUE INDEX conversation_open ON conversation (workspace, visitor) WHERE closed_at IS NULL;
CREATE INDEX conversation_over ON conversation (workspace, visitor, closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX conversation_due ON conversation (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX conversation_silent ON conversation (last_at) WHERE closed_at IS NULL AND served = 0;
CREATE INDEX conversation_unassigned ON conversation (workspace, since)
    WHERE state IN ('waiting', 'offline', 'unassigned');
CREATE INDEX conversation_mine ON conversation (workspace, assignee, assigned_at) WHERE assignee IS NOT NULL;
CREATE INDEX conversation_closed ON conversation (workspace, closed_at) WHERE closed_at IS NOT NULL AND live = 1;
CREATE INDEX conversation_all ON conversation (workspace, created_at);
CREATE INDEX item_of_workspace ON item (workspace);
CREATE INDEX item_of_kind ON item (workspace, kind);
CREATE INDEX item_of_conversation ON item (conversation);
CREATE INDEX outbox_waiting ON outbox (id) WHERE delivered_at IS NULL;
CREATE INDEX playbook_of_workspace ON playbook (workspace, name);
COMMIT;
