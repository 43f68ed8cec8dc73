import { colours } from '../chart/theme.ts';
import type { SharedAxis, ValueAxis } from './panel.ts';

/** The rate or step axis of one panel. Only the last panel shows labels. */
export function sharedAxis(axis: SharedAxis, last: boolean, narrow: boolean, fontSize: number): object {
  const text = { fontSize, color: colours.muted };
  return {
    type: axis.log ? 'log' : 'value',
    min: axis.min,
    max: axis.max,
    splitNumber: narrow ? 3 : 8,
    ...(axis.whole && { minInterval: 1 }),
    ...(last && { name: axis.name, nameLocation: 'middle', nameGap: 26, nameTextStyle: text }),
    axisLabel: { ...text, show: last, hideOverlap: true, formatter: axis.format },
    axisTick: { show: last, lineStyle: { color: colours.axis } },
    axisLine: { show: true, onZero: false, lineStyle: { color: colours.axis } },
    splitLine: { lineStyle: { color: colours.grid } },
  };
}

/** A panel's y axis: values, or one row for each name. */
export function valueAxis(axis: ValueAxis, height: number, fontSize: number): object {
  const { rows, log, format, ...bounds } = axis;
  const text = { fontSize, color: colours.muted };
  const style = {
    axisTick: { show: false },
    axisLine: { show: false },
    splitLine: { show: true, lineStyle: { color: colours.grid } },
  };
  if (rows) {
    const colourOf = (name: string) => rows.find(({ text }) => text === name)?.colour;
    return {
      ...style,
      type: 'category',
      inverse: true,
      data: rows.map(({ text }) => text),
      axisLabel: { ...text, interval: 0, color: colourOf },
    };
  }
  return {
    ...style,
    ...bounds,
    type: log ? 'log' : 'value',
    scale: true,
    splitNumber: Math.max(2, Math.round(height / 60)),
    axisLabel: { ...text, ...(format && { formatter: format }) },
  };
}
