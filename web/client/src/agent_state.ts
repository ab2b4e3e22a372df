import type { ConnectionState } from "./connection.js";
import type { Agent, AgentHelloReply, AgentPush, CountsChanged, Folder, Settings, Summary } from "./generated.js";
import type { OpenedView } from "./opened.js";
import type { OutboxEntry } from "./outbox_store.js";

/** What an agent's screen shows. */
export interface AgentState {
  connection: ConnectionState;
  /** Null until the first `hello` was answered. */
  me: AgentHelloReply["agent"] | null;
  /** The switch: the agent's intent, on whatever device it was set. */
  online: boolean;
  settings: Settings | null;
  agents: readonly Agent[];
  /** Sizes of the folders; none of them is known before the first `hello` was answered. */
  counts: CountsChanged;
  /** The rows known so far; `list` brings more. `all` means all that are here. */
  folders: Readonly<Record<Folder, readonly Summary[]>>;
  opened: ReadonlyMap<string, OpenedView>;
  /** Texts and notes that are not events yet, of all conversations. */
  unsent: readonly OutboxEntry[];
}

export type NotifyPush = Extract<AgentPush, { type: "notify" }>;
