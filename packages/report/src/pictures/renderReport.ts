import {
  ClrError,
  checkOptionNames,
  type Policy,
  type RangeTestFinding,
  type RangeTestTrace,
} from '@clr/core';
import { checkList, checkRuns, checkTable, checkText, checkTexts } from '../words/checkContent.ts';
import { describeFinding } from '../words/describeFinding.ts';
import { inWords } from '../words/inWords.ts';
import type { NamedRun } from '../words/namedRun.ts';
import { type ReportTable, renderTable } from '../words/renderTable.ts';
import { troughTable } from '../words/troughTable.ts';
import { escapeText } from '../words/words.ts';
import { page } from './page.ts';
import { renderPolicy } from './renderPolicy.ts';
import { renderRangeTest } from './renderRangeTest.ts';
import { renderRun } from './renderRun.ts';

/** A range test of a report: one trace, or several of the same model that are analysed together. */
export interface ReportRangeTest {
  /** The heading, needed if there are several range tests. */
  readonly name?: string;
  /** The record of the test, or of its repetitions. */
  readonly trace: RangeTestTrace | readonly RangeTestTrace[];
  /** The result of `analyzeRangeTest` for it. */
  readonly finding: RangeTestFinding;
}

/** The parts of a report, all optional, in this order. All text is plain and gets escaped. */
export interface ReportContent {
  /** The heading of the page. Default: `Learning-rate report`. */
  readonly title?: string;
  /** Paragraphs at the top, for what was done and the results. */
  readonly summary?: readonly string[];
  /** Tables after the summary. */
  readonly tables?: readonly ReportTable[];
  /** One range test, or several with names. */
  readonly rangeTest?: ReportRangeTest | readonly ReportRangeTest[];
  /** Training runs, drawn over each other. */
  readonly runs?: readonly NamedRun[];
  /** Policies, each with its picture. */
  readonly policies?: readonly {
    /** The heading of the picture. */
    readonly name: string;
    /** The policy. */
    readonly policy: Policy;
    /** How many steps to draw. Default: as for `renderPolicy`. */
    readonly steps?: number;
  }[];
  /** Paragraphs at the end, for methods and caveats. */
  readonly notes?: readonly string[];
}

/**
 * Makes one self-contained HTML page of pictures, tables and text. It makes no request. It suits phones, desktops, dark
 * mode and screen readers.
 *
 * @returns the HTML document, the same text for the same input
 * @throws {ClrError} if a trace or a run has no step to draw, or if a part has the wrong form
 *
 * @example
 * ```ts
 * const html = renderReport({ title: 'LeNet on MNIST', rangeTest: { trace, finding }, runs: [{ name: 'CLR', run }] });
 * html.startsWith('<!doctype html>'); // true
 * ```
 */
export function renderReport(content: ReportContent): string {
  checkOptionNames('clr/report', 'renderReport', content, [
    ...(['title', 'summary', 'tables', 'rangeTest', 'runs', 'policies', 'notes'] as const),
  ]);
  const { title = 'Learning-rate report', summary = [], tables = [], policies = [], notes = [] } = content;
  const { rangeTest, runs = [] } = content;
  checkText('title', title);
  checkTexts('summary', summary);
  checkTexts('notes', notes);
  checkList('tables', tables, 'tables');
  for (const [at, table] of tables.entries()) checkTable(`tables[${at}]`, table);
  checkRuns('runs', runs);
  checkList('policies', policies, '{ name, policy }');
  const sections = [
    summary.map(paragraph).join(''),
    ...tables.map(renderTable),
    ...[rangeTest].flat().map((each) => (each ? rangeTestSection(each) : '')),
    runs.length > 0
      ? section(runs.length > 1 ? 'Training runs' : 'Training run', [
          figure((width) => renderRun(runs, { width, showTitle: false })),
          renderTable(troughTable(runs)),
        ])
      : '',
    policies.length > 0
      ? section(
          policies.length > 1 ? 'Policies' : 'Policy',
          policies.flatMap((each, at) => {
            const { name, policy, steps } = checkOptionNames('clr/report', `policies[${at}]`, each, [
              'name',
              'policy',
              'steps',
            ]);
            checkText(`policies[${at}].name`, name);
            return [
              figure((width) =>
                renderPolicy(policy, { width, title: name, ...(steps !== undefined && { steps }) }),
              ),
              `<details><summary>${escapeText(name)} as JSON</summary><pre>${escapeText(JSON.stringify(policy, null, 2))}</pre></details>`,
            ];
          }),
        )
      : '',
    notes.length > 0 ? section('Notes', notes.map(paragraph)) : '',
  ];
  return page(title, sections.filter(Boolean).join('\n'));
}

function rangeTestSection(test: ReportRangeTest): string {
  const { name, trace, finding } = checkOptionNames('clr/report', 'rangeTest', test, [
    ...(['name', 'trace', 'finding'] as const),
  ]);
  if (trace === undefined || finding === undefined) {
    throw new ClrError('clr/report', {
      expected: 'rangeTest to be { trace, finding }',
      received: `trace = ${inWords(trace)}, finding = ${inWords(finding)}`,
      advice: 'Pass the results of rangeTest and analyzeRangeTest.',
    });
  }
  const sentences = describeFinding(finding).map((sentence) => `<li>${escapeText(sentence)}</li>`);
  return section(name === undefined ? 'LR range test' : `LR range test: ${name}`, [
    // The list says the same as the picture's description, which only screen readers read.
    figure((width) => renderRangeTest(trace, finding, { width, showTitle: false })),
    `<ul>${sentences.join('')}</ul>`,
  ]);
}

const paragraph = (text: string): string => `<p>${escapeText(text)}</p>`;

function section(heading: string, parts: readonly string[]): string {
  return `<section><h2>${escapeText(heading)}</h2>\n${parts.join('\n')}\n</section>`;
}

/** The picture in two versions, wide and narrow. The page shows the one that fits, so text is never shrunk. */
function figure(picture: (width: number) => string): string {
  return `<figure><div class="wide">${picture(960)}</div><div class="narrow">${picture(360)}</div></figure>`;
}
