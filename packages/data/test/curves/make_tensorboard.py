"""Writes tensorboard.tfevents with tensorboard 2.21.0 (pip install tensorboard): the rates and losses of make_events.py,
as TensorFlow 2 writes scalars, which is in tensors. Run it in this folder."""
import glob, os, shutil
from tensorboard.summary import Writer

writer = Writer('events')
for step in range(60):
    lr = 1e-4 * 1.17**step
    noise = 0.003 * (step**2 * 7919 % 31 - 15)
    writer.add_scalar('train/lr', lr, step)
    writer.add_scalar('train/loss', float('nan') if step == 59 else 2.3 / (1 + lr * 20) + lr**2 / 4 + noise, step)
writer.close()
shutil.move(glob.glob('events/*')[0], 'tensorboard.tfevents')
os.rmdir('events')
