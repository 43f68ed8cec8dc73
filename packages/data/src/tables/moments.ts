/** The running mean and standard deviation of numbers, by Welford's formula. */
export class Moments {
  count = 0;
  mean = 0;
  #squares = 0;

  /** Adds a number. A number that is not finite is missing, and is ignored. */
  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.count += 1;
    const step = value - this.mean;
    this.mean += step / this.count;
    this.#squares += step * (value - this.mean);
  }

  get std(): number {
    return this.count > 0 ? Math.sqrt(this.#squares / this.count) : 0;
  }
}
