import { parseAst } from 'vitest/node';

/** A change of a module: `replacement` takes the place of the text from `start` to `end`. */
export interface Mutant {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** A node of a syntax tree, with the fields that are read here. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly value?: unknown;
  readonly operator?: string;
  readonly left?: Node;
  readonly right?: Node;
  readonly argument?: Node;
  readonly test?: Node;
  readonly consequent?: Node;
  readonly alternate?: Node;
  readonly elements?: readonly unknown[];
  readonly body?: Node | readonly Node[];
  readonly callee?: Node;
  readonly object?: Node;
  readonly property?: Node;
  readonly name?: string;
  readonly computed?: boolean;
}
const isNode = (value: unknown): value is Node => typeof Object(value).type === 'string';

const operators: Readonly<Record<string, readonly string[]>> = {
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+=': ['-='],
  '-=': ['+='],
  '*=': ['/='],
};
const functions: Readonly<Record<string, string>> = { min: 'max', max: 'min', floor: 'ceil', ceil: 'floor' };

/**
 * All changes that are tried on a module's JavaScript. Each number is halved, and multiplied by 1.6 (0 becomes 1).
 * Unless `numbersOnly` is set, operators, conditions, strings, lists and bodies get the usual changes of mutation
 * testers.
 */
export function mutantsOf(code: string, numbersOnly: boolean): Mutant[] {
  const mutants: Mutant[] = [];
  const text = ({ start, end }: Node): string => code.slice(start, end);
  const add = ({ start, end }: Pick<Node, 'start' | 'end'>, ...replacements: readonly string[]): void => {
    for (const replacement of replacements) {
      if (replacement !== code.slice(start, end)) mutants.push({ start, end, replacement });
    }
  };

  const changeLogic = (node: Node): void => {
    const { type, operator = '', left, right, argument, test, consequent, alternate, callee } = node;
    if (left && right && operators[operator]) {
      const gap = { start: left.end, end: right.start };
      const between = code.slice(gap.start, gap.end);
      add(gap, ...operators[operator].map((other) => between.replace(operator, () => other)));
    }
    if (type === 'UnaryExpression' && (operator === '-' || operator === '!'))
      add(node, `(${text(argument!)})`);
    if (type === 'UpdateExpression') add(node, text(node).replace('++', '--'));
    if (type === 'ConditionalExpression') add(node, text(consequent!), text(alternate!));
    if (type === 'IfStatement') add(test!, 'true', 'false');
    if (
      (type === 'Literal' && typeof node.value === 'string' && node.value !== '') ||
      type === 'TemplateLiteral'
    )
      add(node, "''");
    if (type === 'ArrayExpression' && node.elements!.length > 0) add(node, '[]');
    if (type === 'BlockStatement' && (node.body as readonly Node[]).length > 0) add(node, '{}');
    if (type === 'ArrowFunctionExpression' && (node.body as Node).type !== 'BlockStatement')
      add(node.body as Node, '(undefined)');
    if (type === 'CallExpression' && callee?.object?.name === 'Math') {
      const other = functions[callee.property!.name!];
      if (other) add(callee.property!, other);
    }
  };

  visit(parseAst(code) as unknown as Node, (node) => {
    // Import paths are not changed.
    if (/^(Import|ExportNamed|ExportAll)/.test(node.type) && 'source' in node && node.source) return false;
    const { type, value } = node;
    if (type === 'Literal' && typeof value === 'number')
      add(node, ...(value === 0 ? ['1'] : [`(${value / 2})`, `(${value * 1.6})`]));
    if (!numbersOnly) changeLogic(node);
    return true;
  });
  return mutants;
}

/** The module with the change. Its loops are guarded: a loop that became endless throws (see `guardLoops.ts`). */
export function mutate(code: string, { start, end, replacement }: Mutant): string {
  const mutated = code.slice(0, start) + replacement + code.slice(end);
  const edits: (readonly [at: number, text: string])[] = [];
  visit(parseAst(mutated) as unknown as Node, ({ type, body }) => {
    if (/^(For|While|DoWhile)/.test(type)) {
      const loop = body as Node;
      const guard = "if (++globalThis.loops > 1e7) throw new Error('endless');";
      if (loop.type === 'BlockStatement') edits.push([loop.start + 1, guard]);
      else edits.push([loop.start, `{${guard}`], [loop.end, '}']);
    }
    return true;
  });
  return edits
    .sort(([a], [b]) => b - a)
    .reduce((whole, [at, text]) => whole.slice(0, at) + text + whole.slice(at), mutated);
}

/** Calls `enter` for every node. If it returns false, the nodes inside are skipped. Property names are left out. */
function visit(node: Node, enter: (node: Node) => boolean): void {
  if (!enter(node)) return;
  for (const [field, value] of Object.entries(node)) {
    if (field === 'key' && node.computed !== true) continue;
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, enter);
  }
}
