import type { Forms } from '../lower/question.ts';
import { emitEvaluation, emitGradients, emitStep, emitUpdate } from '../training/emit.ts';
import type { Prepared, TargetKind } from '../training/prepare.ts';
import type { TrainingModel } from '../training/trainingModel.ts';
import { orExplained } from './explainRefusal.ts';
import type { Batch, InferenceSession, Ort } from './ort.ts';
import { planMemory } from './planMemory.ts';

/** A model and the session that runs it. */
export interface Runner {
  readonly model: TrainingModel;
  readonly session: InferenceSession;
}

/** The models that a trainer runs. */
export type Kind = 'step' | 'gradients' | 'apply' | 'evaluation';

const emitters: Readonly<Record<Kind, (prepared: Prepared, target: TargetKind) => TrainingModel>> = {
  step: emitStep,
  gradients: emitGradients,
  apply: emitUpdate,
  evaluation: emitEvaluation,
};

/** What {@link Runners} makes sessions of. */
export interface RunnersOptions {
  readonly prepared: Prepared;
  /** The model as it came, to tell what the runtime refuses in it. */
  readonly source: Uint8Array;
  readonly session: InferenceSession.SessionOptions;
  /** The outputs of a step that stay on the device, if any do. */
  readonly locations?: (step: TrainingModel) => Record<string, 'gpu-buffer'>;
}

/** The sessions of one trainer, each made when it is first needed. */
export class Runners {
  readonly #ort: Ort;
  #from: RunnersOptions;
  /** The target of the first classifier, whose type decides the form. */
  readonly #classes: string | undefined;
  readonly #made = new Map<string, Promise<Runner>>();

  constructor(ort: Ort, from: RunnersOptions, first: TrainingModel) {
    this.#ort = ort;
    this.#from = from;
    this.#classes = first.targets.find(({ type }) => type === 'int64')?.name;
    this.#add('step', from.prepared.options.target ?? 'indices', first);
  }

  /** The forms in which the models are written. */
  get forms(): Forms {
    return this.#from.prepared.forms();
  }

  /** Takes other forms where they differ: the sessions are made again, each when it is needed. */
  async adopt(forms: Forms): Promise<void> {
    const own = this.forms;
    const differs = Object.entries(own).some(
      ([key, form]) => Object.hasOwn(forms, key) && forms[key] !== form,
    );
    if (!differs) return;
    await this.release();
    this.#from = { ...this.#from, prepared: this.#from.prepared.as({ ...own, ...forms }) };
  }

  /** Resolves when the sessions that were asked for stand. */
  async ready(): Promise<void> {
    await Promise.all(this.#made.values());
  }

  /** The session of a kind for this batch: cross-entropy has one form for indices, one for distributions. */
  of(kind: Kind, batch: Batch): Promise<Runner> {
    const { prepared } = this.#from;
    const name = this.#classes;
    const float = name !== undefined && batch?.[name]?.type?.startsWith('float');
    const target = prepared.options.target ?? (float ? 'distribution' : 'indices');
    return this.#made.get(`${kind}:${target}`) ?? this.#add(kind, target, emitters[kind](prepared, target));
  }

  #add(kind: Kind, target: string, model: TrainingModel): Promise<Runner> {
    const { session, locations } = this.#from;
    const planned = planMemory(session, model);
    const options =
      kind === 'step' && locations ? { ...planned, preferredOutputLocation: locations(model) } : planned;
    const { InferenceSession } = this.#ort;
    const runner = orExplained(InferenceSession.create(model.bytes, options), {
      bytes: model.bytes,
      expected: 'a model and session options that ONNX Runtime accepts',
      advice: 'Check the model with onnx.checker, and the execution providers in `session`.',
      source: () => InferenceSession.create(this.#from.source, session),
    }).then((session) => ({ model, session }));
    this.#made.set(`${kind}:${target}`, runner);
    return runner;
  }

  /** Frees all sessions, those too that are still in the making. */
  async release(): Promise<void> {
    const runners = await Promise.allSettled(this.#made.values());
    this.#made.clear();
    for (const runner of runners) if (runner.status === 'fulfilled') await runner.value.session.release();
  }
}
