/** A live chart: the loss on a logarithmic scale, the rate on a linear scale, and a line at every trough. */
export class Chart {
  readonly #canvas: HTMLCanvasElement;
  readonly #losses: number[] = [];
  readonly #rates: number[] = [];
  readonly #cycle: number;

  constructor(canvas: HTMLCanvasElement, cycle: number) {
    this.#canvas = canvas;
    this.#cycle = cycle;
  }

  add(losses: Iterable<number>, rates: Iterable<number>): void {
    this.#losses.push(...losses);
    this.#rates.push(...rates);
    this.draw();
  }

  draw(): void {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext('2d');
    if (!context) return;
    context.scale(ratio, ratio);
    // Browsers return a custom property unresolved. They resolve light-dark() only in the `color` of an element.
    const colour = (name: string): string => {
      canvas.style.color = `var(${name})`;
      return getComputedStyle(canvas).color;
    };
    const left = 52;
    const bottom = height - 20;
    const count = Math.max(this.#losses.length, 2);
    const x = (step: number): number => left + ((width - left - 4) * step) / (count - 1);

    const logs = this.#losses.map((loss) => Math.log10(Math.max(loss, 1e-6)));
    const [low, high] = [Math.floor(Math.min(...logs, -2)), Math.ceil(Math.max(...logs, -1))];
    const y = (log: number): number => bottom - ((bottom - 8) * (log - low)) / (high - low);
    context.font = '12px system-ui, sans-serif';
    context.fillStyle = colour('--quiet');
    context.strokeStyle = colour('--line');
    context.lineWidth = 1;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (let power = low; power <= high; power++) {
      line(context, [
        [left, y(power)],
        [width - 4, y(power)],
      ]);
      context.fillText(String(10 ** power), left - 6, y(power));
    }
    context.textAlign = 'center';
    context.fillText('0', left, height - 7);
    context.textAlign = 'right';
    context.fillText(`${this.#losses.length} steps`, width - 4, height - 7);
    for (let step = this.#cycle; step < count; step += this.#cycle) {
      line(context, [
        [x(step), 8],
        [x(step), bottom],
      ]);
    }
    const most = Math.max(...this.#rates, 1e-12);
    context.lineWidth = 1.5;
    context.strokeStyle = colour('--rate');
    line(
      context,
      this.#rates.map((rate, step) => [x(step), bottom - ((bottom - 8) * 0.45 * rate) / most]),
    );
    context.strokeStyle = colour('--loss');
    line(
      context,
      logs.map((log, step) => [x(step), y(log)]),
    );
  }
}

function line(context: CanvasRenderingContext2D, points: readonly (readonly [number, number])[]): void {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}
