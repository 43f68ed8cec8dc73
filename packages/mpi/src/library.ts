import koffi, { type LibraryHandle } from 'koffi';
import { fail } from './errors.ts';

/** A handle of MPI: an address in Open MPI, a number in MPICH. */
type Handle = bigint | number;

/** The MPI functions that this package calls, with their constants. */
export interface Library {
  /** The library's file. */
  readonly file: string;
  readonly kind: 'Open MPI' | 'MPICH';
  readonly init: () => number;
  readonly finalize: () => number;
  readonly abort: (code: number) => number;
  readonly rank: (into: Int32Array) => number;
  readonly size: (into: Int32Array) => number;
  /** Sums `count` elements over all processes, in place. */
  readonly sum: (vector: Vector, count: number) => number;
  readonly broadcast: (vector: Vector, count: number, root: number) => number;
}

/** The types of vectors that MPI transfers. */
export type Vector = Float32Array | Float64Array | Int32Array;

interface Constants {
  readonly handle: 'void *' | 'int';
  readonly world: Handle;
  readonly sum: Handle;
  readonly types: Readonly<Record<string, Handle>>;
  readonly inPlace: bigint;
}

/** The library files of Open MPI, MPICH and its relatives, most likely first. */
const files: readonly string[] =
  process.platform === 'darwin'
    ? ['libmpi.dylib', 'libmpi.40.dylib', 'libmpich.dylib', 'libmpi.12.dylib']
    : ['libmpi.so.40', 'libmpich.so.12', 'libmpi.so.12', 'libmpi.so', 'libmpich.so'];

/** Opens a library file; undefined if there is none of this name. */
function open(file: string): LibraryHandle | undefined {
  try {
    // Open MPI's plug-ins look up its symbols globally.
    return koffi.load(file, { global: true });
  } catch {
    return undefined;
  }
}

function has(library: LibraryHandle, symbol: string): boolean {
  try {
    library.symbol(symbol);
    return true;
  } catch {
    return false;
  }
}

/** Handles are addresses of variables in Open MPI, and numbers fixed by the ABI in MPICH. */
function constantsOf(library: LibraryHandle, kind: Library['kind']): Constants {
  if (kind === 'Open MPI') {
    const address = (name: string): bigint => library.symbol(name) as bigint;
    return {
      handle: 'void *',
      world: address('ompi_mpi_comm_world'),
      sum: address('ompi_mpi_op_sum'),
      types: {
        Float32Array: address('ompi_mpi_float'),
        Float64Array: address('ompi_mpi_double'),
        Int32Array: address('ompi_mpi_int'),
      },
      inPlace: 1n,
    };
  }
  return {
    handle: 'int',
    world: 0x44000000,
    sum: 0x58000003,
    types: { Float32Array: 0x4c00040a, Float64Array: 0x4c00080b, Int32Array: 0x4c000405 },
    inPlace: 2n ** 64n - 1n,
  };
}

/** The launcher that started this process, recognised by its environment variables. */
export function launcherOf(env: NodeJS.ProcessEnv): { kind: Library['kind']; size: number } | undefined {
  if (env.OMPI_COMM_WORLD_SIZE) return { kind: 'Open MPI', size: Number(env.OMPI_COMM_WORLD_SIZE) };
  if (env.PMI_SIZE) return { kind: 'MPICH', size: Number(env.PMI_SIZE) };
  return undefined;
}

/**
 * Finds the system's MPI library. If a known launcher started this process, the library must belong to it.
 *
 * @param file - the library's file, if it has another name or path
 */
export function findLibrary(file?: string): Library {
  const wanted = launcherOf(process.env)?.kind;
  const names = file === undefined ? files : [file];
  const found: Library[] = [];
  for (const name of names) {
    const library = open(name);
    if (!library || !has(library, 'MPI_Allreduce')) continue;
    const kind = has(library, 'ompi_mpi_comm_world') ? 'Open MPI' : 'MPICH';
    if (wanted === undefined || kind === wanted) return bind(library, name, kind);
    found.push(bind(library, name, kind));
  }
  if (found[0]) {
    throw fail(
      `the library of ${wanted}, whose launcher started this process`,
      `${found.map((each) => `${each.file} of ${each.kind}`).join(', ')}`,
      `Start the program with the launcher of ${found[0].kind}, or install ${wanted}.`,
    );
  }
  throw fail(
    'an MPI library on this machine',
    `none of ${names.join(', ')}`,
    'Install Open MPI or MPICH (on Debian: apt-get install openmpi-bin), or pass the path of its library as `library`.',
  );
}

function bind(library: LibraryHandle, file: string, kind: Library['kind']): Library {
  const { handle, world, sum, types, inPlace } = constantsOf(library, kind);
  const of = (name: string, ...parameters: string[]) => library.func(name, 'int', parameters);
  const allreduce = of('MPI_Allreduce', 'void *', 'void *', 'int', handle, handle, handle);
  const bcast = of('MPI_Bcast', 'void *', 'int', handle, 'int', handle);
  const rank = of('MPI_Comm_rank', handle, 'void *');
  const size = of('MPI_Comm_size', handle, 'void *');
  const init = of('MPI_Init', 'void *', 'void *');
  const abort = of('MPI_Abort', handle, 'int');
  return {
    file,
    kind,
    init: () => init(null, null),
    finalize: of('MPI_Finalize'),
    abort: (code) => abort(world, code),
    rank: (into) => rank(world, into),
    size: (into) => size(world, into),
    sum: (vector, count) => allreduce(inPlace, vector, count, types[vector.constructor.name], sum, world),
    broadcast: (vector, count, root) => bcast(vector, count, types[vector.constructor.name], root, world),
  };
}
