// The frames of Usher's wire protocol, version 1. Made from the hub's own types: do not edit.
// A test of the hub fails when this file is not what it makes; run its tests with UPDATE_GOLDEN=1 to write it.

/** An agent and whether they can be reached. */
export type Agent = {
  /** The JWT's `sub`. */
  id: AgentId,
  /** As of the last `hello`. */
  name: string,
  /** An https picture. */
  avatar?: string,
  /** Intent and reachability in one word. */
  status: AgentStatus,
};

/** The last event an agent's client holds of a conversation. */
export type AgentAfter = {
  /** Of which incarnation of the store. */
  epoch: Epoch,
  /** Its place. */
  seq: Seq,
};

/** An agent's request, by `type`. */
export type AgentAsk = { "type": "hello" } & AgentHello | { "type": "availability" } & Availability | { "type": "settings" } & SetSettings | { "type": "list" } & List | { "type": "open" } & Open | { "type": "leave" } & Which | { "type": "history" } & History | { "type": "claim" } & Which | { "type": "assign" } & Assign | { "type": "send" } & Say | { "type": "note" } & Say | { "type": "typing" } & Typing | { "type": "seen" } & SeenUpTo | { "type": "details" } & ChangeDetails | { "type": "item" } & MakeItem | { "type": "close" } & Which | { "type": "notified" } & Notified | { "type": "pong" };

/** An agent's `hello`. */
export type AgentHello = {
  /** The agent's JWT. */
  token: string,
};

/** The reply to an agent's `hello`. */
export type AgentHelloReply = {
  /** This connection. */
  session: SessionId,
  /** Oneself. */
  agent: Me,
  /** The store's incarnation. */
  epoch: Epoch,
  /** After how much silence the hub pings, in milliseconds. */
  heartbeat_ms: number,
  /** The store's clock. */
  server_time: Millis,
  /** What to stay within. */
  limits: Limits,
  /** The switch. */
  online: boolean,
  /** What one has set. */
  settings: Settings,
  /** Everybody in the workspace, by name. */
  agents: Array<Agent>,
  /** The folders' sizes. */
  counts: Counts,
  /** The first 50 of Unassigned. */
  unassigned: Array<Summary>,
  /** The first 50 of one's own; their events are pushed from each row's `seq` on. */
  mine: Array<Summary>,
};

/** An agent within a workspace: the JWT's `sub`. */
export type AgentId = string;

/** An agent by id and name. */
export type AgentName = {
  /** The JWT's `sub`. */
  id: AgentId,
  /** As of the last `hello`. */
  name: string,
};

/** A push to an agent, by `type`. */
export type AgentPush = { "type": "events" } & EventsPush | { "type": "inbox" } & InboxPush | { "type": "presence" } & PresencePush | { "type": "notify" } & NotifyPush | { "type": "typing" } & TypingPush | { "type": "seen" } & SeenPush | { "type": "visitor" } & VisitorMoved | { "type": "watching" } & Watching | { "type": "ping" } | { "type": "goodbye" } & Goodbye;

/** An agent, as shown in a log. */
export type AgentRef = {
  /** The JWT's `sub`. */
  id: AgentId,
  /** As of the last `hello`. */
  name: string,
  /** An https picture. */
  avatar?: string,
};

/** What each of an agent's requests answers, by its `type`. A map of types: nobody makes one. */
export type AgentReplies = {
  /** See there. */
  hello: AgentHelloReply,
  /** Nothing more. */
  availability: Nothing,
  /** See there. */
  settings: SettingsReply,
  /** See there. */
  list: ListReply,
  /** See there. */
  open: OpenReply,
  /** Nothing more. */
  leave: Nothing,
  /** See there. */
  history: HistoryReply,
  /** Its event. */
  claim: Done,
  /** Its event. */
  assign: Done,
  /** Stands in for the event. */
  send: Done,
  /** Stands in for the event. */
  note: Done,
  /** Nothing more. */
  typing: Nothing,
  /** Nothing more. */
  seen: Nothing,
  /** Its event. */
  details: Done,
  /** See there. */
  item: Made,
  /** Its event. */
  close: Done,
  /** Nothing more. */
  notified: Nothing,
  /** Nothing more. */
  pong: Nothing,
};

/** What others see of an agent's switch and presence. */
export type AgentStatus = "online" | "away" | "offline";

/** A finite number, zero or more. */
export type Amount = number;

/** `answer`: with exactly one of `option` (of a choice) and `value` (of a capture). */
export type Answer = {
  /** Where. */
  conversation: ConversationId,
  /** The card that asked. */
  card: CardId,
  /** The option chosen. */
  option?: OptionId,
  /** What was typed. */
  value?: string,
  /** The client's name for it, 1 to 64 characters. */
  key: MessageKey,
};

/** How a widget looks. */
export type Appearance = {
  /** `#rrggbb`. */
  color: string,
  /** The launcher's icon, a name the widget knows. */
  icon: string,
  /** What the bot is called. */
  bot_name: string,
  /** The bot's picture, an https address. */
  avatar: string | null,
};

/** What a visitor may do with a card. */
export type Ask = { "kind": "message" } | { "kind": "choice",
  /** In order. */
  options: Array<AskOption>,
} | { "kind": "capture",
  /** What is asked for. */
  field: CaptureField,
  /** The kind of input that suits it. */
  input: CaptureInput,
  /** Whether an empty answer is refused. */
  required: boolean,
} | { "kind": "end" };

/** An answer a visitor may press. */
export type AskOption = {
  /** What to answer with. */
  id: OptionId,
  /** What to show. */
  label: string,
};

/** `assign`: give a conversation to somebody. */
export type Assign = {
  /** Which. */
  conversation: ConversationId,
  /** To whom; null is Unassigned. Must be said: forgetting it gives nothing away. */
  to: AgentId | null,
};

/** Who caused an event. */
export type Author = { "kind": "visitor" } | { "kind": "agent",
  /** The JWT's `sub`. */
  id: AgentId,
  /** As of the agent's last `hello`. */
  name: string,
} | { "kind": "bot" } | { "kind": "system" };

/** `availability`: the switch at the bottom left. */
export type Availability = {
  /** On or off. */
  online: boolean,
  /** Whose; one's own when not said. Another's takes an admin, and off. */
  agent?: AgentId,
};

/** `available`: pushed the moment it changes. */
export type Available = {
  /** Whether an agent can be reached by this playbook's Live Chat card. */
  available: boolean,
  /** Why (not). */
  reason: AvailableReason,
};

/** Why live chat is, or is not, offered. */
export type AvailableReason = "ok" | "nobody_online" | "inactive" | "not_installed";

/** A paragraph, `{"p":[…]}`, or a bullet list, `{"ul":[[…],…]}`. */
export type Block = { "p": Array<Inline> } | { "ul": Array<Array<Inline>> };

/** What a capture card asks for. */
export type CaptureField = "name" | "email" | "phone" | "organization" | "text";

/** The kind of input element that suits a capture, by its HTML name. */
export type CaptureInput = "text" | "email" | "tel" | "textarea";

/** One card. Texts are Markdown as `Rich`(crate::chat::rich::Rich) reads it, at most 16 KiB. */
export type Card = { "kind": "message",
  /** What it says. */
  text: string,
  /** The card after it. */
  next: CardId,
} | { "kind": "choice",
  /** The question. */
  text: string,
  /** The answers. */
  options: Array<CardOption>,
} | { "kind": "capture",
  /** The question. */
  text: string,
  /** What is asked for. */
  field: CaptureField,
  /** Whether an empty answer is refused. Default: true. */
  required: boolean,
  /** The card after it. */
  next: CardId,
} | { "kind": "live_chat",
  /** Said when an agent is available. */
  online_message: string,
  /** How long the visitor waits, in milliseconds: 10 s to 60 min. Default: 60 s. */
  wait_ms: number,
  /** Said when nobody took the chat in that time, or nobody is available. */
  offline_message: string,
  /** The first card of the offline flow. */
  offline: CardId,
} | { "kind": "qualify",
  /** The last words. */
  text: string,
  /** What is made of the visitor. */
  create: Array<Create>,
} | { "kind": "disqualify",
  /** The last words. */
  text: string,
  /** What is made of the visitor all the same. */
  create: Array<Create>,
};

/** A card within a playbook. */
export type CardId = string;

/** An answer of a choice. */
export type CardOption = {
  /** Its id within the card. */
  id: OptionId,
  /** What the visitor reads and presses. */
  label: string,
  /** The card it leads to. */
  next: CardId,
};

/** `details`: change the side panel. */
export type ChangeDetails = {
  /** Of which conversation. */
  conversation: ConversationId,
  /** Only what changes; null clears. */
  details: DetailsPatch,
};

/** Why the hub closes a connection. */
export type CloseCode = 1003 | 1007 | 1008 | 1009 | 4001 | 4002 | 4003 | 4004 | 4500 | 4501 | 4502 | 4503 | 4504 | 4505;

/** Why a conversation ended. */
export type ClosedReason = "agent" | "visitor" | "finished" | "abandoned";

/** One conversation, which is one log of events. */
export type ConversationId = string;

/** A whole conversation: its `Summary`, and for agents the side panel. */
export type ConversationView = {
  /** Agents: the side panel. */
  details?: DetailsView,
  /** Agents: what was made of it. */
  items?: Array<ItemView>,
  /** Which conversation. */
  id: ConversationId,
  /** Where it stands. */
  state: StateName,
  /** The last event folded in: an older row changes nothing. */
  seq: Seq,
  /** Whose it is now. */
  assignee: AgentRef | null,
  /** When its wait ends. */
  deadline: Millis | null,
  /** Its place among those waiting, from 1. */
  position: number | null,
  /** Why it was missed. */
  missed: MissedReason | null,
  /** Whose it is. */
  visitor: VisitorView,
  /** What it runs on. */
  playbook: PlaybookRef,
  /** Where the visitor is, else where it began. */
  page: Page | null,
  /** The visitor's language. */
  locale: string | null,
  /** When it began. */
  created_at: Millis,
  /** When it ended. */
  closed_at: Millis | null,
  /** How far both sides have come. */
  seen: Seen,
  /** Agents: since when it has waited for one. */
  waiting_since?: Millis,
  /** Agents: how many of the visitor's texts the assignee has not read, at most 100. */
  unread?: number,
  /** Agents: the last text, shortened. */
  preview?: string,
  /** Agents: when the last event was. */
  last_at?: Millis,
};

/** The sizes of an agent's folders; absolute, never a difference. */
export type Counts = {
  /** Unassigned. */
  unassigned: number,
  /** My conversations. */
  mine: number,
  /** Closed. */
  closed: number,
};

/** The sizes that changed for an agent; absolute as well. */
export type CountsChanged = {
  /** Unassigned. */
  unassigned?: number,
  /** My conversations. */
  mine?: number,
  /** Closed. */
  closed?: number,
};

/**
 * What the end of a path makes. Beside its kind: `title` of a lead or deal, `subject` of an activity (required), and
 * the fields of the item.
 */
export type Create = {
  /** What to make. */
  kind: ItemKind,
  /** What to call a lead or deal; by default after the playbook. */
  title?: string,
  /** What is to be done: an activity's title. */
  subject?: string,
  /** A lead's or deal's worth. */
  value?: Amount,
  /** ISO 4217, of that worth. */
  currency?: string,
  /** When a lead or deal should be won: `YYYY-MM-DD`. */
  expected_close_date?: string,
  /** When an activity is due: `YYYY-MM-DD`. */
  due_date?: string,
  /** Free text, at most 16 KiB. */
  note?: string,
};

/** A sale under way. */
export type Deal = {
  /** Its worth, in `currency`. */
  value?: Amount,
  /** ISO 4217, as `EUR`; missing means the workspace's. */
  currency?: string,
  /** `YYYY-MM-DD`. */
  expected_close_date?: string,
};

/** Changes of a sale. */
export type DealPatch = {
  /** Its worth: finite, zero or more. */
  value?: Amount | null,
  /** ISO 4217. */
  currency?: string | null,
  /** `YYYY-MM-DD`. */
  expected_close_date?: string | null,
};

/** Changes of `Details`. A missing field stays as it is, `null` clears it, anything else is its new value. */
export type DetailsPatch = {
  /** Of the sale. */
  deal?: DealPatch,
  /** Of the visitor. */
  person?: PersonPatch,
  /** Of whom they speak for. */
  organization?: OrganizationPatch,
  /** Free text, at most 16 KiB. */
  note?: string | null,
};

/** The side panel with the marks of what nobody checked. */
export type DetailsView = {
  /** Paths of the fields the visitor claimed, as `person.email`. */
  claimed: Array<string>,
  /** The sale. */
  deal: Deal,
  /** The visitor. */
  person: Person,
  /** Whom they speak for. */
  organization: Organization,
  /** Free text, at most 16 KiB. */
  note?: string,
};

/** It is durable. */
export type Done = {
  /** The last event it made; the log's last one when it made none. */
  seq: Seq,
  /** When that was. */
  at: Millis,
  /** Whether an earlier request of the same key did it; such a reply has no place in the order. */
  duplicate?: boolean,
};

/** The store's incarnation: changes only when the store is replaced or restored. */
export type Epoch = string;

/** `error` of a reply. Public: holds nothing a client may not see, and no private cause. */
export type ErrorBody = {
  /** What kind of refusal, for programs. */
  code: ErrorCode,
  /** What to tell the person. */
  message: string,
  /** Which member of the request, as a path: `text`, `details.deal.value`. */
  field?: string,
  /** Who has the conversation now. */
  assignee?: AgentName,
  /** Since when. */
  at?: Millis,
  /** How long to wait before repeating it, in milliseconds. */
  retry_after_ms?: number,
};

/** Why a request was refused. The same words stand in the REST interface's problem documents. */
export type ErrorCode = "invalid" | "unsupported" | "unauthorized" | "forbidden" | "not_found" | "conflict" | "closed" | "too_large" | "rate_limited" | "unavailable";

/** The answer to a request that was refused. */
export type ErrorReply = {
  /** `reply`. */
  type: ReplyTag,
  /** The request's; null where none could be read. */
  id: RequestId | null,
  /** False. */
  ok: false,
  /** Why. */
  error: ErrorBody,
};

/** One durable fact of a conversation. Its JSON is the same in the store and on the wire. */
export type Event = {
  /** Its place in the log. */
  seq: Seq,
  /** When it was decided, by the store's clock; never falls along `seq`. */
  at: Millis,
  /** Who caused it. */
  by: Author,
} & ({ "type": "started" } & Started | { "type": "card",
  /** Which card. */
  card: CardId,
  /** What the visitor may do with it. */
  ask: Ask,
  /** Its text without formatting. */
  text: string,
  /** Its text as a tree. */
  rich: Rich,
} | { "type": "answer",
  /** Which card. */
  card: CardId,
  /** The option chosen, of a choice. */
  option?: OptionId,
  /** What was typed, of a capture, tidied. */
  value?: string,
  /** What to show for it. */
  label: string,
  /** The key the client gave the answer. */
  key?: MessageKey,
} | { "type": "message",
  /** The author's key; a bot's message has none. */
  key?: MessageKey,
  /** Plain text, at most 16 KiB. */
  text: string,
  /** A bot's text as a tree. */
  rich?: Rich,
} | { "type": "waiting",
  /** The card's wait time in milliseconds. */
  wait_ms: number,
  /** When the wait ends if nobody comes. */
  deadline: Millis,
  /** The Live Chat card that began it. */
  card: CardId,
} | { "type": "missed",
  /** Why. */
  reason: MissedReason,
  /** The Live Chat card whose offline flow begins. */
  card: CardId,
} | { "type": "assigned",
  /** The new owner. */
  to: AgentRef,
  /** The one before, on a reassignment. */
  from: AgentRef | null,
} | { "type": "unassigned",
  /** The one before. */
  from: AgentRef,
} | { "type": "rated",
  /** 1 to 5. */
  score: number,
  /** At most 1 KiB. */
  comment?: string,
} | { "type": "closed",
  /** Why. */
  reason: ClosedReason,
} | { "type": "qualified",
  /** The card that said so. */
  card: CardId,
} | { "type": "disqualified",
  /** The card that said so. */
  card: CardId,
} | { "type": "details",
  /** Only what changed. */
  changes: DetailsPatch,
} | { "type": "item" } & Item | { "type": "item_failed",
  /** Which item. */
  item: ItemId,
  /** What it is. */
  kind: ItemKind,
  /** What to tell the agent. */
  message: string,
} | { "type": "note",
  /** The author's key. */
  key: MessageKey,
  /** Plain text, at most 16 KiB. */
  text: string,
});

/** `events`: what happened in a conversation, in the log's order. */
export type EventsPush = {
  /** Where. */
  conversation: ConversationId,
  /** At least one. */
  events: Array<Event>,
};

/** Where a CRM keeps an item. */
export type External = {
  /** The CRM's own id. */
  id: string,
  /** Where a person can look at it. */
  url?: string,
};

/** One thing that is wrong. */
export type Fault = {
  /** In which card; null where it is not about one. */
  card: CardId | null,
  /** In which field of the card (or of the playbook), as `options[1].next`. */
  field: string | null,
  /** What is wrong. */
  message: string,
};

/** A folder of the inbox. */
export type FolderName = "unassigned" | "mine" | "closed" | "all";

/** `goodbye`: the same code follows in the close frame. */
export type Goodbye = {
  /** Why. */
  code: CloseCode,
  /** What to tell the person. */
  reason: string,
  /** Whether to come back. */
  reconnect: boolean,
  /** When, in milliseconds; the client's own backoff when not said. */
  after_ms?: number,
};

/** `history`: older events. */
export type History = {
  /** Of which conversation. */
  conversation: ConversationId,
  /** The oldest `seq` one has. */
  before: Seq,
  /** At most this many, 1 to 100; 50 when not said. */
  limit?: number,
};

/** Older events, oldest first; none at the beginning. */
export type HistoryReply = {
  /** May be fewer than were asked for. */
  events: Array<Event>,
};

/**
 * `inbox`: one row to put in (`upsert`) or to take out (`remove`), and the folders whose size changed. Either may come
 * without the other. `seq` orders: an older one than the row's changes nothing, of equal ones the latest counts.
 */
export type InboxPush = {
  /** The row as it is now. */
  upsert?: Summary,
  /** The conversation that is none of this agent's business any more. */
  remove?: ConversationId,
  /** With `remove`: the event it went with. */
  seq?: Seq,
  /** With `remove`: who has it now, if anybody. */
  assignee?: AgentName,
  /** With `remove`: since when. */
  at?: Millis,
  /** The folders whose size changed for this agent. */
  counts?: CountsChanged,
};

/** A stretch of text: a string, `{"b":[…]}`, `{"i":[…]}`, `{"a":"https://…","c":[…]}` or `{"img":"https://…","alt":"…"}`. */
export type Inline = string | {
  /** What is bold. */
  b: Array<Inline>,
} | {
  /** What is italic. */
  i: Array<Inline>,
} | {
  /** Where to: http, https or mailto, at most 2 KiB. */
  a: string,
  /** What it shows. */
  c: Array<Inline>,
} | {
  /** Where from: https, at most 2 KiB. */
  img: string,
  /** What to say instead. */
  alt: string,
};

/** A lead, deal or activity, as the log tells it. */
export type Item = {
  /**
   * Its id. A later event with the same one only says that it was handed on: it updates `external` and ends an
   * `item_failed`.
   */
  item: ItemId,
  /** What it is. */
  kind: ItemKind,
  /** What people call it. */
  title: string,
  /** What its maker set beside the panel's details. */
  fields?: ItemFields,
  /** Where the CRM keeps it, once handed on. */
  external?: External,
};

/** What an item's maker sets on it beside what the conversation's details say. */
export type ItemFields = {
  /** A lead's or deal's worth. */
  value?: Amount,
  /** ISO 4217, of that worth. */
  currency?: string,
  /** When a lead or deal should be won: `YYYY-MM-DD`. */
  expected_close_date?: string,
  /** When an activity is due: `YYYY-MM-DD`. */
  due_date?: string,
  /** Free text, at most 16 KiB. */
  note?: string,
};

/** A lead, deal or activity. */
export type ItemId = string;

/** What an item is. */
export type ItemKind = "lead" | "deal" | "activity";

/** An item as the side panel lists it. */
export type ItemView = {
  /** Its id. */
  item: ItemId,
  /** What it is. */
  kind: ItemKind,
  /** What people call it. */
  title: string,
  /** When it was made. */
  at: Millis,
  /** Where the CRM keeps it. */
  external?: External,
  /** Why handing it on failed, until it succeeds. */
  failed?: string,
};

/** `limits` of both `hello` replies. */
export type Limits = {
  /** The longest frame, in bytes. */
  max_frame: number,
  /** The longest text or note, in bytes. */
  max_text: number,
  /** The longest title, comment or side-panel string, in bytes. */
  max_short: number,
  /** The longest `key`, in characters. */
  max_key: number,
  /** The most events or rows a request may ask for. */
  max_page: number,
  /** Visitors: sends a second, on average; agents: requests a second. 0 is no limit. */
  per_second: number,
  /** How many at once. */
  burst: number,
};

/** `list`: a page of a folder. */
export type List = {
  /** Which. */
  folder: FolderName,
  /** `next` of the page before. */
  before?: string,
  /** At most this many, 1 to 100; 50 when not said. */
  limit?: number,
  /** Words to find, at most 1 KiB. */
  query?: string,
};

/** The reply to `list`. */
export type ListReply = {
  /** In the folder's order. */
  conversations: Array<Summary>,
  /** For `before` of the next page; null at the end. Opaque. */
  next: string | null,
};

/** An item was made. */
export type Made = {
  /** Its id. */
  item: ItemId,
  /** Its event's place. */
  seq: Seq,
  /** When that was. */
  at: Millis,
  /** Whether an earlier request of the same key made it. */
  duplicate?: boolean,
};

/** `item`: make a lead, deal or activity. */
export type MakeItem = {
  /** Of which conversation. */
  conversation: ConversationId,
  /** What. */
  kind: ItemKind,
  /** What to call it, at most 1 KiB. */
  title: string,
  /** The client's name for it, 1 to 64 characters; the first of a conversation wins, whoever says it. */
  key: MessageKey,
  /** What to set beside the panel's details. */
  fields?: ItemFields,
};

/** How far somebody has received and read. Kept beside the log; never goes back. */
export type Mark = {
  /** The highest `seq` that arrived. */
  received: Seq,
  /** The highest `seq` that was read. */
  read: Seq,
};

/** Oneself, in the reply to an agent's `hello`. */
export type Me = {
  /** The JWT's `sub`. */
  id: AgentId,
  /** The JWT's `name`. */
  name: string,
  /** The JWT's `role`. */
  role: Role,
};

/** What a client calls one request so that repeating it does nothing twice. At most 64 characters. */
export type MessageKey = string;

/** A moment: milliseconds since the Unix epoch, UTC, by the store's clock. */
export type Millis = number;

/** Why nobody took a chat. */
export type MissedReason = "nobody_online" | "wait_expired" | "everyone_left" | "not_installed";

/** `page`: where the visitor is now. */
export type Moved = {
  /** http or https, at most 2 KiB. */
  url: string,
  /** Cut to 1 KiB. */
  title?: string,
};

/** It was done, and that is all there is to say. */
export type Nothing = Record<symbol, never>;

/** `notified`: what became of a `notify`. */
export type Notified = {
  /** Of which conversation. */
  conversation: ConversationId,
  /** The reason it came with. */
  reason: NotifyReason,
  /** What became of it. */
  outcome: NotifiedOutcome,
};

/** What became of a notification. */
export type NotifiedOutcome = "shown" | "blocked" | "hidden";

/** Notification switches to change. */
export type NotifyPatch = {
  /** A new conversation in Unassigned. */
  unassigned?: boolean,
  /** A conversation newly assigned to you. */
  assigned?: boolean,
  /** A new message in yours. */
  message?: boolean,
};

/** `notify`: answered with `notified`. */
export type NotifyPush = {
  /** Why. */
  reason: NotifyReason,
  /** About which conversation. */
  conversation: ConversationId,
  /** The notification's first line. */
  title: string,
  /** The notification's text. */
  body: string,
  /** Whether this connection is the one to show it. */
  ring: boolean,
};

/** Why an agent is notified; there is no other reason. */
export type NotifyReason = "unassigned" | "assigned" | "message";

/** Which notifications an agent wants; all of them at first. */
export type NotifySettings = {
  /** A new conversation in Unassigned. */
  unassigned: boolean,
  /** A conversation newly assigned to you. */
  assigned: boolean,
  /** A new message in yours. */
  message: boolean,
};

/** The answer to a request that was done. */
export type OkReply<T> = {
  /** `reply`. */
  type: ReplyTag,
  /** The request's. */
  id: RequestId | null,
  /** True. */
  ok: true,
} & T;

/** `open`: follow a conversation. */
export type Open = {
  /** Which. */
  conversation: ConversationId,
  /** Where the client left off. */
  after?: AgentAfter,
};

/** The reply to `open`. */
export type OpenReply = {
  /** All of it. */
  conversation: ConversationView,
  /** Whether `events` goes on from `after`, without a hole. False without `after`. */
  recovered: boolean,
  /** One page. */
  events: Array<Event>,
};

/** An answer's option within a choice card. */
export type OptionId = string;

/** Whom a visitor speaks for. Strings hold at most 1 KiB. */
export type Organization = {
  /** What it is called. */
  name?: string,
  /** Where it is; may have several lines. */
  address?: string,
};

/** Changes of an organisation. */
export type OrganizationPatch = {
  /** What it is called. */
  name?: string | null,
  /** Where it is. */
  address?: string | null,
};

/** A web page a visitor is on. */
export type Page = {
  /** http or https, at most 2 KiB. */
  url: string,
  /** At most 1 KiB. */
  title?: string,
  /** Where they came from, at most 2 KiB. */
  referrer?: string,
};

/** A visitor as a person. Strings hold at most 1 KiB. */
export type Person = {
  /** What they are called. */
  name?: string,
  /** Where to write to. */
  email?: string,
  /** Where to call. */
  phone?: string,
};

/** Changes of a person. */
export type PersonPatch = {
  /** What they are called. */
  name?: string | null,
  /** Where to write to. */
  email?: string | null,
  /** Where to call. */
  phone?: string | null,
};

/** A tree of cards and how its widget looks. As JSON it is what seeds, REST and the editor exchange. */
export type Playbook = {
  /** `pb_…`; whoever stores a new one without an id gives it one. */
  id: PlaybookId,
  /** What agents call it. */
  name: string,
  /** The workspace it belongs to; read from seed files only. */
  workspace?: string,
  /** Whether visitors are met by it. Default: true. */
  active: boolean,
  /** The language of its texts, as `en` or `pt-BR`. */
  locale: string,
  /** The sites it may be shown on, as `https://www.example.com`; none means any. */
  origins: Array<string>,
  /** Colours and faces. */
  appearance: Appearance,
  /** Opens by itself after so many milliseconds on a page; null: never. */
  open_after_ms: number | null,
  /** Whether the assignee sees what the visitor is typing. */
  typing_preview: boolean,
  /** Whether a conversation that nobody took and that fell silent becomes a lead. */
  abandoned_lead: boolean,
  /** The first card. */
  start: CardId,
  /** The cards by id. */
  cards: Record<string, Card>,
};

/** A playbook; unique in the hub. */
export type PlaybookId = string;

/** A playbook at one of its versions. */
export type PlaybookRef = {
  /** Which playbook. */
  id: PlaybookId,
  /** From 1. */
  version: number,
};

/** A playbook, as its widget needs to know it. */
export type PlaybookView = {
  /** Which. */
  id: PlaybookId,
  /** What its makers call it. */
  name: string,
  /** Colours, icon, the bot's name and picture. */
  appearance: Appearance,
  /** Its language. */
  locale: string,
  /** When to open by itself, in milliseconds. */
  open_after_ms: number | null,
  /** Whether agents see what visitors type before it is sent. */
  typing_preview: boolean,
};

/** `presence`: an agent's status changed. */
export type PresencePush = {
  /** Who, and what they are now. */
  agent: Agent,
  /** Why. */
  reason: PresenceReason,
};

/** Why an agent's status changed. */
export type PresenceReason = "toggle" | "connected" | "closed" | "lost" | "node_lost" | "admin";

/** `queue`: at most once a second. */
export type QueuePush = {
  /** Whose place. */
  conversation: ConversationId,
  /** From 1. */
  position: number,
};

/** `rate`: the visitor's verdict. */
export type Rate = {
  /** Of which conversation. */
  conversation: ConversationId,
  /** 1 to 5. */
  score: number,
  /** At most 1 KiB. */
  comment?: string,
};

/** A reply as it travels: done, or refused. */
export type Reply<T> = OkReply<T> | ErrorReply;

/** The `type` of every reply. */
export type ReplyTag = "reply";

/** A request as it travels: what is asked, and the `id` to answer it by. */
export type Request<A> = {
  /** Echoed in the reply. Without it there is none. */
  id?: RequestId,
} & A;

/** A request's `id`: an integer, or a string of at most 64 characters. Echoed as it was written. */
export type RequestId = number | string;

/**
 * A text as a list of blocks. Whatever it is made from, its links and images are of the allowed schemes and its
 * inlines nest at most `DEPTH` deep.
 */
export type Rich = Array<Block>;

/** What an agent may do. */
export type Role = "agent" | "admin";

/** `send`, and an agent's `note`. */
export type Say = {
  /** Where. */
  conversation: ConversationId,
  /** The client's name for it, 1 to 64 characters; repeating it writes nothing twice. */
  key: MessageKey,
  /** Plain text, 1 byte to 16 KiB. */
  text: string,
};

/** How far both sides have come. */
export type Seen = {
  /** The visitor. */
  visitor: Mark,
  /** The assignee. */
  agent: Mark,
};

/** `seen`: how far one side has come. */
export type SeenPush = {
  /** Where. */
  conversation: ConversationId,
  /** Who. */
  by: Side,
  /** The highest `seq` that arrived. */
  received: Seq,
  /** The highest `seq` that was read. */
  read: Seq,
};

/** `seen`: how far one has received and read. */
export type SeenUpTo = {
  /** Where. */
  conversation: ConversationId,
  /** The highest `seq` that arrived. */
  received?: Seq,
  /** The highest `seq` that was read. */
  read?: Seq,
};

/** An event's place in its conversation's log: 1, 2, 3 … without holes. 0 is "before the first". */
export type Seq = number;

/** One connection, from `hello` to close. */
export type SessionId = string;

/** `settings`: what the agent wants to be notified of. */
export type SetSettings = {
  /** What is left out stays as it was. */
  notify: NotifyPatch,
};

/** `settings` of an agent's `hello`. */
export type Settings = {
  /** Which notifications they want. */
  notify: NotifySettings,
};

/** The reply to `settings`. */
export type SettingsReply = {
  /** As they are stored now. */
  settings: Settings,
};

/** Whose of the two sides of a conversation. */
export type Side = "visitor" | "agent";

/** The reply to `start`. */
export type StartReply = {
  /** The new one, or the one that was open already. */
  conversation: ConversationView,
  /** From its beginning; of one that was open, the newest page. */
  events: Array<Event>,
};

/** How a conversation began. */
export type Started = {
  /** Whose it is. */
  visitor: VisitorRef,
  /** The playbook and its version; the conversation keeps this one. */
  playbook: PlaybookRef,
  /** Where it began. */
  page: Page | null,
  /** The visitor's language tag, as the browser says it. */
  locale: string | null,
};

/** `state` on the wire. */
export type StateName = "bot" | "waiting" | "offline" | "assigned" | "unassigned" | "closed";

/** A row of the inbox; a visitor gets it without the agents' part. */
export type Summary = {
  /** Which conversation. */
  id: ConversationId,
  /** Where it stands. */
  state: StateName,
  /** The last event folded in: an older row changes nothing. */
  seq: Seq,
  /** Whose it is now. */
  assignee: AgentRef | null,
  /** When its wait ends. */
  deadline: Millis | null,
  /** Its place among those waiting, from 1. */
  position: number | null,
  /** Why it was missed. */
  missed: MissedReason | null,
  /** Whose it is. */
  visitor: VisitorView,
  /** What it runs on. */
  playbook: PlaybookRef,
  /** Where the visitor is, else where it began. */
  page: Page | null,
  /** The visitor's language. */
  locale: string | null,
  /** When it began. */
  created_at: Millis,
  /** When it ended. */
  closed_at: Millis | null,
  /** How far both sides have come. */
  seen: Seen,
  /** Agents: since when it has waited for one. */
  waiting_since?: Millis,
  /** Agents: how many of the visitor's texts the assignee has not read, at most 100. */
  unread?: number,
  /** Agents: the last text, shortened. */
  preview?: string,
  /** Agents: when the last event was. */
  last_at?: Millis,
};

/** A playbook to start from. */
export type Template = {
  /** Its name in requests: `live_chat`, `qualify_lead` or `collect_email`. */
  id: string,
  /** What it is for, in a sentence. */
  about: string,
  /** The playbook; whoever saves one gives it an id of its own. */
  playbook: Playbook,
};

/** `typing`: not stored, shown to the other side for at most 6 s. */
export type Typing = {
  /** Where. */
  conversation: ConversationId,
  /** Whether they type now. */
  on: boolean,
  /** What stands in the field so far, at most 16 KiB; only where the playbook's `typing_preview` is on. */
  preview?: string,
};

/** `typing`: the other side types, or stopped. Forgotten after 6 s. */
export type TypingPush = {
  /** Where. */
  conversation: ConversationId,
  /** Who. */
  by: Side,
  /** Whether they type now. */
  on: boolean,
  /** To the assignee: what stands in the visitor's field so far. */
  preview?: string,
};

/** The last event a visitor's client holds. */
export type VisitorAfter = {
  /** Of which conversation. */
  conversation: ConversationId,
  /** Of which incarnation of the store. */
  epoch: Epoch,
  /** Its place. */
  seq: Seq,
};

/** A visitor's request, by `type`. */
export type VisitorAsk = { "type": "hello" } & VisitorHello | { "type": "start" } | { "type": "answer" } & Answer | { "type": "send" } & Say | { "type": "typing" } & Typing | { "type": "seen" } & SeenUpTo | { "type": "page" } & Moved | { "type": "rate" } & Rate | { "type": "end" } & Which | { "type": "history" } & History | { "type": "pong" };

/** A visitor's `hello`. */
export type VisitorHello = {
  /** The playbook of the page's widget. */
  playbook: PlaybookId,
  /** The visitor token of an earlier `hello`. */
  token?: string,
  /** A JWT the site signed: who the visitor is. */
  identity?: string,
  /** Where the visitor is. */
  page?: Page,
  /** The visitor's language tag, at most 64 bytes. */
  locale?: string,
  /** Where the client left off. */
  after?: VisitorAfter,
};

/** The reply to a visitor's `hello`. */
export type VisitorHelloReply = {
  /** This connection. */
  session: SessionId,
  /** Who the visitor is. */
  visitor: VisitorId,
  /** To be shown at the next `hello`. Opaque. */
  token: string,
  /** The store's incarnation. */
  epoch: Epoch,
  /** After how much silence the hub pings, in milliseconds. */
  heartbeat_ms: number,
  /** The store's clock. */
  server_time: Millis,
  /** What to stay within. */
  limits: Limits,
  /** What the widget shows. */
  playbook: PlaybookView,
  /** Whether live chat is offered now. */
  available: boolean,
  /** Why (not). */
  reason: AvailableReason,
  /** The open one, else the last if it closed within 24 hours. */
  conversation: ConversationView | null,
  /** Whether `events` goes on from `after`, without a hole. False without `after`. */
  recovered: boolean,
  /** One page. */
  events: Array<Event>,
};

/** A person on a website. */
export type VisitorId = string;

/** `visitor`: the visitor of a followed conversation came, left or moved. */
export type VisitorMoved = {
  /** Whose visitor. */
  conversation: ConversationId,
  /** Whether they have a connection now. */
  connected: boolean,
  /** Where they are. */
  page: Page | null,
};

/** A push to a visitor, by `type`. */
export type VisitorPush = { "type": "events" } & EventsPush | { "type": "typing" } & TypingPush | { "type": "seen" } & SeenPush | { "type": "available" } & Available | { "type": "queue" } & QueuePush | { "type": "ping" } | { "type": "goodbye" } & Goodbye;

/** A visitor, as shown in a log. */
export type VisitorRef = {
  /** Who. */
  id: VisitorId,
  /** Their name, when the site vouched for it. */
  name?: string,
  /** Whether the site's signed identity says who they are. */
  verified?: boolean,
};

/** What each of a visitor's requests answers, by its `type`. A map of types: nobody makes one. */
export type VisitorReplies = {
  /** See there. */
  hello: VisitorHelloReply,
  /** See there. */
  start: StartReply,
  /** The last event the answer led to. */
  answer: Done,
  /** Stands in for the event. */
  send: Done,
  /** Nothing more. */
  typing: Nothing,
  /** Nothing more. */
  seen: Nothing,
  /** Nothing more. */
  page: Nothing,
  /** Its event. */
  rate: Done,
  /** Its event. */
  end: Done,
  /** See there. */
  history: HistoryReply,
  /** Nothing more. */
  pong: Nothing,
};

/** A visitor within a `Summary`. */
export type VisitorView = {
  /** Who. */
  id: VisitorId,
  /** As vouched for, else as they called themselves. */
  name?: string,
  /** Whether the site vouches for who they are. */
  verified: boolean,
  /** Whether they have a connection now. */
  connected: boolean,
};

/** `watching`: who has an unassigned conversation open; the whole list each time. */
export type Watching = {
  /** Which. */
  conversation: ConversationId,
  /** Everybody, oneself included, by name. */
  agents: Array<AgentRef>,
};

/** A request that says nothing but which conversation: `end`, `leave`, `claim`, `close`. */
export type Which = {
  /** Which. */
  conversation: ConversationId,
};

/** A whole conversation, as a reply shows it. */
export type Conversation = ConversationView;

/** The side panel, as a reply shows it; `DetailsPatch` is a change of it. */
export type Details = DetailsView;

/** `state` of a conversation. */
export type ConversationState = StateName;

/** How far somebody has received and read. */
export type Marks = Mark;

/** A folder of the inbox. */
export type Folder = FolderName;

/** A paragraph or a bullet list of a bot's text. */
export type RichBlock = Block;

/** A stretch of a bot's text. */
export type RichInline = Inline;

/** A frame a visitor sends. */
export type VisitorRequest = Request<VisitorAsk>;

/** A frame an agent sends. */
export type AgentRequest = Request<AgentAsk>;

/** A frame a visitor is sent. */
export type VisitorFrame = VisitorPush | Reply<VisitorReplies[keyof VisitorReplies]>;

/** A frame an agent is sent. */
export type AgentFrame = AgentPush | Reply<AgentReplies[keyof AgentReplies]>;

/** Every error code. */
export const ERROR_CODES: readonly ErrorCode[] = ["invalid", "unsupported", "unauthorized", "forbidden", "not_found", "conflict", "closed", "too_large", "rate_limited", "unavailable"];

/** Every code the hub closes with. */
export const CLOSE_CODES: Readonly<Record<CloseCode, { reconnect: boolean; reason: string }>> = {
  1003: { reconnect: false, reason: "binary frames are not understood" },
  1007: { reconnect: false, reason: "the frame is not UTF-8" },
  1008: { reconnect: false, reason: "the message came in too many fragments" },
  1009: { reconnect: false, reason: "the frame is too big" },
  4001: { reconnect: true, reason: "the hub is going down, connect again" },
  4002: { reconnect: true, reason: "reading too slowly, resume from your cursor" },
  4003: { reconnect: true, reason: "no sign of life" },
  4004: { reconnect: true, reason: "the hub cannot serve now" },
  4500: { reconnect: false, reason: "the first frame must be a well-formed hello" },
  4501: { reconnect: false, reason: "no hello in time" },
  4502: { reconnect: false, reason: "the token is missing, invalid or expired" },
  4503: { reconnect: false, reason: "this page or playbook is not allowed" },
  4504: { reconnect: false, reason: "too many bad frames or too much traffic" },
  4505: { reconnect: false, reason: "replaced by newer connections of yours" },
};
