/** Pixels per side: 9,216 examples. */
export const side = 96;

type Draw = (context: CanvasRenderingContext2D) => void;

const sea: Draw = (context) => {
  const sky = context.createLinearGradient(0, 0, 0, 60);
  sky.addColorStop(0, '#27315e');
  sky.addColorStop(0.6, '#d0637a');
  sky.addColorStop(1, '#fcc873');
  context.fillStyle = sky;
  context.fillRect(0, 0, side, 60);
  context.fillStyle = '#fff0c0';
  context.beginPath();
  context.arc(62, 50, 11, 0, 7);
  context.fill();
  context.fillStyle = '#3a2a4e';
  context.beginPath();
  context.moveTo(0, 60);
  for (let x = 0; x <= 50; x++)
    context.lineTo(x, 60 - 14 * Math.sin((x / 50) * Math.PI) - 4 * Math.sin(x / 4));
  context.lineTo(50, 60);
  context.fill();
  const water = context.createLinearGradient(0, 60, 0, side);
  water.addColorStop(0, '#c0668a');
  water.addColorStop(1, '#1b2547');
  context.fillStyle = water;
  context.fillRect(0, 60, side, side - 60);
  context.fillStyle = '#ffdf9e';
  for (let y = 62; y < 90; y += 4) {
    const width = 20 - (y - 62) * 0.45 + 4 * Math.sin(y);
    context.fillRect(62 - width / 2, y, width, 1.6);
  }
};

const tiles: Draw = (context) => {
  const colours = ['#e4572e', '#17bebb', '#ffc914', '#2e282a', '#76b041'];
  for (let row = 0; row < 4; row++) {
    for (let column = 0; column < 4; column++) {
      const [x, y] = [column * 24, row * 24];
      context.fillStyle = colours[(row * 3 + column) % 5] ?? '#000';
      context.fillRect(x, y, 24, 24);
      context.fillStyle = colours[(row + column * 2 + 1) % 5] ?? '#fff';
      context.beginPath();
      if ((row + column) % 2) context.arc(x + 12, y + 12, 8, 0, 7);
      else {
        context.moveTo(x, y);
        context.lineTo(x + 24, y);
        context.lineTo(x, y + 24);
      }
      context.fill();
    }
  }
};

/** Draws one of the built-in pictures. */
export function drawPicture(canvas: HTMLCanvasElement, name: string): void {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context) (name === 'tiles' ? tiles : sea)(context);
}

/** Draws the middle of the user's image. */
export async function drawFile(canvas: HTMLCanvasElement, file: File): Promise<void> {
  const image = await createImageBitmap(file);
  const size = Math.min(image.width, image.height);
  const [x, y] = [(image.width - size) / 2, (image.height - size) / 2];
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  // Transparent pixels become white, and do not show the last picture.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, side, side);
  context.drawImage(image, x, y, size, size, 0, 0, side, side);
}

/** The colours of a canvas, three numbers in [0, 1] for each pixel. */
export function coloursOf(canvas: HTMLCanvasElement): Float32Array {
  const pixels = canvas.getContext('2d', { willReadFrequently: true })?.getImageData(0, 0, side, side).data;
  const colours = new Float32Array(side * side * 3);
  for (let pixel = 0; pixel < side * side; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      colours[pixel * 3 + channel] = (pixels?.[pixel * 4 + channel] ?? 0) / 255;
    }
  }
  return colours;
}

/** Puts colours onto a canvas. */
export function paint(canvas: HTMLCanvasElement, colours: Float32Array): void {
  const image = new ImageData(side, side);
  for (let pixel = 0; pixel < side * side; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[pixel * 4 + channel] = 255 * (colours[pixel * 3 + channel] ?? 0);
    }
    image.data[pixel * 4 + 3] = 255;
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}
