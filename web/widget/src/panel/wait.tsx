import { Component } from "preact";
import type { ClockOffset } from "../../../client/src/index.js";
import { words } from "./words.js";

interface Props {
  clock: ClockOffset;
  /** By the hub's clock. */
  deadline: number;
  position: number | null;
}

/** The wait: what is left of it, and the place in the queue. */
export class Wait extends Component<Props> {
  #timer: ReturnType<typeof setTimeout> | undefined;

  override componentDidMount(): void {
    const left = this.#left();
    // Wakes when the shown second changes, not a second after some other moment.
    if (left > 0) this.#timer = setTimeout(() => this.componentDidMount(), left % 1_000 || 1_000);
    this.setState({});
  }

  override componentWillUnmount(): void {
    clearTimeout(this.#timer);
  }

  override render() {
    const { position } = this.props;
    const seconds = Math.ceil(this.#left() / 1_000);
    return (
      <div class="wait">
        <p role="status">
          {words.waiting}
          {position !== null && `. ${words.place(position)}`}
        </p>
        <span role="timer" aria-label={words.timeLeft}>
          {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, "0")}
        </span>
      </div>
    );
  }

  #left(): number {
    return this.props.clock.left(this.props.deadline);
  }
}
