import { sampleSchedule } from '@clr/core';
import { renderRangeTest } from '@clr/report';
import { GpuError, requestDevice } from '@clr/webgpu';
import { Chart } from './chart.ts';
import { createPainter, findPolicy, positions } from './painter.ts';
import { coloursOf, drawFile, drawPicture, paint } from './pictures.ts';

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const target = element<HTMLCanvasElement>('target');
const painting = element<HTMLCanvasElement>('painting');
const status = element('status');
const run = element<HTMLButtonElement>('run');
const again = element<HTMLButtonElement>('again');
const picture = element<HTMLSelectElement>('picture');
const file = element<HTMLInputElement>('file');
const fileFault = element('file-fault');
/** Fewer steps for a slow machine: `?scout=30`. */
const wanted = Number(new URLSearchParams(location.search).get('scout'));
const scoutSteps = Number.isSafeInteger(wanted) && wanted >= 2 ? wanted : 120;

/** The number of the current round. Work of an earlier round is outdated, because the user has started again. */
let round = 0;
let paused = false;
let device: GPUDevice | undefined;

async function start(): Promise<void> {
  round += 1;
  const mine = round;
  const current = (): boolean => mine === round;
  paused = false;
  run.textContent = 'Pause';
  try {
    device ??= await openDevice();
    const colours = coloursOf(target);
    status.textContent = 'Range test: finding the rates for this picture …';
    const { policy, trace, finding } = await findPolicy(device, colours, scoutSteps, (step) => {
      if (current()) status.textContent = `Range test: step ${step + 1} of ${scoutSteps}`;
    });
    if (!current()) return;
    element('finding').hidden = false;
    const drawRangeTest = (): void => {
      const place = element('range-test');
      place.innerHTML = renderRangeTest(trace, finding, {
        width: Math.max(280, place.clientWidth),
        title: 'Learning-rate range test on this picture',
        showTitle: false,
      });
    };
    drawRangeTest();
    element('peak').textContent = `up to ${policy.maxLr.toPrecision(2)}`;
    run.disabled = false;
    again.disabled = false;
    const guessed = finding.suggestion ? '' : 'The range test found no rates, so usual ones are taken. ';
    status.textContent = `${guessed}Painting. The rate swings between ${policy.baseLr.toPrecision(2)} and ${policy.maxLr.toPrecision(2)}, ${2 * policy.stepSize} steps a cycle.`;
    const painter = await createPainter(device, colours, policy);
    const chart = new Chart(element('chart'), 2 * policy.stepSize);
    const redraw = (): void => {
      chart.draw();
      drawRangeTest();
    };
    addEventListener('resize', redraw);
    try {
      // Each submission holds the steps for about a quarter of a second.
      let portion = 2;
      while (current()) {
        if (paused) {
          await new Promise((done) => setTimeout(done, 100));
          continue;
        }
        const began = performance.now();
        const { from, losses } = await painter.trainSteps(portion);
        const seconds = (performance.now() - began) / 1000;
        const rates = sampleSchedule(policy, { from, steps: losses.length });
        if (!current()) break;
        chart.add(losses, rates);
        show(from + losses.length, losses.at(-1) ?? 0, rates.at(-1) ?? 0, losses.length / seconds);
        portion = Math.min(100, Math.max(1, Math.round((portion * 0.25) / seconds)));
        paint(painting, await painter.predict(positions));
      }
    } finally {
      removeEventListener('resize', redraw);
      painter.dispose();
    }
  } catch (error) {
    if (error instanceof GpuError && error.fault === 'device-lost') device = undefined;
    if (current()) {
      status.textContent = error instanceof Error ? error.message : String(error);
      again.disabled = error instanceof GpuError && error.fault === 'no-adapter';
    }
  }
}

async function openDevice(): Promise<GPUDevice> {
  return requestDevice(navigator.gpu, { powerPreference: 'high-performance' });
}

function show(step: number, loss: number, rate: number, speed: number): void {
  element('step').textContent = String(step);
  element('loss').textContent = loss.toPrecision(3);
  element('rate').textContent = rate.toPrecision(3);
  element('speed').textContent = speed >= 10 ? speed.toFixed(0) : speed.toFixed(1);
  element('quality').textContent = `${(-10 * Math.log10(loss)).toFixed(1)} dB`;
}

run.addEventListener('click', () => {
  paused = !paused;
  run.textContent = paused ? 'Resume' : 'Pause';
});
again.addEventListener('click', () => void start());
picture.addEventListener('change', () => {
  fileFault.textContent = '';
  drawPicture(target, picture.value);
  void start();
});
file.addEventListener('change', async () => {
  const [chosen] = file.files ?? [];
  if (!chosen) return;
  fileFault.textContent = '';
  try {
    await drawFile(target, chosen);
    // Without a chosen entry, each entry can be chosen again.
    picture.selectedIndex = -1;
    void start();
  } catch {
    // The status shows how the painting goes on.
    fileFault.textContent = `${chosen.name} is not an image that the browser can read.`;
  } finally {
    file.value = '';
  }
});

drawPicture(target, picture.value);
void start();
