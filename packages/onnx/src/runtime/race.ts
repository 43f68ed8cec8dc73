import { letGo } from './letGo.ts';
import type { InferenceSession, Ort, Tensor } from './ort.ts';
import { type Field, raceModel } from './raceModel.ts';

/** A form replaces the usual one only if it takes less than this share of its time. Otherwise noise could decide. */
const clearly = 0.85;

/**
 * The number of first rounds, in which all forms run, and of later rounds, which skip forms that took more than twice
 * the best time. Each form's fastest run counts.
 */
const [heats, rounds] = [2, 6];

/** Pseudo-random numbers between −1 and 1. */
function noise(length: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Runs the candidate forms of a node in turn and times them. */
export class Race {
  readonly #forms: readonly string[];
  readonly #session: InferenceSession;
  readonly #feeds: Readonly<Record<string, Tensor>>;
  readonly #numbers: readonly Tensor[];

  private constructor({ Tensor }: Ort, { question, examples }: Field, session: InferenceSession) {
    this.#forms = question.forms;
    this.#session = session;
    this.#feeds = Object.fromEntries(
      question.inputs.map(({ name, dims }) => {
        const sizes = dims.map((dim) => (typeof dim === 'number' ? dim : examples));
        return [name, new Tensor('float32', noise(sizes.reduce((n, size) => n * size, 1)), sizes)];
      }),
    );
    this.#numbers = question.forms.map((_, i) => new Tensor('int64', BigInt64Array.of(BigInt(i)), []));
  }

  static async of(ort: Ort, field: Field, threads: number | undefined): Promise<Race> {
    const session = await ort.InferenceSession.create(raceModel(field), {
      logSeverityLevel: 4,
      // The runtime's memory plan would double the memory (by 20 MiB for LeNet's nodes), and the process would keep it.
      enableMemPattern: false,
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    });
    return new Race(ort, field, session);
  }

  /** Returns the form to use: the usual form (the first), unless another form is clearly faster. */
  async run(): Promise<string> {
    const best = this.#forms.map(() => Number.POSITIVE_INFINITY);
    for (let round = 0; round < heats + rounds; round++) {
      const limit = round < heats ? Number.POSITIVE_INFINITY : 2 * Math.min(...best);
      for (const [i, which] of this.#numbers.entries()) {
        if ((best[i] as number) > limit) continue;
        const start = performance.now();
        await this.#session.run({ ...this.#feeds, which });
        best[i] = Math.min(best[i] as number, performance.now() - start);
      }
    }
    const fastest = best.indexOf(Math.min(...best));
    const wins = (best[fastest] as number) < clearly * (best[0] as number);
    return this.#forms[wins ? fastest : 0] as string;
  }

  async end(): Promise<void> {
    await this.#session.release();
    for (const { data } of Object.values(this.#feeds)) letGo(data as Float32Array);
  }
}
