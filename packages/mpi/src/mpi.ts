import { availableParallelism } from 'node:os';
import { type AbortSignalLike, checkOptionNames, type Reduce } from '@clr/core';
import { fail } from './errors.ts';
import { findLibrary, type Library, launcherOf, type Vector } from './library.ts';

/** Options of {@link mpi}. */
export interface MpiOptions {
  /** The path of the MPI library. Default: the library of the launcher that started this process. */
  readonly library?: string;
  /**
   * A signal of this process, such as one for Ctrl-C. When it aborts, the returned `signal` aborts on all processes
   * after the same step.
   */
  readonly signal?: AbortSignalLike;
}

/** The processes started by `mpirun`. */
export interface Mpi extends Reduce {
  /** Aborts on all processes after the same step. Pass it to `train`, `rangeTest` and `autoClr`. */
  readonly signal: AbortSignalLike;
  /** The library in use. */
  readonly library: {
    /** Open MPI or MPICH. */
    readonly kind: Library['kind'];
    /** The path of its shared library. */
    readonly file: string;
  };
}

/** The most elements in one MPI call, because MPI's counts are 32-bit integers. */
const maxCount = 2 ** 30;

let started: { readonly library: Library; readonly mpi: Mpi } | undefined;
/** The signals of this process, given by all calls of {@link mpi}. */
const signals = new Set<AbortSignalLike>();

/**
 * Connects the processes that `mpirun` (or `srun`) started, using the system's Open MPI or MPICH. Pass the result to
 * `createTrainer` of `@clr/onnx` as `reduce`. A process without a launcher is alone, with `size` 1. Every call returns
 * the same object. `signal` aborts if a signal of any call aborts.
 *
 * Calls block the event loop until all processes have made them. If a process ends with an exit code above 0, for
 * example after an uncaught error, the launcher ends the whole job with that code.
 *
 * Sums run on one thread, in an order that the library chooses. Open MPI spins while it waits. If a machine has more
 * processes than cores, this function configures Open MPI to yield. MPICH and some builds of Open MPI transfer data
 * through the library UCX. It runs without its memory hooks, because they can crash Node. On InfiniBand this costs
 * speed. To keep the hooks, set `UCX_MEM_EVENTS=yes`.
 *
 * @throws {ClrError} if an option is invalid, or if there is no MPI library, it does not fit the launcher, or it fails
 * to start
 *
 * @example
 * ```ts
 * const reduce = mpi(); // one of four, after: mpirun -n 4 node train.js
 * const vector = Float32Array.of(reduce.rank, 1);
 * reduce.sum([vector]);
 * vector[1] === reduce.size; // true
 * ```
 */
export function mpi(options: MpiOptions = {}): Mpi {
  const { library: file, signal } = checkOptionNames('clr/mpi', 'mpi', options, ['library', 'signal']);
  checkOptions(file, signal);
  // MPI can be initialised only once per process.
  if (started && file !== undefined && file !== started.library.file) {
    throw fail(
      'a single MPI library in a process',
      `library = ${JSON.stringify(file)}, after ${started.library.file} was started`,
      'Pass `library` in the first call of mpi().',
    );
  }
  if (signal) signals.add(signal);
  if (started) return started.mpi;
  const launcher = launcherOf(process.env);
  if (Number(process.env.OMPI_COMM_WORLD_LOCAL_SIZE ?? 1) > availableParallelism()) {
    process.env.OMPI_MCA_mpi_yield_when_idle ??= '1';
  }
  // To test its memory hooks, UCX grows the heap by a page and shrinks it again. If a thread of V8 grows the heap in
  // between, shrinking takes V8's memory away, and the process crashes some time later.
  process.env.UCX_MEM_EVENTS ??= 'no';
  const library = findLibrary(file);
  check(library.init(), 'MPI_Init');
  const rank = ask(library.rank);
  const size = ask(library.size);
  if (launcher && launcher.size !== size) {
    library.abort(1);
    throw fail(
      `${launcher.size} processes, as started by ${launcher.kind}`,
      `${size} in ${library.file}`,
      'Start the program with the launcher of the same MPI library.',
    );
  }
  // If a process ends without MPI_Finalize and with a code above 0, the launcher ends all others.
  process.on('exit', (code) => {
    if (code === 0) library.finalize();
  });
  const shared = { aborted: false };
  const reduce: Mpi = {
    rank,
    size,
    signal: shared,
    library: { kind: library.kind, file: library.file },
    sum(vectors) {
      for (const vector of vectors) {
        inParts(vector, (part) => check(library.sum(part, part.length), 'MPI_Allreduce'));
      }
    },
    broadcast(vectors, root) {
      for (const vector of vectors) {
        inParts(vector, (part) => check(library.broadcast(part, part.length, root), 'MPI_Bcast'));
      }
    },
    all(ok) {
      const failuresAndAborts = Int32Array.of(
        ok ? 0 : 1,
        [...signals].some(({ aborted }) => aborted) ? 1 : 0,
      );
      check(library.sum(failuresAndAborts, 2), 'MPI_Allreduce');
      const [failures, aborts] = failuresAndAborts;
      if (aborts !== 0) shared.aborted = true;
      return failures === 0;
    },
  };
  started = { library, mpi: reduce };
  return reduce;
}

function checkOptions(library: unknown, signal: unknown): void {
  if (library !== undefined && (typeof library !== 'string' || library === '')) {
    throw fail(
      'library to be the path of an MPI library',
      `library = ${typeof library === 'string' ? '""' : String(library)}`,
      'Leave it out for the library of the launcher.',
    );
  }
  const { aborted } = Object(signal) as Partial<AbortSignalLike>;
  if (signal === undefined || typeof aborted === 'boolean') return;
  throw fail(
    'signal to be an AbortSignal',
    `signal = ${String(signal)}`,
    'Pass `signal` of an AbortController.',
  );
}

/** Returns a number that MPI writes into memory. */
function ask(question: (into: Int32Array) => number): number {
  const answer = new Int32Array(1);
  check(question(answer), 'MPI_Comm_rank or MPI_Comm_size');
  return answer[0]!;
}

/** Calls `run` for parts of a vector that are short enough for MPI's counts. */
function inParts<V extends Vector>(vector: V, run: (part: V) => void): void {
  for (let from = 0; from < vector.length; from += maxCount) {
    run(vector.subarray(from, Math.min(vector.length, from + maxCount)) as V);
  }
}

function check(code: number, call: string): void {
  if (code === 0) return;
  throw fail(`${call} to succeed`, `error code ${code}`, 'Read what MPI printed.');
}
