import { Connection, type Frame, type OkReply } from "./connection.js";
import { CONTRACT_LIMITS, fits, type SizeLimits } from "./limits.js";
import { tooLong } from "./refusal.js";

/**
 * A connection that refuses what the hub would not take, before it is sent: a frame too big ends the connection, and one
 * that is sent again at every connect ends them all. For agents, whose desks have many fields; a visitor's composer
 * looks at the one it has.
 */
export class CheckedConnection extends Connection<Frame> {
  limits: SizeLimits = CONTRACT_LIMITS;

  override request(frame: Frame, apply?: (reply: OkReply) => void): Promise<OkReply> {
    return this.#takes(frame) ? super.request(frame, apply) : Promise.reject<OkReply>(tooLong());
  }

  override tell(frame: Frame): void {
    if (this.#takes(frame)) super.tell(frame);
  }

  #takes(frame: Frame): boolean {
    const { text } = frame as { text?: unknown };
    if (typeof text === "string" && !fits(text, this.limits.max_text)) return false;
    // Room for the id and a little more.
    return fits(JSON.stringify(frame), this.limits.max_frame - 64);
  }
}
