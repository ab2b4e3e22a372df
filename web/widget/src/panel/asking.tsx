import { Component } from "preact";
import type { Refusal } from "../../../client/src/index.js";
import { words } from "./words.js";

interface Asked {
  busy: boolean;
  complaint: string | null;
}

/** A part of the panel that asks the hub for something, and says what the hub has against it. */
export abstract class Asking<Props> extends Component<Props, Asked> {
  override state: Asked = { busy: false, complaint: null };

  /** One at a time: a second press changes nothing. */
  protected attempt(ask: () => Promise<unknown>): void {
    if (this.state.busy) return;
    this.setState({ busy: true, complaint: null });
    ask().then(
      () => this.setState({ busy: false }),
      (reason) => this.setState({ busy: false, complaint: complaintOf(reason) }),
    );
  }

  /** The complaint, if there is any, named so that a field may point at it. */
  protected complaint() {
    const { complaint } = this.state;
    return (
      complaint && (
        <p class="complaint" id="complaint" role="alert">
          {complaint}
        </p>
      )
    );
  }
}

/** Was it answered or ended elsewhere, the log shows it: there is nothing to complain about. */
function complaintOf({ code, message }: Refusal): string | null {
  if (code === "conflict" || code === "closed") return null;
  return code === "timeout" || code === "disconnected" ? words.failed : message;
}
