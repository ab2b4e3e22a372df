// The frames of protocol version 1. Made from the Rust types; do not edit by hand.

export type ErrorCode =
  | "invalid"
  | "unsupported"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "closed"
  | "too_large"
  | "rate_limited"
  | "unavailable";

export type ErrorBody = {
  code: ErrorCode;
  message: string;
  field?: string | null;
  assignee?: { id: string; name: string } | null;
  at?: number | null;
  retry_after_ms?: number | null;
};

export type Author =
  | { kind: "visitor" }
  | { kind: "agent"; id: string; name: string }
  | { kind: "bot" }
  | { kind: "system" };

export type RichInline =
  | string
  | { b: RichInline[] }
  | { i: RichInline[] }
  | { a: string; c: RichInline[] }
  | { img: string; alt: string };

export type RichBlock = { p: RichInline[] } | { ul: RichInline[][] };

export type CaptureField = "name" | "email" | "phone" | "organization" | "text";

export type Ask =
  | { kind: "message" }
  | { kind: "choice"; options: { id: string; label: string }[] }
  | { kind: "capture"; field: CaptureField; input: string; required: boolean }
  | { kind: "end" };

export type ConversationState = "bot" | "waiting" | "offline" | "assigned" | "unassigned" | "closed";

export type MissedReason = "nobody_online" | "wait_expired" | "everyone_left" | "not_installed";

export type ClosedReason = "agent" | "visitor" | "finished" | "abandoned";

export type ItemKind = "lead" | "deal" | "activity";

export type AgentRef = { id: string; name: string; avatar?: string };

export type VisitorRef = { id: string; name?: string; verified?: boolean };

export type Page = { url: string; title?: string; referrer?: string };

export type External = { id: string; url?: string };

export type Details = {
  deal?: { value?: number | null; currency?: string | null; expected_close_date?: string | null };
  person?: { name?: string | null; email?: string | null; phone?: string | null };
  organization?: { name?: string | null; address?: string | null };
  note?: string | null;
  claimed?: string[];
};

export type Event = { seq: number; at: number; by: Author } & (
  | { type: "started"; visitor: VisitorRef; playbook: { id: string; version: number }; page: Page | null; locale: string | null }
  | { type: "card"; card: string; ask: Ask; text: string; rich: RichBlock[] }
  | { type: "answer"; card: string; option?: string; value?: string; label: string; key?: string }
  | { type: "message"; key?: string; text: string; rich?: RichBlock[] }
  | { type: "waiting"; wait_ms: number; deadline: number; card: string }
  | { type: "missed"; reason: MissedReason; card: string }
  | { type: "assigned"; to: AgentRef; from: AgentRef | null }
  | { type: "unassigned"; from: AgentRef }
  | { type: "rated"; score: number; comment?: string }
  | { type: "closed"; reason: ClosedReason }
  | { type: "qualified"; card: string }
  | { type: "disqualified"; card: string }
  | { type: "details"; changes: Details }
  | { type: "item"; item: string; kind: ItemKind; title: string; external?: External }
  | { type: "item_failed"; item: string; kind: ItemKind; message: string }
  | { type: "note"; key: string; text: string }
);

export type Marks = { received: number; read: number };

export type ItemView = { item: string; kind: ItemKind; title: string; at: number; external?: External; failed?: string };

export type Summary = {
  id: string;
  state: ConversationState;
  seq: number;
  assignee: AgentRef | null;
  deadline: number | null;
  position: number | null;
  missed: MissedReason | null;
  visitor: { id: string; name?: string; verified: boolean; connected: boolean };
  playbook: { id: string; version: number };
  page: Page | null;
  locale: string | null;
  created_at: number;
  closed_at: number | null;
  seen: { visitor: Marks; agent: Marks };
  waiting_since?: number;
  unread?: number;
  preview?: string;
  last_at?: number;
};

export type Conversation = Summary & { details?: Details; items?: ItemView[] };

export type AgentStatus = "online" | "away" | "offline";

export type Agent = { id: string; name: string; avatar?: string; status: AgentStatus };

export type Counts = { unassigned?: number; mine?: number; closed?: number };

export type Settings = { notify: { unassigned: boolean; assigned: boolean; message: boolean } };

export type Limits = { text_bytes?: number; frame_bytes?: number };

export type Folder = "unassigned" | "mine" | "closed" | "all";

export type Appearance = { color: string; icon: string; bot_name: string; avatar: string | null };

export type VisitorHello = {
  playbook: string;
  token?: string | null;
  identity?: string | null;
  page?: Page | null;
  locale?: string | null;
  after?: { conversation: string; epoch: string; seq: number } | null;
};

export type AvailableReason = "ok" | "nobody_online" | "inactive" | "not_installed";

export type VisitorHelloReply = {
  session: string;
  visitor: string;
  token: string;
  epoch: string;
  heartbeat_ms: number;
  server_time: number;
  limits: Limits;
  playbook: {
    id: string;
    name: string;
    appearance: Appearance;
    locale: string;
    open_after_ms: number | null;
    typing_preview: boolean;
  };
  available: boolean;
  conversation: Conversation | null;
  recovered: boolean;
  events: Event[];
};

export type AgentHelloReply = {
  session: string;
  agent: { id: string; name: string; role: "agent" | "admin" };
  epoch: string;
  heartbeat_ms: number;
  server_time: number;
  limits: Limits;
  online: boolean;
  settings: Settings;
  agents: Agent[];
  counts: Counts;
  unassigned: Summary[];
  mine: Summary[];
};

export type VisitorRequest =
  | ({ type: "hello" } & VisitorHello)
  | { type: "start" }
  | { type: "answer"; conversation: string; card: string; option?: string; value?: string; key: string }
  | { type: "send"; conversation: string; key: string; text: string }
  | { type: "typing"; conversation: string; on: boolean; preview?: string }
  | { type: "seen"; conversation: string; received?: number; read?: number }
  | { type: "page"; url: string; title?: string }
  | { type: "rate"; conversation: string; score: number; comment?: string }
  | { type: "end"; conversation: string }
  | { type: "history"; conversation: string; before: number; limit: number }
  | { type: "pong" };

export type NotifyReason = "unassigned" | "assigned" | "message";

export type AgentRequest =
  | { type: "hello"; token: string }
  | { type: "availability"; online: boolean; agent?: string }
  | { type: "settings"; notify: Settings["notify"] }
  | { type: "list"; folder: Folder; before?: string; limit?: number; query?: string }
  | { type: "open"; conversation: string; after?: { epoch: string; seq: number } }
  | { type: "leave"; conversation: string }
  | { type: "history"; conversation: string; before: number; limit: number }
  | { type: "claim"; conversation: string }
  | { type: "assign"; conversation: string; to: string | null }
  | { type: "send"; conversation: string; key: string; text: string }
  | { type: "note"; conversation: string; key: string; text: string }
  | { type: "typing"; conversation: string; on: boolean; preview?: string }
  | { type: "seen"; conversation: string; received?: number; read?: number }
  | { type: "details"; conversation: string; details: Details }
  | { type: "item"; conversation: string; kind: ItemKind; title: string; key: string; fields?: Details }
  | { type: "close"; conversation: string }
  | { type: "notified"; conversation: string; reason: NotifyReason; outcome: "shown" | "blocked" | "hidden" }
  | { type: "pong" };

export type Goodbye = { type: "goodbye"; code: number; reason: string; reconnect: boolean; after_ms?: number | null };

export type EventsPush = { type: "events"; conversation: string; events: Event[] };

export type TypingPush = { type: "typing"; conversation: string; on: boolean; preview?: string | null };

export type SeenPush = { type: "seen"; conversation: string; by: "visitor" | "agent"; received: number; read: number };

export type VisitorPush =
  | EventsPush
  | TypingPush
  | SeenPush
  | { type: "available"; available: boolean; reason: AvailableReason }
  | { type: "queue"; conversation: string; position: number }
  | { type: "ping" }
  | Goodbye;

export type PresenceReason = "toggle" | "connected" | "closed" | "lost" | "node_lost" | "admin";

export type AgentPush =
  | EventsPush
  | TypingPush
  | SeenPush
  | {
      type: "inbox";
      upsert?: Summary;
      remove?: string;
      seq?: number;
      assignee?: AgentRef | null;
      at?: number;
      counts?: Counts;
    }
  | { type: "presence"; agent: Agent; reason: PresenceReason }
  | { type: "notify"; reason: NotifyReason; conversation: string; title: string; body: string; ring: boolean }
  | { type: "visitor"; conversation: string; connected: boolean; page?: Page | null }
  | { type: "watching"; conversation: string; agents: AgentRef[] }
  | { type: "ping" }
  | Goodbye;
