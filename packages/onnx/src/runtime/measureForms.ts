import type { Graph } from '../graph/graph.ts';
import { candidate, type Forms, type Question } from '../lower/question.ts';
import type { Target } from '../lower/target.ts';
import type { Prepared } from '../training/prepare.ts';
import type { FormsFile } from './formsFile.ts';
import type { InferenceSession, Ort } from './ort.ts';
import { Race } from './race.ts';

/** The batch size for measurements if the model's batch size is unknown. */
const examples = 32;

/**
 * Limits on a node's multiplications. Smaller nodes take too little time to measure. Larger nodes take too long, ten
 * milliseconds or more per run.
 */
const [minWork, maxWork] = [1e6, 3e8];

/** A limit on the numbers that a node reads (8 MiB), because measuring must not take more memory than training. */
const maxNumbers = 1 << 21;

/**
 * Only the nodes with the most work are measured, plus nodes that their forms emit. Others get their usual form, which
 * a rule of thumb chooses.
 */
const maxQuestions = 16;

/** The number of elements that a question's inputs have. (A question asks which of several forms a node gets.) */
const numbersOf = ({ inputs }: Question): number =>
  inputs.reduce(
    (sum, { dims }) =>
      sum + dims.reduce<number>((n, dim) => n * (typeof dim === 'number' ? dim : examples), 1),
    0,
  );

/** The forms chosen so far for one runtime with one number of threads. */
interface Memory {
  readonly forms: Map<string, string>;
  /** The end of the queue: trainers that are made at the same time measure one after the other. */
  last: Promise<unknown>;
}

const memories = new WeakMap<object, Map<string, Memory>>();

function memoryOf(ort: Ort, threads: number | undefined): Memory {
  const known = memories.get(ort.InferenceSession) ?? new Map<string, Memory>();
  memories.set(ort.InferenceSession, known);
  const memory = known.get(String(threads)) ?? { forms: new Map(), last: Promise.resolve() };
  known.set(String(threads), memory);
  return memory;
}

/** Measures which forms are faster on this machine. */
class Judge {
  readonly #ort: Ort;
  readonly #target: Target;
  readonly #by: Graph;
  readonly #threads: number | undefined;
  readonly forms: Map<string, string>;
  /** Races (timed comparisons of forms) that a form other than the usual one has won once. */
  readonly #open: { readonly question: Question; readonly race: Race; readonly form: string }[] = [];

  constructor(ort: Ort, target: Target, by: Graph, threads: number | undefined, forms: Map<string, string>) {
    this.#ort = ort;
    this.#target = target;
    this.#by = by;
    this.#threads = threads;
    this.forms = forms;
  }

  /**
   * Answers a question, that is, finds the fastest form of a node. If a form emits nodes that have several forms
   * themselves, the forms of these nodes are chosen first.
   */
  async ask(question: Question): Promise<void> {
    const { key, forms, free, work } = question;
    if (this.forms.has(key)) return;
    const [usual = ''] = forms;
    this.forms.set(key, usual);
    const whole = work * (free ? examples : 1);
    if (whole < minWork || whole > maxWork || numbersOf(question) > maxNumbers) return;
    try {
      const graphs = await this.#candidates(question);
      const { opset } = this.#by;
      const blocks = this.#target.channelBlock > 1;
      const race = await Race.of(this.#ort, { question, graphs, opset, blocks, examples }, this.#threads);
      const form = await race.run();
      if (form === usual) return await race.end();
      this.forms.set(key, form);
      this.#open.push({ question, race, form });
    } catch {
      // If the runtime refuses a form, the usual form is kept.
      this.forms.set(key, usual);
    }
  }

  async #candidates(question: Question) {
    const write = () =>
      question.forms.map((form) =>
        candidate(question, form, Object.fromEntries(this.forms), this.#target, this.#by),
      );
    for (;;) {
      const written = write();
      const asks = written.flatMap((one) => one.asks);
      if (asks.length === 0) return written.map(({ graph }) => graph);
      for (const inner of asks) await this.ask(inner);
    }
  }

  /** Repeats the open races. A form that won only because another program was running should lose now. */
  async confirm(): Promise<void> {
    for (const { question, race, form } of this.#open.splice(0)) {
      const again = await race.run().catch(() => '');
      if (again !== form) this.forms.set(question.key, question.forms[0] as string);
      await race.end();
    }
  }
}

/**
 * Measures the forms of a model's nodes, and returns the form to use for each node. Each shape is measured once per
 * process. At most the 16 shapes with the most work are measured, plus shapes of nodes that their forms emit. They must
 * have 10⁶ to 3·10⁸ multiplications per run and up to 8 MiB of data. If the batch size is unknown, 32 is used. A form
 * is chosen if it takes less than 0.85 of the usual form's time in two races (timed comparisons). All other nodes
 * follow the rule of thumb.
 *
 * @param known - forms that are already chosen
 * @param file - holds the measurements of earlier processes on this machine, and receives those of this process
 */
export async function measureForms(
  ort: Ort,
  prepared: Prepared,
  { intraOpNumThreads: threads }: InferenceSession.SessionOptions,
  known: Forms,
  file?: FormsFile,
): Promise<Forms> {
  const memory = memoryOf(ort, threads);
  const work = async (): Promise<Forms> => {
    const { asked, by } = prepared.questions();
    const forms = new Map([...memory.forms, ...Object.entries({ ...file?.forms, ...known })]);
    const judge = new Judge(ort, prepared.target, by, threads, forms);
    const largest = [...asked].sort((a, b) => b.work - a.work || (a.key < b.key ? -1 : 1));
    for (const question of largest.slice(0, maxQuestions)) await judge.ask(question);
    await judge.confirm();
    for (const [key, form] of forms) if (!memory.forms.has(key)) memory.forms.set(key, form);
    await file?.add(Object.fromEntries([...forms].filter(([key]) => !Object.hasOwn(known, key))));
    return Object.fromEntries(forms);
  };
  const answer = memory.last.then(work);
  memory.last = answer.catch(() => undefined);
  return answer;
}
