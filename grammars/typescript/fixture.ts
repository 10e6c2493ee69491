import type { Entry } from './entry§s';

interface Options §({
  every: number; // in seconds§c
  label?: string;§b
}§)

export class Feed<T extends Entry> {
  private readonly seen = new Map<string, T>();

  /** Whether it is due.§c */
  due(now: number, { every }: Options): string | undefined {
    const late = now % every as number;
    if (late === 0) {
      return `late: ${this.seen.get("a§s")?.name §k?? now}§s min`;§k
    }
    return undefined;
  }
}
