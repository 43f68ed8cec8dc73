"""Writes files of this folder with NumPy 1.24 and Pillow 9.4 (Debian 12): arrays of several types, images in several
modes and formats, and their pixels as Pillow decodes and resizes them. Run it in this folder."""
import io
import numpy as np
from PIL import Image

rng = np.random.default_rng(1)
x = rng.normal(size=(6, 2, 3)).astype('float32')
y = np.arange(6)
arrays = dict(
    x=x, y=y, half=x.astype('float16'), double=x.astype('float64'), big=x.astype('>f4'),
    byte=(np.arange(12).reshape(6, 2) * 20).astype('uint8'), flag=np.arange(6) % 2 == 0,
    short=np.arange(-3, 3, dtype='int16'), scalar=np.float32(3))
np.savez('arrays.npz', **arrays)
np.savez_compressed('packed.npz', **arrays)
np.save('x.npy', x)
np.savez('fortran.npz', x=np.asfortranarray(rng.normal(size=(3, 4))), words=np.array(['a', 'b']))

row, column = np.mgrid[0:20, 0:30]
smooth = np.stack([column * 8, row * 12, (row + column) * 5], axis=2).clip(0, 255).astype('uint8')
noise = rng.integers(0, 256, size=(20, 30, 3)).astype('uint8')
Image.fromarray(smooth).save('colour.png')
Image.fromarray(noise).save('noise.png')
Image.fromarray(smooth).convert('L').save('grey.png')
Image.fromarray(smooth).convert('RGBA').save('alpha.png')
Image.fromarray(smooth).quantize(7).save('palette.png')
Image.fromarray(smooth[:, :, 0] > 100).save('bits.png')
Image.fromarray((smooth[:, :, 0].astype('uint16') * 257)).save('deep.png')
Image.fromarray(smooth).save('photo.jpg', quality=95, subsampling=0)
Image.fromarray(smooth).save('progressive.jpg', quality=90, progressive=True)
expected = {}
for name in ['colour.png', 'noise.png', 'grey.png', 'alpha.png', 'palette.png', 'bits.png', 'photo.jpg', 'progressive.jpg']:
    image = Image.open(name).convert('RGB')
    expected[name] = np.array(image)
    expected[name + ' 9x7'] = np.array(image.resize((9, 7), Image.BILINEAR))
    expected[name + ' 41x33'] = np.array(image.resize((41, 33), Image.BILINEAR))
expected['noise.png L'] = np.array(Image.open('noise.png').convert('L'))
expected['deep.png L'] = smooth[:, :, 0]
np.savez_compressed('expected.npz', **expected)
