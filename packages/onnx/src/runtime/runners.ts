import type { Forms } from '../lower/question.ts';
import { emitEvaluation, emitGradients, emitStep, emitUpdate, type Written } from '../training/emit.ts';
import type { Prepared, TargetKind } from '../training/prepare.ts';
import type { TrainingModel } from '../training/trainingModel.ts';
import { orExplained } from './explainRefusal.ts';
import type { Batch, InferenceSession, Ort } from './ort.ts';
import { planMemory } from './planMemory.ts';
import type { PreparedModel } from './preparedModel.ts';
import { withoutContent } from './withoutContent.ts';

/** A model and the session that runs it. */
export interface Runner {
  readonly model: Written;
  readonly session: InferenceSession;
}

/** The kinds of models that a trainer runs. */
export type Kind = 'step' | 'gradients' | 'evaluation';

const emitters: Readonly<Record<Kind, (prepared: Prepared, target: TargetKind) => Written>> = {
  step: emitStep,
  gradients: emitGradients,
  evaluation: emitEvaluation,
};

/** The arguments of {@link Runners}. */
export interface RunnersOptions {
  readonly models: PreparedModel;
  readonly session: InferenceSession.SessionOptions;
  /** The outputs of a step that stay on the device, if any do. */
  readonly locations?: (step: TrainingModel) => Record<string, 'gpu-buffer'>;
  /**
   * Groups of parameter vectors, by index. Each group is updated in one run. With several groups, the gradients are
   * computed in a separate run.
   */
  readonly chunks: readonly (readonly number[])[];
}

/** The sessions of one trainer. Each is made when it is first needed. */
export class Runners {
  readonly #ort: Ort;
  readonly #from: RunnersOptions;
  /** The target input of the first classification loss. Its type decides how the loss is written. */
  readonly #classes: string | undefined;
  readonly #made = new Map<string, Promise<Runner>>();

  constructor(ort: Ort, from: RunnersOptions, first: Written) {
    this.#ort = ort;
    this.#from = from;
    this.#classes = first.targets.find(({ type }) => type === 'int64')?.name;
    const target = from.models.options.target ?? 'indices';
    if (!this.inParts) this.#add(`step:${target}`, 'step', async () => first);
    else {
      this.#of('gradients', target);
      this.#updates(target);
    }
  }

  /** Whether a step consists of a run for the gradients and further runs for the update. */
  get inParts(): boolean {
    return this.#from.chunks.length > 1;
  }

  /** The forms in which the models are written. */
  get forms(): Forms {
    return this.#from.models.forms;
  }

  /** Switches to other forms. If they differ from the current forms, each session is made again when it is needed. */
  async adopt(forms: Forms): Promise<void> {
    const own = this.forms;
    const differs = Object.entries(own).some(
      ([key, form]) => Object.hasOwn(forms, key) && forms[key] !== form,
    );
    if (!differs) return;
    await this.release();
    this.#from.models.adopt({ ...own, ...forms });
  }

  /** Resolves when the requested sessions are ready. */
  async ready(): Promise<void> {
    await Promise.all(this.#made.values());
  }

  /**
   * The session that runs this kind of model on the batch. Cross-entropy is written differently for targets that are
   * indices and for targets that are distributions.
   */
  of(kind: Kind, batch: Batch): Promise<Runner> {
    return this.#of(kind, this.#target(batch));
  }

  /** The sessions that update the parameters by gradients, in order. */
  updates(batch: Batch): Promise<Runner[]> {
    return Promise.all(this.#updates(this.#target(batch)));
  }

  #target(batch: Batch): TargetKind {
    const name = this.#classes;
    const float = name !== undefined && batch?.[name]?.type?.startsWith('float');
    return this.#from.models.options.target ?? (float ? 'distribution' : 'indices');
  }

  #of(kind: Kind, target: TargetKind): Promise<Runner> {
    const key = `${kind}:${target}`;
    return (
      this.#made.get(key) ??
      this.#add(key, kind, () => this.#from.models.emit((prepared) => emitters[kind](prepared, target)))
    );
  }

  #updates(target: TargetKind): Promise<Runner>[] {
    return this.#from.chunks.map((buckets, i) => {
      const key = `update ${i}:${target}`;
      const chosen = this.inParts ? buckets : undefined;
      const emit = () => this.#from.models.emit((prepared) => emitUpdate(prepared, target, chosen));
      return this.#made.get(key) ?? this.#add(key, 'update', emit);
    });
  }

  #add(key: string, kind: Kind | 'update', emit: () => Promise<Written>): Promise<Runner> {
    const runner = this.#make(kind, emit);
    this.#made.set(key, runner);
    return runner;
  }

  async #make(kind: Kind | 'update', emit: () => Promise<Written>): Promise<Runner> {
    const { session: given, locations, models } = this.#from;
    const model = await emit();
    const planned = planMemory(given, model, this.inParts);
    const options =
      kind === 'step' && locations ? { ...planned, preferredOutputLocation: locations(model) } : planned;
    const { InferenceSession } = this.#ort;
    const session = await orExplained(InferenceSession.create(model.bytes, options), {
      bytes: model.bytes,
      expected: 'a model and session options that ONNX Runtime accepts',
      advice:
        'Check the `sizes` and the execution providers in `session`, and run onnx.checker on the model.',
      source: async () => InferenceSession.create(await models.file(), given),
    });
    return { model: withoutContent(model), session };
  }

  /** Frees all sessions, including those still being created. */
  async release(): Promise<void> {
    const runners = await Promise.allSettled(this.#made.values());
    this.#made.clear();
    for (const runner of runners) if (runner.status === 'fulfilled') await runner.value.session.release();
  }
}
