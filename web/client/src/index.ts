/** The typed client of protocol version 1, for visitors and for agents. Knows no DOM. */
export { AgentClient } from "./agent.js";
export type { AgentOptions, ListQuery } from "./agent_options.js";
export type { AgentState, NotifyPush } from "./agent_state.js";
export { Backoff } from "./backoff.js";
export { ClockOffset } from "./clock.js";
export { isFinal } from "./closing.js";
export { Connection, type ConnectionOptions, type ConnectionState, type Frame, type OkReply } from "./connection.js";
export { applyAtDesk, isErasure } from "./desk_fold.js";
export { type Env, hostEnv, type SocketLike, type Timer } from "./env.js";
export { applyEvent, applyEvents, conversationFrom, isOpen } from "./fold.js";
export type * from "./generated.js";
export { ConversationLog } from "./log.js";
export type { OpenedView } from "./opened.js";
export { Outbox } from "./outbox.js";
export {
  memoryStore,
  type OutboxEntry,
  type OutboxStore,
  parseEntry,
  type StorageLike,
  webStore,
} from "./outbox_store.js";
export { Refusal, type RefusalCode } from "./refusal.js";
export { InboxRows, isUnassigned } from "./rows.js";
export { SeenSender } from "./seen.js";
export { Listeners, Signal } from "./signal.js";
export { TypingSender, TypingShown } from "./typing.js";
export { VisitorClient } from "./visitor.js";
export type { TokenStore, VisitorOptions } from "./visitor_options.js";
export type { Answer, VisitorState } from "./visitor_state.js";
