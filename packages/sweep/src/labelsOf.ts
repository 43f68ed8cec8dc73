import { canonical } from './canonical.ts';
import type { Job, Json } from './job.ts';

/** A job in words: with and without its seed. */
interface Label {
  readonly whole: string;
  readonly withoutSeed: string;
}

/** Each job in words that tell it from the others: what all jobs share is left out. */
export function labelsOf(jobs: readonly Job[]): readonly Label[] {
  const parts = jobs.map(({ id, seed, model, data, optimizer, task }) => ({
    id,
    seed: `seed ${seed}`,
    rest: {
      task: inShort(task as unknown as Json),
      model: inShort(model),
      data: inShort(data),
      optimizer: inShort(optimizer as unknown as Json),
    },
  }));
  const differs = (of: (part: (typeof parts)[number]) => string) => new Set(parts.map(of)).size > 1;
  const names = (['task', 'model', 'data', 'optimizer'] as const).filter(
    (name) => name === 'task' || differs((part) => part.rest[name]),
  );
  const seeds = differs(({ seed }) => seed);
  const labels = parts.map(({ id, seed, rest }) => {
    const withoutSeed = names.map((name) => rest[name]).join(', ');
    return { id, withoutSeed, whole: seeds ? `${withoutSeed}, ${seed}` : withoutSeed };
  });
  const count = new Map<string, number>();
  for (const { whole } of labels) count.set(whole, (count.get(whole) ?? 0) + 1);
  return labels.map(({ id, withoutSeed, whole }) => ({
    withoutSeed,
    whole: count.get(whole)! > 1 ? `${whole} (${id})` : whole,
  }));
}

/** Data in a line: a text as it is; an object's name or type first; cut where it is long. */
function inShort(value: Json): string {
  if (typeof value !== 'object' || value === null) return String(value).slice(0, 60);
  if (Array.isArray(value)) return canonical(value, 'data').slice(0, 60);
  const { type, name = type, ...rest } = value as { readonly [name: string]: Json };
  const fields = Object.entries(rest)
    .filter(([, each]) => each !== undefined)
    .map(([field, each]) => `${field} ${inShort(each)}`);
  return [...(name === undefined ? [] : [inShort(name)]), ...fields].join(' ').slice(0, 60);
}
