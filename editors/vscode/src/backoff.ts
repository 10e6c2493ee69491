/** How often a server that crashes is started again, and after how long. Knows no editor and no clock. */

/** Milliseconds before each new start. */
const WAITS = [500, 2_000, 8_000]

/** A server that lived this long is not in a loop. */
const LONG_MS = 3 * 60_000

export class Backoff {
  private crashes: number[] = []

  /** Milliseconds until the next start, or `undefined` when there should be none. */
  crashed(now: number): number | undefined {
    this.crashes = [...this.crashes, now].filter((at) => now - at < LONG_MS)
    return WAITS[this.crashes.length - 1]
  }

  /** The user has asked for a start. */
  forget(): void {
    this.crashes = []
  }
}
