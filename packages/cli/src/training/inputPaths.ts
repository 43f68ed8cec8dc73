import { encodingPath } from './encodingFile.ts';

/** The options that name a file or a folder that a command reads. */
const named = ['data', 'labels', 'validation', 'policy'] as const;

type Named = Readonly<Partial<Record<(typeof named)[number] | 'encoding', string>>>;

/** The files and folders that a command reads: its model, the encoding beside the model, and those in its options. */
export function inputPaths(values: Named, model?: string): readonly string[] {
  const encoding = values.encoding ?? (model === undefined ? undefined : encodingPath(model));
  return [model, ...named.map((name) => values[name]), encoding].filter((path) => path !== undefined);
}
