import type { ConnectionState } from "./connection.js";
import type { AvailableReason, Conversation, Event, Limits, VisitorHelloReply } from "./generated.js";
import type { OutboxEntry } from "./outbox_store.js";

/** What a visitor's screen shows. */
export interface VisitorState {
  connection: ConnectionState;
  /** Null until the first `hello` was answered. */
  playbook: VisitorHelloReply["playbook"] | null;
  /** What the hub takes of this connection; null until then, too. */
  limits: Limits | null;
  available: boolean | null;
  availableReason: AvailableReason | null;
  conversation: Conversation | null;
  /** Every event known of it, in order. */
  events: readonly Event[];
  /** Whether `events` reaches back to the beginning. */
  complete: boolean;
  /** Texts of this conversation that are not events yet. */
  unsent: readonly OutboxEntry[];
  agentTyping: boolean;
  /** Why the conversation could not be started, in the hub's words. */
  trouble: string | null;
}

/** To a choice, or to a capture. */
export type Answer = { option: string } | { value: string };
