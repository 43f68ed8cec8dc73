import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';

/** The description of one violation of a boundary. */
export type Crossing = string;

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

// The packages of this repository that each package may depend on. Examples, benchmarks and tooling may use every
// public one.
const allowed: Readonly<Record<string, readonly string[]>> = {
  '@clr/core': [],
  '@clr/conformance': ['@clr/core'],
  '@clr/onnx': ['@clr/core', '@clr/checkpoint'],
  '@clr/tfjs': ['@clr/core'],
  '@clr/webgpu': ['@clr/core'],
  '@clr/report': ['@clr/core'],
  '@clr/checkpoint': ['@clr/core'],
  '@clr/mpi': ['@clr/core'],
  '@clr/bullmq': ['@clr/core', '@clr/sweep'],
  '@clr/sweep': ['@clr/core', '@clr/checkpoint'],
  '@clr/data': ['@clr/core'],
  '@clr/cli': [
    ...['@clr/core', '@clr/checkpoint', '@clr/data', '@clr/onnx', '@clr/report', '@clr/sweep'],
    '@clr/bullmq',
  ],
};

// For each room (folder of src) of a package, the rooms that its files may import. Imports go one way: two rooms never
// import each other. All rooms may import files that lie directly in src.
const rooms: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  '@clr/core': {
    policies: [],
    optimizers: [],
    trainable: ['optimizers'],
    troughs: ['trainable'],
    train: ['troughs', 'trainable'],
    rangeTest: ['train', 'trainable', 'optimizers', 'policies'],
    autoClr: ['rangeTest', 'train', 'troughs', 'trainable', 'policies'],
  },
  '@clr/conformance': { reduce: [], reference: [], checks: [] },
  '@clr/webgpu': {
    device: [],
    optimizer: ['device'],
    train: ['optimizer', 'device'],
    network: ['train', 'optimizer', 'device'],
  },
  '@clr/report': {
    words: [],
    curves: [],
    chart: ['words'],
    panels: ['curves', 'chart', 'words'],
    pictures: ['panels', 'curves', 'chart', 'words'],
    terminal: ['curves', 'words'],
  },
  '@clr/checkpoint': { format: [], browser: ['format'], node: ['format'] },
  '@clr/sweep': { node: [] },
  '@clr/data': {
    checks: [],
    arrays: ['checks'],
    text: [],
    images: [],
    tables: ['text', 'arrays'],
    curves: ['text'],
    node: ['images'],
  },
  '@clr/cli': {
    input: [],
    training: ['input'],
    sweep: ['training', 'input'],
    commands: ['sweep', 'training', 'input'],
  },
  '@clr/onnx': {
    generated: [],
    format: ['generated'],
    graph: ['format', 'generated'],
    read: ['graph', 'format', 'generated'],
    lower: ['graph', 'format', 'generated'],
    gradients: ['graph', 'format', 'generated'],
    loss: ['gradients', 'graph', 'format', 'generated'],
    training: ['loss', 'lower', 'gradients', 'read', 'graph', 'format', 'generated'],
    layers: ['graph', 'format', 'generated'],
    surgery: ['layers', 'training', 'loss', 'gradients', 'read', 'graph', 'format', 'generated'],
    runtime: ['surgery', 'training', 'loss', 'lower', 'gradients', 'read', 'graph', 'format', 'generated'],
    checkpoint: [],
  },
};

// Packages that the build copies into ours, so that users need not install them.
const bundled: Readonly<Record<string, readonly string[]>> = { '@clr/report': ['echarts'] };

// Types that refer to each other need an import cycle. These imports (file: imported file) are allowed to close one.
const recursiveTypes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // A sequence is a policy, and holds policies.
  '@clr/core': { 'src/policy.ts': 'src/policies/sequence.ts' },
  // A graph refers to its operators, and an operator writes into graphs.
  '@clr/onnx': { 'src/graph/graph.ts': 'src/graph/operator.ts' },
};

/**
 * Finds every violation in one package: forbidden dependencies, a missing entry in the tables above, imports that its
 * manifest does not declare, paths that leave its folder, forbidden imports between rooms, Node built-ins in core, and
 * import cycles, even of types only. In core every runtime dependency is a violation.
 */
export function crossingsOf(folder: string): Crossing[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const { name } = manifest;
  const installed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const runtime = new Set([...installed, ...(bundled[name] ?? [])]);
  const everything = new Set([...runtime, ...Object.keys(manifest.devDependencies ?? {}), name]);
  const crossings: Crossing[] = [];

  if (name === '@clr/core' && runtime.size > 0)
    crossings.push(`${name} depends on ${[...runtime].join(', ')}`);
  const permitted = allowed[name];
  if (permitted === undefined && !manifest.private) crossings.push(`${name} has no entry in the boundaries`);
  for (const dependency of runtime) {
    if (permitted && dependency.startsWith('@clr/') && !permitted.includes(dependency)) {
      crossings.push(`${name} depends on ${dependency}`);
    }
  }
  const graph = new Map<string, readonly string[]>();
  const cut = (file: string): string => join(folder, recursiveTypes[name]?.[relative(folder, file)] ?? '');
  for (const file of sourcesOf(folder)) {
    const shipped = !manifest.private && relative(folder, file).startsWith('src/') && !isTest(file);
    const source = readFileSync(file, 'utf8');
    const own = rooms[name];
    if (shipped)
      graph.set(
        file,
        targetsOf(file, importsOf(source)).filter((target) => target !== cut(file)),
      );
    for (const target of importsOf(source)) {
      const crossing =
        judge(folder, file, target, shipped ? runtime : everything, name) ??
        (shipped && own ? upward(join(folder, 'src'), file, target, own) : undefined);
      if (crossing) crossings.push(`${relative(folder, file)} of ${name} ${crossing}`);
    }
  }
  const circle = circleIn(graph);
  if (circle) {
    crossings.push(`${name} has a cycle: ${circle.map((file) => relative(folder, file)).join(' → ')}`);
  }
  return crossings;
}

/** Describes what is wrong with an import if it leads to a room that the file's room may not import. */
function upward(
  src: string,
  file: string,
  target: string,
  own: Readonly<Record<string, readonly string[]>>,
): Crossing | undefined {
  const [from, to] = [file, join(file, '..', target)].map((path) => relative(src, path).split('/'));
  if (!target.startsWith('.') || from?.length === 1 || to?.length === 1 || from?.[0] === to?.[0])
    return undefined;
  const [room = '', other = ''] = [from?.[0], to?.[0]];
  if (own[room] === undefined) return `is in the room ${room}, which has no entry in the boundaries`;
  return own[room].includes(other) ? undefined : `imports from ${other}, which ${room} may not: ${target}`;
}

const targetsOf = (file: string, targets: readonly string[]): string[] =>
  targets.filter((target) => target.startsWith('.')).map((target) => join(file, '..', target));

/** The files of an import cycle, with the first file repeated at the end; undefined if there is no cycle. */
function circleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of graph.get(file) ?? []) {
      const circle = walk(target, [...path, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const circle = walk(file, []);
    if (circle) return circle;
  }
  return undefined;
}

function judge(
  folder: string,
  file: string,
  target: string,
  declared: ReadonlySet<string>,
  name: string,
): Crossing | undefined {
  if (target.startsWith('.')) {
    const path = join(file, '..', target);
    // Config files import tooling by path, because Vite's config loader leaves packages to Node, and Node 20 cannot
    // load TypeScript.
    if (/\.config\.ts$/.test(file) && path.includes('/tooling/')) return undefined;
    return relative(folder, path).startsWith('..') ? `reaches out of its folder: ${target}` : undefined;
  }
  if (target.startsWith('node:') || builtinModules.includes(target)) {
    return name === '@clr/core' && !isTest(file) ? `uses Node: ${target}` : undefined;
  }
  if (target.startsWith('virtual:') || target.startsWith('/') || target.includes('?')) return undefined;
  const bare = target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
  return declared.has(bare) || declared.has(`@types/${bare}`)
    ? undefined
    : `imports ${bare}, which its package.json does not name`;
}

const isTest = (file: string): boolean => /\.test(-d)?\.|\/test\/|\/bench\/|\/scripts\//.test(file);

function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mts|js|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(node_modules|dist|generated|\.cache|\.turbo)\//.test(path));
}

/** The targets of a file's imports and re-exports. Imports in block comments and on comment lines are ignored. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const pattern =
    /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;
  return [...code.matchAll(pattern)].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

/** The folders of all packages below a root. */
export function packageFolders(root: string): string[] {
  const groups = ['packages', 'examples'].map((group) => join(root, group)).filter(existsSync);
  const nested = groups.flatMap((group) => readdirSync(group).map((name) => join(group, name)));
  return [...nested, ...['benchmarks', 'datasets', 'docs', 'tooling'].map((name) => join(root, name))].filter(
    (folder) => existsSync(join(folder, 'package.json')),
  );
}
