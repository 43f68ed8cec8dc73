import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Comment, type Node, type Program, parse } from 'acorn';

/** One runnable block of documentation. */
export interface Example {
  /** The file and line of its start, and its function. */
  readonly name: string;
  /** The exported name that the doc comment describes; absent in Markdown. */
  readonly of?: string;
  readonly code: string;
}

/** One value that an example states in a comment, with the actual value. */
export interface Outcome {
  readonly source: string;
  readonly actual: unknown;
  readonly stated: unknown;
}

/** Every `@example` block of the TypeScript sources under a folder, without tests. */
export function exampleBlocks(folder: string): Example[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/\.(test|test-d|d)\.ts$/.test(file),
  );
  return files.sort().flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    const comments = text.matchAll(
      /\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*export (?:async )?(?:\w+ )?(?:function\*? )?(\w+)/g,
    );
    return [...comments].flatMap((match) => {
      const line = text.slice(0, match.index).split('\n').length;
      const prose = match[0].replace(/^[ \t]*\* ?/gm, '');
      const after = prose.slice(prose.indexOf('@example'));
      if (!prose.includes('@example')) return [];
      return fences(after).map((code) => ({ name: `${file}:${line} ${match[1]}`, of: match[1]!, code }));
    });
  });
}

/** Every `ts` and `js` block of a Markdown file. */
export function markdownBlocks(file: string): Example[] {
  return fences(readFileSync(file, 'utf8')).map((code, index) => ({
    name: `${basename(file)} block ${index + 1}`,
    code,
  }));
}

function fences(text: string): string[] {
  return [...text.matchAll(/```(?:ts|js)\n([\s\S]*?)```/g)].map((match) => match[1]!);
}

/** Matches a comment that states a value, because it begins like a literal. */
const literal = /^(?:[-\d'"[{]|(?:true|false|null|undefined|NaN|Infinity)\b)/;

/**
 * Runs a block of plain JavaScript with the names of `scope`. Returns every value it states in a comment at the end of
 * a line (`lr(2000); // 0.006`, `const n = fit(730); // 800`, `console.log(n); // 800`) and the names that it declares
 * at its top level. An `import` gets its module from `modules`.
 *
 * @throws the example's error, or an error if it is not plain JavaScript
 */
export async function runExample(
  { name, code }: Example,
  scope: Readonly<Record<string, unknown>>,
  modules: Readonly<Record<string, object>> = {},
): Promise<{ outcomes: Outcome[]; declared: Record<string, unknown> }> {
  const outcomes: Outcome[] = [];
  let declared: Record<string, unknown> = {};
  const tools = {
    __declare: (names: Record<string, unknown>) => {
      declared = names;
    },
    __state: (actual: unknown, stated: unknown, source: string) => outcomes.push({ actual, stated, source }),
    __import(module: string) {
      if (modules[module]) return modules[module];
      throw new Error(`${name} imports ${module}, which its test does not provide`);
    },
  };
  const all = { ...scope, ...tools };
  const body = instrument(name, code);
  const own = declaredNames(code);
  const names = Object.keys(all).filter((key) => !own.includes(key));
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  await new AsyncFunction(...names, `"use strict";${body}\n__declare({ ${own.join(', ')} });`)(
    ...names.map((key) => all[key as keyof typeof all]),
  );
  return { outcomes, declared };
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function instrument(name: string, code: string): string {
  const { program, comments } = parseBlock(name, code);
  const edits: Edit[] = [];
  walk(program, (node) => {
    if (node.type === 'ImportDeclaration') edits.push(importEdit(node as ImportNode));
    const stated = statedBehind(node, comments, code);
    if (stated === undefined) return;
    const source = JSON.stringify(code.slice(node.start, node.end));
    if (node.type === 'ExpressionStatement') {
      const { expression } = node as Node & { expression: Node };
      const { start, end } = printed(expression) ?? expression;
      const text = `__state((${code.slice(start, end)}), (${stated}), ${source});`;
      edits.push({ start: node.start, end: node.end, text });
    } else if (node.type === 'VariableDeclaration') {
      const [first] = (node as Node & { declarations: { id: Node & { name?: string } }[] }).declarations;
      if (first?.id.name) {
        edits.push({
          start: node.end,
          end: node.end,
          text: `__state(${first.id.name}, (${stated}), ${source});`,
        });
      }
    }
  });
  return edits
    .sort((a, b) => b.start - a.start)
    .reduce((text, { start, end, text: by }) => text.slice(0, start) + by + text.slice(end), code);
}

function parseBlock(name: string, code: string): { program: Program; comments: Comment[] } {
  const comments: Comment[] = [];
  const options = { ecmaVersion: 'latest', sourceType: 'module', allowAwaitOutsideFunction: true } as const;
  try {
    return { program: parse(code, { ...options, onComment: comments }), comments };
  } catch (error) {
    throw new Error(`${name} is not plain JavaScript: ${(error as Error).message}\n${code}`);
  }
}

/** The value that the comment after a statement states, on the statement's last line. */
function statedBehind(node: Node, comments: readonly Comment[], code: string): string | undefined {
  const comment = comments.find(({ start }) => start >= node.end);
  if (comment?.type !== 'Line') return undefined;
  if (!/^[ \t]*$/.test(code.slice(node.end, comment.start))) return undefined;
  const text = comment.value.trim();
  return literal.test(text) ? text : undefined;
}

/** The argument of a `console.log(…)` with one argument. */
function printed(expression: Node): Node | undefined {
  const {
    type,
    callee,
    arguments: args,
  } = expression as Node & {
    callee?: Node & { object?: { name?: string } };
    arguments?: readonly Node[];
  };
  return type === 'CallExpression' && callee?.object?.name === 'console' && args?.length === 1
    ? args[0]
    : undefined;
}

type ImportNode = Node & {
  readonly source: { readonly value: string };
  readonly specifiers: readonly (Node & {
    readonly local: { readonly name: string };
    readonly imported?: { readonly name: string };
  })[];
};

function importEdit({ start, end, source, specifiers }: ImportNode): Edit {
  const module = `__import(${JSON.stringify(source.value)})`;
  const names = specifiers.map(({ type, local, imported }) => {
    if (type === 'ImportNamespaceSpecifier') return `const ${local.name} = ${module};`;
    return `const { ${imported?.name ?? 'default'}: ${local.name} } = ${module};`;
  });
  return { start, end, text: names.join(' ') };
}

/** The names that a block declares at its top level. They are left out of its scope. */
function declaredNames(code: string): string[] {
  const names: string[] = [];
  const { program } = parseBlock('', code);
  for (const statement of program.body) {
    const declarations =
      statement.type === 'VariableDeclaration'
        ? statement.declarations.map(({ id }) => id)
        : statement.type === 'ImportDeclaration'
          ? statement.specifiers.map(({ local }) => local)
          : statement.type === 'FunctionDeclaration' && statement.id
            ? [statement.id]
            : [];
    for (const id of declarations) {
      walk(id, (node) => {
        if (node.type === 'Identifier') names.push((node as Node & { name: string }).name);
      });
    }
  }
  return names;
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === 'string' && typeof child.start === 'number') walk(child as Node, visit);
    }
  }
}
