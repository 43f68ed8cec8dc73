import type { Graph } from '../graph/graph.ts';
import { candidate, type Forms, type Question } from '../lower/question.ts';
import type { Target } from '../lower/target.ts';
import type { Prepared } from '../training/prepare.ts';
import type { FormsFile } from './formsFile.ts';
import type { InferenceSession, Ort } from './ort.ts';
import { Race } from './race.ts';

/** Examples in a batch whose size nobody knows yet. */
const examples = 32;

/** Smaller nodes take no time worth measuring; larger ones take too long, some ten milliseconds a run. In multiplications. */
const [minWork, maxWork] = [1e6, 3e8];

/** So many numbers may come in, 8 MiB: measuring must not take more memory than training. */
const maxNumbers = 1 << 21;

/** The nodes of most work are asked about; others keep the rule of thumb. */
const maxQuestions = 16;

/** How many numbers a question's node reads. */
const numbersOf = ({ inputs }: Question): number =>
  inputs.reduce(
    (sum, { dims }) =>
      sum + dims.reduce<number>((n, dim) => n * (typeof dim === 'number' ? dim : examples), 1),
    0,
  );

/** What this process knows of one runtime with one number of threads. */
interface Memory {
  readonly forms: Map<string, string>;
  /** Trainers that are made at the same time ask one after the other. */
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

/** Asks the machine which forms are the faster ones. */
class Judge {
  readonly #ort: Ort;
  readonly #target: Target;
  readonly #by: Graph;
  readonly #threads: number | undefined;
  readonly forms: Map<string, string>;
  /** Races that another form than the usual one has won once. */
  readonly #open: { readonly question: Question; readonly race: Race; readonly form: string }[] = [];

  constructor(ort: Ort, target: Target, by: Graph, threads: number | undefined, forms: Map<string, string>) {
    this.#ort = ort;
    this.#target = target;
    this.#by = by;
    this.#threads = threads;
    this.forms = forms;
  }

  /** Answers a question, and before it those that its forms ask in their turn. */
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
      // A form that the runtime refuses leaves the rule of thumb.
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

  /** Whoever won by chance, while something else ran, loses now. */
  async confirm(): Promise<void> {
    for (const { question, race, form } of this.#open.splice(0)) {
      const again = await race.run().catch(() => '');
      if (again !== form) this.forms.set(question.key, question.forms[0] as string);
      await race.end();
    }
  }
}

/**
 * Times the forms of what a model leaves open, each shape once in a process, and gives the faster ones. It asks about at most
 * 16 shapes, of 10⁶ to 3·10⁸ multiplications a run and 8 MiB of data, with a batch of 32 where its size is not known. All others
 * keep the rule of thumb, and so does a shape of which no other form takes less than 0.85 of the time, twice.
 *
 * @param known - forms that are chosen already
 * @param file - gives what earlier processes measured on this machine, and receives what this one measures
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
