import { canonical } from './canonical.ts';
import type { Job, Json } from './job.ts';

/** The label of a job, with and without its seed. */
interface Label {
  readonly whole: string;
  readonly withoutSeed: string;
}

/** Labels that distinguish jobs: the type of the task, and the fields that differ between jobs. */
export function labelsOf(jobs: readonly Job[]): readonly Label[] {
  const parts = (['task', 'model', 'data', 'optimizer'] as const).map((name) =>
    wordsOf(
      jobs.map((job) => job[name] as unknown as Json),
      name === 'task',
    ),
  );
  const seeds = new Set(jobs.map(({ seed }) => seed)).size > 1;
  const labels = jobs.map(({ id, seed }, at) => {
    const withoutSeed = parts.flatMap((words) => words[at] || []).join(', ');
    return { id, withoutSeed, whole: seeds ? `${withoutSeed}, seed ${seed}` : withoutSeed };
  });
  const count = new Map<string, number>();
  for (const { whole } of labels) count.set(whole, (count.get(whole) ?? 0) + 1);
  return labels.map(({ id, withoutSeed, whole }) => ({
    withoutSeed,
    whole: count.get(whole)! > 1 ? `${whole} (${id})` : whole,
  }));
}

/**
 * A short text for each value: the fields that differ between values of the same type, and before them the type or
 * name, if it differs or `showKind` is set.
 */
function wordsOf(values: readonly Json[], showKind: boolean): readonly string[] {
  const leaves = values.map((value) => leavesOf(value));
  const kinds = leaves.map((each) => each.get('type') ?? each.get('name') ?? each.get('') ?? '');
  const several = new Set(kinds).size > 1;
  return leaves.map((own, at) => {
    const kind = kinds[at]!;
    const alike = leaves.filter((_, other) => kinds[other] === kind);
    const fields = [...own].flatMap(([path, text]) => {
      const name = path.slice(path.lastIndexOf('.') + 1);
      if (text === kind && path === name) return [];
      if (alike.every((other) => other.get(path) === text)) return [];
      return [name === 'type' || name === 'name' ? text : `${name} ${text}`];
    });
    return [...(kind !== '' && (several || showKind) ? [kind] : []), ...fields].join(' ').slice(0, 60);
  });
}

/** The values inside an object as texts, by their paths. A value that is not an object has the path ''. */
function leavesOf(value: Json | undefined, path = ''): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const text = Array.isArray(value) ? canonical(value, 'data') : String(value);
    return new Map(value === undefined ? [] : [[path, text]]);
  }
  const fields = Object.entries(value as Readonly<Record<string, Json | undefined>>);
  return new Map(
    fields.flatMap(([name, each]) => [...leavesOf(each, path === '' ? name : `${path}.${name}`)]),
  );
}
