import type { Column, CurveSource, CurveTable } from './curve.ts';

const stepNames = ['_step', 'step', 'global_step', 'iteration', 'iter', 'batch'];

/** The series of a list of objects, such as the lines of a JSONL log. Each field with numbers is a series. */
export function fromRecords(items: readonly unknown[], source: CurveSource): CurveTable {
  const records = items.map((item) => (Object(item) as Record<string, unknown>) ?? {});
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const stepName = stepNames.find((name) => names.includes(name));
  const stepOf = (record: Record<string, unknown>, row: number): number => {
    const step = stepName === undefined ? row : record[stepName];
    return typeof step === 'number' ? step : row;
  };
  const columns = names
    .filter((name) => name !== stepName)
    .map((name): Column => {
      const rows = records.flatMap((record, row) => {
        const value = record[name];
        return typeof value === 'number' || (value === null && source !== 'Weights & Biases')
          ? [{ step: stepOf(record, row), value: Number.isFinite(value) ? (value as number) : null }]
          : [];
      });
      return { name, steps: rows.map(({ step }) => step), values: rows.map(({ value }) => value) };
    })
    .filter(({ values }) => values.some((value) => value !== null));
  return { source: names.includes('_step') ? 'Weights & Biases' : source, columns };
}
