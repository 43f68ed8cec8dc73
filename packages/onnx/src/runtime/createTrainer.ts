import type { Reduce } from '@clr/core';
import { fail } from '../errors.ts';
import { asOneFile, type Content } from '../format/content.ts';
import type { Forms } from '../lower/question.ts';
import { show } from '../show.ts';
import { emitStep } from '../training/emit.ts';
import type { TrainingOptions } from '../training/options.ts';
import { type Prepared, prepare } from '../training/prepare.ts';
import { readOptions } from '../training/readOptions.ts';
import { channelBlockOf, isCpuInNode } from './channelBlock.ts';
import { checkCacheable, createCached } from './createCached.ts';
import type { ExampleIds } from './featureCache.ts';
import { FormsFile } from './formsFile.ts';
import { measureForms } from './measureForms.ts';
import type { OnnxTrainer } from './onnxTrainer.ts';
import { checkOrt, type InferenceSession, type Ort } from './ort.ts';
import { providerOf } from './provider.ts';
import { checkReduce, Ranks, type Statistics } from './ranks.ts';
import type { ExternalData } from './readModelFile.ts';
import { Source } from './source.ts';
import { Trainer } from './trainer.ts';
import { withShapes } from './withShapes.ts';

/** Options of {@link createTrainer}. */
export interface TrainerOptions extends Omit<TrainingOptions, 'schedule'> {
  /** Passed on to ONNX Runtime: execution providers, threads, profiling. */
  readonly session?: InferenceSession.SessionOptions;
  /**
   * Returns the weights that a model keeps in external files, part by part. Default for a model given by path or URL:
   * reads the files next to it. A model with external data that is passed as bytes needs this option.
   */
  readonly externalData?: ExternalData;
  /**
   * The `forms` of an earlier trainer. A form is one of several ways to write a node as ONNX operators. Nodes for
   * which the earlier trainer chose no form are measured, unless `deterministic` is set.
   */
  readonly forms?: Forms;
  /**
   * A file on this machine (Node) that keeps the forms chosen by measurements. Nodes that it covers are not measured
   * again, and new choices are added. So new processes start sooner and choose the same forms. The file is created if
   * it does not exist. Each entry is for one processor, one number of threads, and one version of ONNX Runtime and of
   * this package, so machines can share a file.
   */
  readonly formsFile?: string;
  /**
   * Whether results must be bit-identical on every machine of the same kind. If so, no forms are measured. Default
   * `false`: on the CPU in Node, the forms for each shape are timed once per process, which takes some tenths of a
   * second for a net. A form that is clearly faster than the default form is used. The results of different forms
   * differ in their last bits. A snapshot holds the chosen forms, and a trainer that restores the snapshot uses them.
   * For a bit-identical new run in another process, pass `forms` or `formsFile`.
   */
  readonly deterministic?: boolean;
  /**
   * Several processes that train one model: `mpi()` of `@clr/mpi`. Each process provides its own share of every batch.
   * Gradients, losses and accuracies are means over all examples of all processes, so `train`, `rangeTest` and
   * `autoClr` run unchanged. Every process must make the same calls in the same order. If one process fails, all of
   * them throw before any updates. `restore` takes the state of process 0. Snapshots and exports do not involve the
   * other processes.
   */
  readonly reduce?: Reduce;
  /**
   * How processes with `reduce` treat the running statistics of batch normalisation: they average them after each step
   * (`'averaged'`, the default), or each process keeps its own (`'local'`).
   */
  readonly statistics?: Statistics;
  /**
   * Computes the features of the frozen part of the model once for each example, and trains the rest on them. The
   * function returns an id for each example of a batch: `(batch) => indices.get(batch)`. An id must always mean the
   * same example, so do not augment examples at random. Features stay in memory. Once all examples of a batch are
   * cached, the batch may omit the body's inputs. Snapshots fit trainers with the same option. It cannot be combined
   * with `sizes` or `reduce`.
   */
  readonly cacheFeatures?: ExampleIds;
}

/** Opens the file with measured forms, if forms are measured here. */
function openForms(
  path: string,
  measured: boolean,
  ort: Ort,
  { intraOpNumThreads }: InferenceSession.SessionOptions,
): Promise<FormsFile> {
  if (measured) return FormsFile.open(path, ort, intraOpNumThreads);
  throw fail(
    'formsFile only if forms are measured: on the CPU in Node, without deterministic and reduce',
    `formsFile = ${show(path)}`,
    "Leave it out. To use an earlier trainer's choice, pass the option `forms`, which works everywhere.",
  );
}

/**
 * Makes an ordinary ONNX model trainable.
 *
 * A batch holds the model's inputs by name, plus `target`. For `'crossEntropy'`, the target is an int64 tensor [N, …]
 * of class indices or a float32 distribution [N, C, …]. For `'mse'` and `'bceWithLogits'`, it is a tensor like the
 * output.
 *
 * @param ort - the module `onnxruntime-node` or `onnxruntime-web`
 * @param file - the content of an .onnx file, or its path (Node) or URL (browser)
 * @throws {ClrError} for a model or options that cannot be used
 * @throws {UnsupportedOperatorError} if an operator between a parameter and the loss has no gradient
 *
 * @example
 * ```ts
 * const trainer = await createTrainer(ort, 'lenet.onnx', { loss: 'crossEntropy', optimizer: sgd({ momentum: 0.9 }) });
 * const { loss } = await trainer.trainStep({ image, target }, { lr: 0.01 });
 * Number.isFinite(await loss); // true
 * ```
 */
export async function createTrainer(
  ort: Ort,
  file: Uint8Array | string,
  options: TrainerOptions,
): Promise<OnnxTrainer> {
  checkOrt(ort);
  const { reduce, statistics } = Object(options) as TrainerOptions;
  if (reduce !== undefined) checkReduce(reduce);
  const ranks = new Ranks(reduce, statistics);
  const trainer = await ranks.together(async () => {
    const {
      session = {},
      externalData,
      // Separate measurements could lead processes to different forms.
      deterministic = ranks.several,
      cacheFeatures,
      formsFile,
      ...given
    } = readOptions<TrainerOptions>(options, ['schedule', 'channelBlock'], 'createTrainer');
    const { provider = providerOf(session) } = given;
    const channelBlock = provider === 'webgpu' ? 1 : await channelBlockOf(ort, session);
    const built = { ...given, provider, channelBlock };
    const source = await Source.of(file, externalData);
    const content = await source.content();
    const model = await withShapes(ort, content, session);
    const feedsWeights = isCpuInNode(ort, session);
    const measured = !deterministic && feedsWeights;
    const kept = formsFile === undefined ? undefined : await openForms(formsFile, measured, ort, session);
    const trainerOf = async (
      from: { source: Source; content: Content },
      read: Prepared,
    ): Promise<Trainer> => {
      const again = async (content: Content) =>
        prepare(await withShapes(ort, content, session), built, feedsWeights);
      const prepared = measured
        ? read.as(await measureForms(ort, read, session, built.forms ?? {}, kept))
        : read;
      const made = new Trainer(
        ort,
        { ...from, prepared, again, deterministic },
        session,
        emitStep(prepared),
        ranks,
      );
      await made.ready();
      return made;
    };
    const read = prepare(model, built, feedsWeights);
    if (!cacheFeatures) return trainerOf({ source, content }, read);
    checkCacheable(built.sizes !== undefined, ranks.several);
    const { plan } = read.whole();
    return createCached(ort, cacheFeatures, {
      ...{ source: asOneFile(content), model: asOneFile(model), plan, session },
      trainerOf: async (head, trainable) => {
        const source = await Source.of(head);
        const content = await source.content();
        return trainerOf({ source, content }, prepare(head, { ...built, trainable }, feedsWeights));
      },
    });
  });
  if (trainer instanceof Trainer) await trainer.compareRanks();
  return trainer;
}
